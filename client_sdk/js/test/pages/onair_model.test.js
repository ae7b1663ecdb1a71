import assert from "node:assert/strict";
import { test } from "node:test";

import { partsOf, screenOf, sessionOnScreen, stageAsked } from "../../../../server/showcaller/web/assets/onair_model.js";

const session = (id, state, start_ms, more = {}) => [`session:${id}`, { id, title: `Talk ${id}`, kind: "talk", stage: "main", state, speakers: ["ada"], expected: { start_ms, end_ms: start_ms + 1 }, scheduled: { start_ms }, ...more }];
const speakers = [{ id: "ada", name: "Ada", role: "Countess", company: "Engines" }, { id: "bob", name: "Bob", role: "", company: "" }];
const agenda = (showing, ...sessions) => new Map([["event", { stages: [{ id: "main" }, { id: "side" }], speakers }], ["stage:main", { id: "main", session: showing }], ...sessions]);
const nothing = new Map();

test("the address says what is shown; all, if it says nothing", () => {
  assert.deepEqual([...partsOf("")], ["question", "poll", "speaker", "countdown"]);
  assert.deepEqual([...partsOf("?show=poll,%20question,bogus")], ["question", "poll"]);
  assert.deepEqual([...partsOf("?show=")], []);
});

test("the stage of the address, else the first one", () => {
  const items = agenda(null);
  assert.deepEqual([stageAsked(items, "side"), stageAsked(items, null), stageAsked(items, "none")], ["side", "main", null]);
});

test("a screen is about what is on its stage, else about what comes next there", () => {
  const id = (items) => sessionOnScreen(items, "main")?.id;
  const next = session("b", "upcoming", 20);
  assert.equal(id(agenda("a", session("a", "live", 10), next)), "a");
  assert.equal(id(agenda("a", session("a", "ended", 10), next)), "b");
  assert.equal(id(agenda("pause", session("pause", "live", 10, { kind: "break" }), next)), "b");
  assert.equal(id(agenda(null, session("c", "upcoming", 5, { stage: "side" }), next)), "b");
  assert.equal(id(agenda(null, session("a", "ended", 10))), undefined);
});

test("who speaks while a talk is on, a countdown before it", () => {
  const all = partsOf("");
  const on = agenda("a", session("a", "live", 10));
  const live = screenOf(all, on, on.get("session:a"), { room: nothing, polls: nothing }, 0);
  assert.deepEqual(live.speaker, { title: "Talk a", names: "Ada", about: "Countess, Engines" });
  assert.equal(live.countdown, null);
  const before = agenda(null, session("a", "doors_open", 10, { speakers: ["ada", "bob"] }));
  const ahead = screenOf(all, before, before.get("session:a"), { room: nothing, polls: nothing }, 0);
  assert.deepEqual([ahead.speaker, ahead.countdown], [null, { title: "Talk a", untilMs: 10 }]);
});

test("several speakers stand by their names alone", () => {
  const on = agenda("a", session("a", "live", 10, { speakers: ["ada", "bob"] }));
  const { speaker } = screenOf(partsOf(""), on, on.get("session:a"), { room: nothing, polls: nothing }, 0);
  assert.deepEqual([speaker.names, speaker.about], ["Ada, Bob", ""]);
});

test("nothing is shown that was not asked for", () => {
  const on = agenda("a", session("a", "live", 10));
  const room = new Map([["question", { text: "Why?", author: null }]]);
  const polls = new Map([["p", { id: "p", state: "open", opened_ms: 1 }]]);
  const shown = (search) => Object.entries(screenOf(partsOf(search), on, on.get("session:a"), { room, polls }, 0)).filter(([, part]) => part).map(([name]) => name);
  assert.deepEqual(shown(""), ["question", "poll", "speaker"]);
  assert.deepEqual(shown("?show=poll"), ["poll"]);
  assert.deepEqual(shown("?show="), []);
});

test("a question leaves the screen with its talk", () => {
  const over = agenda("a", session("a", "ended", 10));
  const room = new Map([["question", { text: "Why?", author: "Ada" }]]);
  assert.equal(screenOf(partsOf(""), over, over.get("session:a"), { room, polls: nothing }, 0).question, null);
});
