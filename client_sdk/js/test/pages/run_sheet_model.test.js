import assert from "node:assert/strict";
import { test } from "node:test";

import {
  WHOLE_SHEET, byStartAndStage, chosenOfSheet, isPast, heldMinutes, heldUpBy, liveSession, mostShorterMin, onStages, overrunText, sheetChoicesFrom, sheetParts,
} from "../../../../server/showcaller/web/assets/run_sheet_model.js";
import { heldOrder } from "../../../../server/showcaller/web/assets/steady.js";
import { session } from "../../testing/sessions.js";

const MINUTE = 60_000;
const DAYS = [{ date: "1970-01-01" }, { date: "1970-01-02" }];
const event = {
  time_zone: "UTC", utc_offsets: [], days: DAYS.slice(0, 1), themes: [], speakers: [],
  stages: [{ id: "main", title: "Main" }, { id: "side", title: "Side" }],
};
const ids = (sessions) => sessions.map(({ id }) => id);

const MORNING = [
  session("a", 0, { state: "ended", title: "Gone early" }), session("a2", 0, { state: "ended", stage: "side" }),
  session("b", 20, { state: "skipped" }), session("c", 40, { state: "live" }), session("c2", 40, { stage: "side" }), session("d", 60),
];

const NOW = 45 * MINUTE;

test("what has been over for ten minutes is folded away, and what was skipped ahead of its time is not", () => {
  const skipped = session("later", 60, { state: "skipped" });
  const late = session("late", 0, { state: "ended", actual: { start_ms: 0, end_ms: 40 * MINUTE } });
  assert.deepEqual([...MORNING, skipped, late].filter((one) => isPast(one, NOW)).map(({ id }) => id), ["a", "a2"]);
  assert.deepEqual(chosenOfSheet(MORNING, WHOLE_SHEET, event, NOW), { shown: MORNING.slice(2), folded: 2 });
  assert.deepEqual(ids(chosenOfSheet(MORNING, { ...WHOLE_SHEET, past: true }, event, NOW).shown), ids(MORNING));
});

test("a search and filters narrow the sheet, and who searches finds what is over", () => {
  assert.deepEqual(ids(chosenOfSheet(MORNING, { ...WHOLE_SHEET, stage: "side" }, event, NOW).shown), ["c2"]);
  assert.deepEqual(chosenOfSheet(MORNING, { ...WHOLE_SHEET, words: "EARLY" }, event, NOW), { shown: MORNING.slice(0, 1), folded: 0 });
});

test("what starts together comes in the order of the stages", () => {
  const sessions = [session("s", 0, { stage: "side" }), session("gone", 0, { stage: "gone" }), session("m", 0), session("n", 20)];
  assert.deepEqual(ids(byStartAndStage(sessions, event)), ["m", "s", "gone", "n"]);
});

test("stages side by side are a table each", () => {
  const parts = sheetParts(MORNING, { ...WHOLE_SHEET, columns: true }, event);
  assert.deepEqual(parts.map(({ key, title, lines }) => [key, title, ids(lines)]), [["main", "Main", ["a", "b", "c", "d"]], ["side", "Side", ["a2", "c2"]]]);
  assert.deepEqual(sheetParts(MORNING, { ...WHOLE_SHEET, columns: true, stage: "side" }, event).map(({ key }) => key), ["side"]);
});

test("a sheet of several days says where each begins", () => {
  const two = [session("a", 0, { day: "1970-01-01" }), session("b", 1500, { day: "1970-01-02" })];
  const [part] = sheetParts(two, WHOLE_SHEET, { ...event, days: DAYS });
  assert.deepEqual(part.lines.map((line) => line.day && !line.id ? line.day : line.id), ["Thursday, January 1, 1970", "a", "Friday, January 2, 1970", "b"]);
});

