import assert from "node:assert/strict";
import { test } from "node:test";

import { QUESTION, graphemes, lengthProblem } from "../../../../server/showcaller/web/assets/grapheme_text.js";
import { levelOf } from "../../../../server/showcaller/web/assets/level_meter.js";
import { orderOf, ownNews, wantedOf } from "../../../../server/showcaller/web/assets/question_list_model.js";

const question = (id, state, asked_ms = 0, votes = 0) => ({ id, state, asked_ms, votes });

test("most votes first, then the older; answered ones last", () => {
  const listed = [question("a", "answered", 0, 9), question("b", "approved", 2, 1), question("c", "approved", 1, 1), question("d", "on_air", 5, 3)];
  assert.deepEqual(orderOf(listed, []), ["d", "c", "b", "a"]);
});

test("kept places stay, new questions come after them", () => {
  const listed = [question("a", "approved", 0, 0), question("b", "approved", 0, 9), question("new", "approved", 0, 99)];
  assert.deepEqual(orderOf(listed, ["a", "b"]), ["a", "b", "new"]);
});

test("pinned ones come first, and the order is the one that was chosen", () => {
  const listed = [question("a", "approved", 3, 0), question("b", "answered", 2, 9), { ...question("c", "approved", 1, 1), pinned: true }];
  assert.deepEqual(orderOf(listed, [], "newest"), ["c", "a", "b"]);
  assert.deepEqual(orderOf(listed, [], "oldest"), ["c", "b", "a"]);
  assert.deepEqual(orderOf(listed, []), ["c", "a", "b"]);
});

test("a search looks for all words; what is shown can be narrowed", () => {
  const listed = [
    { ...question("a", "approved"), text: "Why ONE clock?", author: "Ada", own: true },
    { ...question("b", "answered"), text: "Where is it?", author: null },
    { ...question("c", "approved"), text: "How?", author: "Bob", reply: "By a clock" },
  ];
  const found = (words, which) => wantedOf(listed, { words, sort: "votes", which }).map(({ id }) => id);
  assert.deepEqual(found("clock", "all"), ["a", "c"]);
  assert.deepEqual(found("clock ada", "all"), ["a"]);
  assert.deepEqual([found("", "open"), found("", "answered"), found("", "own")], [["a", "c"], ["b", "c"], ["a"]]);
});

test("news of one's own questions: on air, answered, replied to, and nothing else", () => {
  const own = (state, reply = null) => new Map([["q", { id: "q", text: "Why?", session: "s", state, reply }]]);
  const said = (before, now) => ownNews(before, now).map(({ said: words, text }) => `${words}: ${text}`);
  assert.deepEqual(said(own("approved"), own("on_air")), ["Your question is being answered now: Why?"]);
  assert.deepEqual(said(own("on_air"), own("answered")), []);
  assert.deepEqual(said(own("approved"), own("answered")), ["Your question was answered: Why?"]);
  assert.deepEqual(said(own("approved"), own("approved", "So.")), ["Your question was replied to: So."]);
  assert.deepEqual(said(own("pending"), own("approved")), []);
  assert.deepEqual(said(new Map(), own("answered")), []);
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
