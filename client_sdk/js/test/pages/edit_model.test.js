import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf, editsFor, nextCues, overMs, overText, placesOn, speakerChoices, swappable } from "../../../../server/showcaller/web/assets/edit_model.js";

import { session } from "../../testing/sessions.js";

const MINUTE = 60_000;
const EVENT = {
  time_zone: "UTC",
  stages: [{ id: "main", title: "Main" }, { id: "side", title: "Side" }],
  speakers: [{ id: "ada", name: "Ada", company: "Kraanwerk" }, { id: "bob", name: "Bob", company: "" }],
};
const a = session("a", 540, { speakers: ["ada"] });
const b = session("b", 560);
const c = session("c", 600, { stage: "side" });
const FORM = { kind: "move", stage: "main", place: "time", time: "10:30", beside: false, other: "", note: " ", name: "", company: "",
  speaker: "ada", replacement: "new", minutes: 10, title: "Tea" };
const made = (form, one = a) => commandOf({ ...FORM, ...form }, one, EVENT);

test("a session to come can be moved; one that is on keeps its place", () => {
  assert.deepEqual(editsFor(a), ["move", "swap", "speaker", "break", "cancel"]);
  assert.deepEqual(editsFor({ ...a, state: "live" }), ["signal", "speaker", "break"]);
  assert.deepEqual(editsFor({ ...a, state: "ended" }), []);
});

test("the places of a stage are before each session there and after the last", () => {
  const texts = placesOn([a, b, c], "main", "c", EVENT).map(({ text }) => text);
  assert.equal(texts.length, 4);
  assert.match(texts[0], /before “Talk a”/);
  assert.match(texts[2], /after “Talk b”/);
  assert.equal(placesOn([a, b, c], "side", "c", EVENT).length, 1);
});

test("a session is swapped with one that is to come", () => {
  assert.deepEqual(swappable([a, { ...b, state: "ended" }, c], a, EVENT).map(({ value }) => value), ["c"]);
});

test("fields become a command once they are complete", () => {
  assert.deepEqual(made({}), { command: "session.move", args: { session: "a", stage: "main", starts_at_ms: 630 * MINUTE } });
  assert.equal(made({ time: "" }), null);
  assert.deepEqual(made({ beside: true }).args.beside, true);
  assert.deepEqual(made({ place: "123", beside: true }).args, { session: "a", stage: "main", starts_at_ms: 123 });
  assert.equal(made({ kind: "swap" }), null);
  assert.equal(made({ kind: "swap", other: "b" }).command, "session.swap");
  assert.equal(made({ kind: "cancel" }), null);
  assert.deepEqual(made({ kind: "cancel", note: "Ill" }).args, { session: "a", note: "Ill" });
  assert.deepEqual(made({ kind: "signal", signal: "Wrap up" }).args, { session: "a", to: "speakers", text: "Wrap up" });
  assert.deepEqual(made({ kind: "break" }).args, { stage: "main", starts_at_ms: 560 * MINUTE, minutes: 10, title: "Tea" });
  assert.equal(made({ kind: "break", minutes: NaN }), null);
});

test("a speaker is replaced by one of the event or by somebody new", () => {
  assert.equal(made({ kind: "speaker" }), null);
  assert.deepEqual(made({ kind: "speaker", name: "Cyd" }).args, { session: "a", speaker: "ada", name: "Cyd" });
  assert.deepEqual(made({ kind: "speaker", replacement: "bob" }).args, { session: "a", speaker: "ada", replacement: "bob" });
  const { now, others } = speakerChoices(a, EVENT);
  assert.deepEqual([now, others.map(({ value }) => value)], [[{ value: "ada", text: "Ada" }], ["new", "bob"]]);
});

test("a session says by how much it runs over or was short", () => {
  const on = { ...a, state: "live", actual: { start_ms: 545 * MINUTE, end_ms: null }, expected: { start_ms: 545 * MINUTE, end_ms: 565 * MINUTE } };
  assert.equal(overText(overMs(on, 550 * MINUTE)), "5 min over");
  assert.equal(overText(overMs(on, 570 * MINUTE)), "10 min over");
  assert.equal(overText(overMs({ ...on, actual: { start_ms: 540 * MINUTE, end_ms: 557 * MINUTE } }, 0)), "3 min under");
  assert.equal(overText(overMs(a, 550 * MINUTE)), "");
});

test("the next cue of a session is the soonest that has a time and was not called", () => {
  const cue = (name, due_ms, fields = {}) => ({ session: "a", cue: name, due_ms, called_ms: null, dropped: false, ...fields });
  const next = nextCues([cue("started", 20), cue("doors_open", 10, { called_ms: 9 }), cue("overrunning", null), cue("ended", 40)]);
  assert.equal(next.get("a").cue, "started");
});