test("kept choices hold as far as the event still has them", () => {
  const kept = JSON.stringify({ day: "1970-01-09", stage: "side", columns: true, past: true, words: "x" });
  assert.deepEqual(sheetChoicesFrom(kept, event), { day: "", stage: "side", columns: true, past: true, words: "" });
  for (const none of [null, "", "no", "3", "null", "[]"]) assert.deepEqual(sheetChoicesFrom(none, event), WHOLE_SHEET);
  assert.equal(sheetChoicesFrom(kept, { ...event, stages: event.stages.slice(0, 1) }).columns, false);
});

test("while somebody points, rows keep their places, those that went stay, and new ones come last", () => {
  assert.deepEqual(heldOrder(["c", "n", "a"], ["a", "b", "c"], () => true), ["a", "b", "c", "n"]);
  assert.deepEqual(heldOrder(["c", "a"], ["a", "b", "c"], (id) => id !== "b"), ["a", "c"]);
});

test("the stages say what is on, and what comes next where nothing is", () => {
  const lines = (of, sessions = MORNING) => onStages(sessions, of).map(({ key, stage }) => [key, stage]);
  assert.deepEqual(lines(event), [["on:c", "Main"], ["next:d", "Main"], ["next:c2", "Side"]]);
  const three = { ...event, stages: [...event.stages, { id: "more", title: "More" }] };
  assert.deepEqual(lines(three), [["on:c", "Main"], ["next:c2", "Side"]]);
  assert.deepEqual(lines({ ...event, stages: event.stages.slice(0, 1) }), [["on:c", ""], ["next:d", ""]]);
});

test("“Jump to live” leads to a talk that is on, else to what comes", () => {
  const is = (...sessions) => liveSession(sessions)?.id;
  assert.equal(is(session("x", 0, { state: "live", kind: "break" }), session("y", 0, { state: "live" })), "y");
  assert.equal(is(session("x", 0, { state: "ended" }), session("y", 0)), "y");
  assert.equal(is(session("x", 0, { state: "ended" }), session("y", 0, { state: "skipped" })), "y");
  assert.equal(is(), undefined);
});

test("an overrun says whom it delays and until when, and nobody before they are due", () => {
  const on = session("on", 0, { state: "overrunning" });
  const next = session("next", 25, { waiting_for: "on" });
  assert.equal(heldUpBy(on, [on, next]), next);
  assert.equal(heldUpBy({ ...on, state: "live" }, [on, next]), undefined);
  assert.deepEqual([24.9, 25, 25.1, 27].map((at) => heldMinutes(next, at * MINUTE)), [0, 0, 1, 2]);
  const told = (at, shifts) => overrunText(next, at * MINUTE, shifts, event).replaceAll(/\s/g, " ");
  const shift = (id, before, after) => ({ session: id, before_ms: before * MINUTE, after_ms: after * MINUTE, before_end_ms: (before + 20) * MINUTE, after_end_ms: (after + 20) * MINUTE });
  assert.equal(overrunText(undefined, 0, null, event), "Delays nobody.");
  assert.equal(told(22, null), "Delays nobody until 12:25 AM.");
  assert.equal(told(27, null), "Holds up “Talk next” by 2 min.");
  assert.equal(told(27, [shift("next", 25, 27)]), "Holds up “Talk next” by 2 min, nothing else.");
  assert.equal(told(27, [shift("next", 25, 27), shift("c", 45, 47), shift("d", 65, 65)]), "Holds up “Talk next” by 2 min and 1 more, until 1:07 AM.");
});

test("a session can be made shorter until it would end before its start, or before now", () => {
  const lasting = (state) => ({ state, expected: { start_ms: 0, end_ms: 30 * MINUTE } });
  assert.equal(mostShorterMin(lasting("live"), 10 * MINUTE), 20);
  assert.equal(mostShorterMin(lasting("upcoming"), -10 * MINUTE), 29);
  assert.equal(mostShorterMin(lasting("overrunning"), 31 * MINUTE), 0);
});
