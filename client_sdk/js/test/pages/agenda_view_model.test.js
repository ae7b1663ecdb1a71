import assert from "node:assert/strict";
import { test } from "node:test";

import { ALL, areParallel, choicesFrom, chosenSessions, dayTabs, languageName, languagesOf, nowSession } from "../../../../server/showcaller/web/assets/agenda_view_model.js";
import { session } from "../../testing/sessions.js";

const DAYS = [{ date: "1970-01-01" }, { date: "1970-01-02" }];
const event = {
  time_zone: "UTC", utc_offsets: [], days: DAYS,
  stages: [{ id: "main", title: "Main" }, { id: "side", title: "Side" }], themes: [{ id: "t", title: "T" }, { id: "u", title: "U" }],
  speakers: [{ id: "ada", name: "Ada Lovelace", company: "Engine Ltd", role: "" }],
};
const SESSIONS = [
  session("a", 0, { day: "1970-01-01", theme: "t", title: "Berths", speakers: ["ada"] }),
  session("b", 30, { day: "1970-01-01", theme: "u", stage: "side", abstract: "About cranes" }),
  session("c", 1500, { day: "1970-01-02" }),
];
const chosen = (choices) => chosenSessions(SESSIONS, { ...ALL, ...choices }, event).map(({ id }) => id);

test("without choices all are shown", () => assert.deepEqual(chosen({}), ["a", "b", "c"]));

test("day, stage and themes narrow each other", () => {
  assert.deepEqual(chosen({ day: "1970-01-01" }), ["a", "b"]);
  assert.deepEqual(chosen({ themes: ["t", "u"], stage: "side" }), ["b"]);
  assert.deepEqual(chosen({ stage: "side", day: "1970-01-02" }), []);
});

test("a speaker and a language narrow the agenda", () => {
  assert.deepEqual(chosen({ speaker: "ada" }), ["a"]);
  const spoken = [session("x", 0, { language: "pt-BR" }), session("y", 5, { language: "en" }), session("z", 9)];
  assert.deepEqual(languagesOf(spoken).map(languageName), ["Brazilian Portuguese", "English"]);
  assert.deepEqual(chosenSessions(spoken, { ...ALL, language: "en" }, event).map(({ id }) => id), ["y"]);
  assert.deepEqual(languagesOf(spoken.slice(1)), []); // nothing to choose from
});

test("one's own agenda has what one has starred, once that is known", () => {
  const mine = (favourites) => chosenSessions(SESSIONS, { ...ALL, mine: true }, event, favourites).map(({ id }) => id);
  assert.deepEqual(mine(new Set(["b"])), ["b"]);
  assert.deepEqual(mine(new Set()), []);
  assert.deepEqual(mine(null), ["a", "b", "c"]);
});

test("all words must stand in title, abstract or speakers, however they are written", () => {
  assert.deepEqual(chosen({ words: "  engine BERTHS " }), ["a"]);
  assert.deepEqual(chosen({ words: "crane" }), ["b"]);
  assert.deepEqual(chosen({ words: "crane berths" }), []);
});

test("kept choices that the event no longer has are dropped", () => {
  const kept = JSON.stringify({ own: true, day: "1970-01-02", stage: "gone", themes: ["u", "gone"], words: "x" });
  assert.deepEqual(choicesFrom(kept, event, SESSIONS), { ...ALL, own: true, day: "1970-01-02", themes: ["u"] });
});

test("kept choices that are none are none", () => {
  for (const kept of [null, "", "no", "3", "null", "[]", '{"themes":3}']) assert.deepEqual(choicesFrom(kept, event, SESSIONS), { ...ALL });
});

test("stages are parallel where talks of several go on at the same time, but for breaks", () => {
  assert.equal(areParallel(SESSIONS), false);
  assert.equal(areParallel([...SESSIONS, session("d", 10, { stage: "side" })]), true);
  assert.equal(areParallel([...SESSIONS, session("d", 10, { stage: "side", kind: "break" })]), false);
  assert.equal(areParallel([...SESSIONS, session("d", 10)]), false); // on the same stage
});

test("a view that was chosen is kept, none is none", () => {
  for (const grid of [true, false, null]) assert.equal(choicesFrom(JSON.stringify({ grid }), event, SESSIONS).grid, grid);
});

test("days can be chosen where there are several", () => {
  const tabs = (about, own = false) => dayTabs({ ...event, ...about }, SESSIONS, own).map(({ text }) => text);
  assert.deepEqual(tabs({}), ["All days", "Thu, Jan 1", "Fri, Jan 2"]);
  assert.deepEqual(tabs({ days: DAYS.slice(1) }), []);
  assert.equal(tabs({ days: DAYS.slice(1) }, true).length, 3); // by the viewer's own dates
});

test("“Now” leads to what is on, else to what comes, else to the last", () => {
  const is = (...states) => nowSession(states.map((state, i) => session(String(i), i * 20, { state })))?.id;
  assert.equal(is("ended", "upcoming", "live"), "2");
  assert.equal(is("ended", "upcoming", "upcoming"), "1");
  assert.equal(is("ended", "ended"), "1");
  assert.equal(is(), undefined);
});
