import assert from "node:assert/strict";
import { test } from "node:test";

import { session } from "../../testing/sessions.js";
import { ownNow, ownSessions } from "../../../../server/showcaller/web/assets/own_sessions_model.js";
import { speakerClock } from "../../../../server/showcaller/web/assets/speaker_clock_model.js";

const SECOND = 1_000;
const MINUTE = 60_000;

/** What the clock of a talk from 0:00 to 0:20 shows: the tone, and the seconds. */
const clock = (state, atMs, fields = {}) => {
  const { label, ms, tone } = speakerClock(session("a", 0, { state, ...fields }), atMs);
  return [label, ms && ms / SECOND, tone];
};

test("before the talk the clock counts to its start", () => assert.deepEqual(clock("doors_open", -90 * SECOND), ["Starts in", 90, ""]));
test("a talk that waits says for what", () => {
  assert.deepEqual(clock("doors_open", 5 * SECOND, { waiting_for: "z" }), ["Starts after the talk before it", 0, ""]);
});
test("two minutes before the end it turns amber, thirty seconds before it red", () => {
  assert.deepEqual(clock("live", 18 * MINUTE - SECOND), ["Ends in", 121, ""]);
  assert.deepEqual(clock("live", 18 * MINUTE), ["Wrap up: ends in", 120, "wait"]);
  assert.deepEqual(clock("live", 20 * MINUTE - 30 * SECOND), ["Time is up in", 30, "live"]);
});
test("what is over time is counted up", () => assert.deepEqual(clock("overrunning", 21 * MINUTE), ["Over time by", 60, "live"]));
test("a talk that is over has no time left to tell", () => assert.deepEqual(clock("ended", 25 * MINUTE), ["", null, ""]));

const items = (...sessions) => new Map(sessions.map((one) => [`session:${one.id}`, one]));

test("a speaker has the sessions of the token, a producer all but breaks", () => {
  const all = items(session("a", 0), session("tea", 20, { kind: "break" }), session("b", 40));
  assert.deepEqual(ownSessions(all, ["b"]).map(({ id }) => id), ["b"]);
  assert.deepEqual(ownSessions(all, []).map(({ id }) => id), ["a", "b"]);
});

test("the one link leads to what is on, else to what comes, else to what was last", () => {
  const [ended, ahead, later] = [session("a", 0, { state: "ended" }), session("b", 20), session("c", 40)];
  assert.equal(ownNow([ended, ahead, later]).id, "b");
  assert.equal(ownNow([ended, ahead, { ...later, state: "live" }]).id, "c");
  assert.equal(ownNow([ended]).id, "a");
  assert.equal(ownNow([]), undefined);
});
