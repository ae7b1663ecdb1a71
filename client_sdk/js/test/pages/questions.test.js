import assert from "node:assert/strict";
import { test } from "node:test";

import { QUESTION, graphemes, lengthProblem } from "../../../../server/showcaller/web/assets/grapheme_text.js";
import { levelOf } from "../../../../server/showcaller/web/assets/level_meter.js";
import { ACTIONS, ACTION_TEXT, actionFor, boardOf } from "../../../../server/showcaller/web/assets/moderation_model.js";
import { orderOf } from "../../../../server/showcaller/web/assets/question_list.js";

const question = (id, state, asked_ms = 0, votes = 0) => ({ id, state, asked_ms, votes });

test("most votes first, then the older; answered ones last", () => {
  const listed = [question("a", "answered", 0, 9), question("b", "approved", 2, 1), question("c", "approved", 1, 1), question("d", "on_air", 5, 3)];
  assert.deepEqual(orderOf(listed, []), ["d", "c", "b", "a"]);
});

test("kept places stay, new questions come after them", () => {
  const listed = [question("a", "approved", 0, 0), question("b", "approved", 0, 9), question("new", "approved", 0, 99)];
  assert.deepEqual(orderOf(listed, ["a", "b"]), ["a", "b", "new"]);
});

test("the board: oldest to review first, approved by votes, withdrawn beside rejected", () => {
  const all = [question("p2", "pending", 2), question("p1", "pending", 1), question("a1", "approved", 1), question("a2", "approved", 2), question("w", "withdrawn", 1), question("r", "rejected", 2), question("o", "on_air")];
  const board = boardOf(all, new Map([["a2", 4]]));
  const ids = Object.fromEntries(Object.entries(board).map(([column, list]) => [column, list.map(({ id }) => id)]));
  assert.deepEqual(ids, { pending: ["p1", "p2"], approved: ["a2", "a1"], on_air: ["o"], answered: [], rejected: ["r", "w"] });
  assert.equal(board.approved[0].votes, 4);
});

test("keys act only where their action is offered, and no two share a key", () => {
  assert.equal(actionFor("a", "pending"), "approve");
  assert.equal(actionFor("A", "pending"), "approve");
  assert.equal(actionFor("a", "on_air"), undefined);
  for (const actions of Object.values(ACTIONS)) {
    assert.equal(new Set(actions.map((action) => ACTION_TEXT[action].key)).size, actions.length);
  }
});

test("lengths count graphemes and bytes", () => {
  assert.equal(graphemes("👩‍👩‍👧‍👦é"), 2);
  assert.equal(lengthProblem("  ", QUESTION), "Write something first.");
  assert.equal(lengthProblem("a".repeat(500), QUESTION), "");
  assert.equal(lengthProblem("a".repeat(501), QUESTION), "Too long by 1 character.");
  assert.match(lengthProblem("👩‍👩‍👧‍👦".repeat(100), QUESTION), /take much room/);
});

test("a level goes from silence to full", () => {
  assert.equal(levelOf(new Float32Array(64)), 0);
  assert.equal(levelOf(new Float32Array(64).fill(1)), 100);
  assert.equal(levelOf(new Float32Array(64).fill(0.001)), 0);
  assert.equal(levelOf(new Float32Array(64).fill(10 ** (-30 / 20))), 50);
});
