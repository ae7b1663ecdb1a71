import assert from "node:assert/strict";
import { test } from "node:test";

import { session } from "../../testing/sessions.js";
import { gridOf } from "../../../../server/showcaller/web/assets/grid_model.js";

const STAGES = [{ id: "main" }, { id: "side" }, { id: "empty" }];
const MINUTE = 60_000;

/** Each session's place: column, row and rows. */
function places(...sessions) {
  const { cells } = gridOf(sessions, STAGES);
  return Object.fromEntries(cells.map(({ session: { id }, column, row, rows }) => [id, [column, row, rows]]));
}

test("stages are columns, and what begins together stands side by side", () => {
  assert.deepEqual(places(session("a", 0), session("b", 0, { stage: "side" }), session("c", 20)), { a: [1, 1, 1], b: [2, 1, 1], c: [1, 2, 1] });
});

test("a long session spans what happens beside it", () => {
  const long = session("long", 0, { stage: "side", expected: { start_ms: 0, end_ms: 40 * MINUTE } });
  assert.deepEqual(places(session("a", 0), session("b", 20), long).long, [2, 1, 2]);
});

test("sessions that overlap on one stage get columns of their own", () => {
  const { stages, columns } = gridOf([session("a", 0), session("b", 10), session("c", 20)], STAGES);
  assert.deepEqual(stages, [{ stage: "main", column: 1, columns: 2 }]);
  assert.equal(columns, 2);
  assert.deepEqual(places(session("a", 0), session("b", 10), session("c", 20)).c[0], 1);
});

test("a stage without sessions has no column", () => assert.equal(gridOf([session("a", 0)], STAGES).columns, 1));
test("nothing makes an empty grid", () => assert.deepEqual(gridOf([], STAGES), { stages: [], times: [], cells: [], columns: 0 }));
