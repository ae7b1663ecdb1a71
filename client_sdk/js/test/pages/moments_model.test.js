import assert from "node:assert/strict";
import { test } from "node:test";

import { chapterAt, chaptersOf, onAirAt, questionAt } from "../../../../server/showcaller/web/assets/moments_model.js";

const ANSWERED = { id: "a", text: "Why?", state: "answered", asked_ms: 10, aired: [[20, 30], [40, 50]], answered_ms: 50 };
const ON_AIR = { id: "b", text: "How?", state: "on_air", asked_ms: 15, aired: [[60, null]], answered_ms: null };
const LISTED = { id: "c", text: "When?", state: "approved", asked_ms: 5, aired: [], answered_ms: null };

test("a question is what it was at each moment", () => {
  const states = [5, 10, 20, 29, 30, 45, 50, 99].map((ms) => questionAt(ANSWERED, ms)?.state);
  assert.deepEqual(states, [undefined, "approved", "on_air", "on_air", "approved", "on_air", "answered", "answered"]);
});

test("one that was answered without being on air is so from then on", () => {
  const silent = { ...ANSWERED, aired: [] };
  assert.deepEqual([49, 50].map((ms) => questionAt(silent, ms).state), ["approved", "answered"]);
});

test("a server that tells no times leaves questions as they are", () => {
  const { aired, answered_ms, ...old } = ANSWERED;
  assert.equal(questionAt(old, 99).state, "answered");
});

test("the one on air is that of the moment, not of now", () => {
  const all = [ANSWERED, ON_AIR, LISTED];
  assert.deepEqual([5, 45, 55, 61].map((ms) => onAirAt(all, ms)?.id), [undefined, "a", undefined, "b"]);
});

test("chapters begin when questions were last put on air, and are of the recording only", () => {
  const chapters = chaptersOf([ON_AIR, ANSWERED, LISTED], 0, 100);
  assert.deepEqual(chapters.map(({ id, atMs }) => [id, atMs]), [["a", 40], ["b", 60]]);
  assert.deepEqual(chaptersOf([ON_AIR, ANSWERED], 0, 60).map(({ id }) => id), ["a"]);
  assert.deepEqual([39, 40, 61].map((ms) => chapterAt(chapters, ms)), ["", "a", "b"]);
});
