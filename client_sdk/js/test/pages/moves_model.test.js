import assert from "node:assert/strict";
import { test } from "node:test";

import { session } from "../../testing/sessions.js";
import { Moves, offPlanMin } from "../../../../server/showcaller/web/assets/moves_model.js";

const MINUTE = 60_000;
const at = (id, startMin, movedMin, fields = {}) =>
  session(id, startMin, { expected: { start_ms: (startMin + movedMin) * MINUTE, end_ms: (startMin + movedMin + 20) * MINUTE }, ...fields });

/** What is told of these sessions to somebody who knows them as planned. */
function told(...sessions) {
  const moves = new Moves();
  moves.look(sessions.map(({ id, scheduled }) => session(id, scheduled.start_ms / MINUTE)));
  const move = moves.look(sessions);
  return move && [move.first.id, move.byMs / MINUTE, move.others];
}

test("nothing is told at first", () => assert.equal(new Moves().look([at("a", 0, 10)]), null));
test("a delay is told with the first that it is about", () => assert.deepEqual(told(at("a", 0, 10), at("b", 20, 10)), ["a", 10, 1]));
test("what comes earlier is told", () => assert.deepEqual(told(at("a", 30, -5)), ["a", -5, 0]));
test("less than a minute is not told", () => assert.equal(told(at("a", 0, 0.9)), null));
test("what waits for another one, is on or is over is not told", () => {
  assert.equal(told(at("a", 0, 5, { waiting_for: "z" }), at("b", 20, 5, { state: "live" }), at("c", 40, 5, { state: "ended" })), null);
});

test("small steps add up", () => {
  const moves = new Moves();
  for (const movedMin of [0, 0.5]) assert.equal(moves.look([at("a", 0, movedMin)]), null);
  assert.equal(moves.look([at("a", 0, 1.1)])?.first.id, "a");
  assert.equal(moves.look([at("a", 0, 1.1)]), null);
});

test("a talk is off its plan by whole minutes, and never once it is skipped", () => {
  assert.equal(offPlanMin(at("a", 0, 4.9)), 4);
  assert.equal(offPlanMin(at("a", 30, 0, { actual: { start_ms: 27 * MINUTE, end_ms: null } })), -3);
  assert.equal(offPlanMin(at("a", 0, 5, { state: "skipped" })), 0);
});
