import assert from "node:assert/strict";
import { test } from "node:test";

import { inTheirOrder, languageName, lineAt, linesAt, linesWith } from "../../../../server/showcaller/web/assets/caption_model.js";

const line = (id, from_ms, to_ms, text = id) => ({ id, text, from_ms, to_ms });
const LINES = [line("a", 10, 40, "Über den Log"), line("b", 20, 30, "the log"), line("c", 25, 60, "and more")];
const ids = (lines) => lines.map(({ id }) => id);

test("lines are in the order of their times, each as it came last", () => {
  const corrected = line("b", 20, 30, "The log");
  const lines = inTheirOrder([LINES[2], LINES[1], LINES[0], corrected]);
  assert.deepEqual(ids(lines), ["a", "b", "c"]);
  assert.equal(lines[1], corrected);
});

test("two lines at most stand over the picture, each for its time", () => {
  const shown = [9, 10, 20, 25, 30, 40, 60].map((ms) => ids(linesAt(LINES, ms)).join(""));
  assert.deepEqual(shown, ["", "a", "ab", "bc", "ac", "c", ""]);
});

test("the line of a moment is the last that was begun", () => {
  assert.deepEqual([9, 10, 24, 99].map((ms) => lineAt(LINES, ms)), ["", "a", "b", "c"]);
});

test("a search finds all of its words, whatever their accents, within the replay", () => {
  const all = { startsAtMs: 0, endsAtMs: 100 };
  assert.deepEqual(ids(linesWith(LINES, "LOG uber", all)), ["a"]);
  assert.deepEqual(ids(linesWith(LINES, " ", all)), ["a", "b", "c"]);
  assert.deepEqual(ids(linesWith(LINES, "", { startsAtMs: 30, endsAtMs: 40 })), ["a", "c"]);
});

test("a language has its own name", () => {
  assert.equal(languageName("de"), "Deutsch");
  assert.equal(languageName("not a tag"), "not a tag");
});
