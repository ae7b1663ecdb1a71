import assert from "node:assert/strict";
import { test } from "node:test";

import { ALIKE, SimilarTexts, likeness, trigramsOf } from "../../../../server/showcaller/web/assets/similar_model.js";

const alike = (a, b) => likeness(trigramsOf(a), trigramsOf(b));

test("the same words are fully alike, in any order, case and punctuation", () => {
  assert.equal(alike("Why one clock?", "ONE clock – why"), 1);
  assert.equal(alike("", ""), 0);
  assert.equal(alike("abc", "xyz"), 0);
});

test("the measure is Dice's: twice what is shared, by the sum of both", () => {
  assert.deepEqual([...trigramsOf("ab")], ["  a", " ab", "ab "]);
  assert.equal(alike("ab", "ac"), (2 * 1) / (3 + 3));
});

test("questions that say the same in other words are found, and others are not", () => {
  const same = [
    ["Will the slides be shared?", "Are the slides going to be shared afterwards?"],
    ["How do you handle failover of Redis?", "How is Redis failover handled?"],
    ["Will this be recorded?", "Is this talk being recorded?"],
    ["Wie geht ihr mit Ausfällen um?", "Wie geht ihr mit einem Ausfall um?"],
    ["スライドは共有されますか？", "スライドは後で共有されますか？"],
  ];
  const others = [
    ["How many people work on this?", "How many GPUs do you have?"],
    ["Will the slides be shared?", "Where is the coffee?"],
  ];
  for (const [a, b] of same) assert.ok(alike(a, b) >= ALIKE, `${a} / ${b}: ${alike(a, b)}`);
  for (const [a, b] of others) assert.ok(alike(a, b) < ALIKE, `${a} / ${b}: ${alike(a, b)}`);
});

test("the most alike come first, so many at most, and none for a few letters", () => {
  const texts = new SimilarTexts();
  const asked = [{ id: "a", text: "Where are the slides shared?" }, { id: "b", text: "Will the slides be shared?" }, { id: "c", text: "Why one clock?" }];
  assert.deepEqual(texts.like("Will the slides be shared", asked).map(({ id }) => id), ["b", "a"]);
  assert.deepEqual(texts.like("Will the slides be shared", asked, 1).map(({ id }) => id), ["b"]);
  assert.deepEqual(texts.like("Will", asked), []);
});

test("a text that was changed is looked at anew", () => {
  const texts = new SimilarTexts();
  assert.equal(texts.like("Why one clock?", [{ id: "a", text: "Why one clock?" }]).length, 1);
  assert.equal(texts.like("Why one clock?", [{ id: "a", text: "Something else altogether" }]).length, 0);
});
