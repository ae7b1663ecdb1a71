import assert from "node:assert/strict";
import { test } from "node:test";

import { posterOf } from "../../../../server/showcaller/web/assets/poster_model.js";

const STAGE = { id: "main", title: "Main", session: "talk", generation: 1 };
const PLAYING = { state: "connected", playing: true, still: false, soundOnly: false, unplayable: "", problem: "" };
const NOTHING_YET = { ...PLAYING, playing: false };

/** @param {object} about the session that the stage has */
function poster(about, picture = PLAYING, stage = STAGE) {
  const talk = {
    id: "talk", title: "Talk", stage: "main", state: "live", on_air: true, waiting_for: null,
    expected: { start_ms: 60_000, end_ms: 120_000 }, doors_open_ms: 0, ...about,
  };
  return posterOf(talk, stage, new Map(Object.entries({ "session:talk": talk, "stage:main": stage })), picture, 0);
}

test("a picture that plays needs no poster", () => assert.equal(poster({}), null));

test("before the start the poster counts down, whoever is in the green room", () => {
  const { kind, untilMs, hint } = poster({ state: "doors_open" }, NOTHING_YET);
  assert.deepEqual([kind, untilMs, hint], ["Starts in", 60_000, "The picture appears here by itself."]);
  assert.equal(poster({ state: "doors_open" }, { ...PLAYING, still: true }).kind, "Starts in");
});

test("what a producer puts on the stage before the start is seen", () => assert.equal(poster({ state: "doors_open" }), null));

test("a live talk says what its picture waits for", () => {
  assert.equal(poster({ on_air: false }, NOTHING_YET).kind, "Waiting for the speaker");
  assert.equal(poster({}, NOTHING_YET).kind, "Connecting…");
  assert.equal(poster({}, { ...PLAYING, state: "reconnecting" }).kind, "Reconnecting…");
  assert.equal(poster({}, { ...NOTHING_YET, state: "reconnecting", problem: "It is full." }).hint, "It is full.");
  assert.equal(poster({}, { ...PLAYING, still: true }).kind, "The picture stopped");
  assert.equal(poster({}, { ...PLAYING, soundOnly: true }).kind, "Sound only");
  assert.equal(poster({}, { ...NOTHING_YET, unplayable: "H264" }).kind, "This browser can't show the picture");
  assert.match(poster({}, { ...PLAYING, unplayable: "H264" }).hint, /sends H264, which/);
  assert.equal(poster({}, { ...PLAYING, state: "failed", problem: "why" }).hint, "why");
});

test("what is over says so", () => {
  assert.equal(poster({ state: "ended" }, NOTHING_YET, { ...STAGE, session: null }).kind, "This session has ended");
});
