import assert from "node:assert/strict";
import { test } from "node:test";

import { QUESTION, graphemes, lengthProblem } from "../../../../server/showcaller/web/assets/grapheme_text.js";
import { levelOf } from "../../../../server/showcaller/web/assets/level_meter.js";
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
