import assert from "node:assert/strict";
import { test } from "node:test";

import {
  barsOf, chosenText, hiddenText, howText, meanText, pollOnScreen, pollsInOrder, quizText, statusText, votersText, voteFrom,
} from "../../../../server/showcaller/web/assets/poll_model.js";

const poll = (kind, more = {}) => ({ id: "p", kind, text: "Which?", options: ["a", "b", "c"], most: 1, anonymous: true, state: "open", results: true, right: null, opened_ms: 1, ends_ms: null, closed_ms: null, shown_ms: 1, ...more });
const levels = (voters, ...counts) => new Map([["p", voters], ...counts.map((count, place) => [`p/${place}`, count])]);
const shortly = (bars) => bars.map(({ label, text }) => `${label}: ${text}`);

test("open polls come first, the newest before the others, then what was closed last", () => {
  const polls = [["old", "open", 1, null], ["done", "closed", 9, 12], ["new", "open", 5, null], ["just", "closed", 2, 20]];
  const items = new Map(polls.map(([id, state, opened_ms, closed_ms]) => [id, { id, state, opened_ms, closed_ms }]));
  assert.deepEqual(pollsInOrder(items).map(({ id }) => id), ["new", "old", "just", "done"]);
});

test("bars keep the order of the options and tell votes and shares in words", () => {
  const bars = barsOf(poll("single"), levels(4, 1, 3, 0), { options: [1] });
  assert.deepEqual(shortly(bars), ["a: 1 vote, 25 %", "b: 3 votes, 75 %", "c: 0 votes, 0 %"]);
  assert.deepEqual(bars.map(({ share, own }) => [share, own]), [[1 / 4, false], [3 / 4, true], [0, false]]);
});

test("without any vote there are bars of no length", () => {
  assert.deepEqual(barsOf(poll("quiz"), new Map()).map(({ share, text }) => [share, text]), Array(3).fill([0, "0 votes, 0 %"]));
});

test("a ranking stands by its points, a cloud by how often a word was said", () => {
  assert.deepEqual(shortly(barsOf(poll("ranking"), levels(2, 2, 6, 4))), ["b: 6 points", "c: 4 points", "a: 2 points"]);
  const said = new Map([["p", 3], ["p/slow", 1], ["p/fast / cheap", 3], ["other/x", 9], ["p/good", 1]]);
  const bars = barsOf(poll("words", { options: [] }), said, { words: ["good"] });
  assert.deepEqual(shortly(bars), ["fast / cheap: 3 times", "good: 1 time", "slow: 1 time"]);
  assert.deepEqual(bars.map(({ own }) => own), [false, true, false]);
});

test("a rating has a mean, nothing else has", () => {
  assert.equal(meanText(poll("rating"), levels(3, 1, 0, 2)), "2.3 of 3 on average");
  assert.equal(meanText(poll("rating"), new Map()), "");
  assert.equal(meanText(poll("single"), levels(3, 1, 0, 2)), "");
});

test("a quiz tells its answer once it is told itself", () => {
  assert.equal(quizText(poll("quiz"), { options: [1] }), "");
  const closed = poll("quiz", { right: [1], state: "closed" });
  assert.equal(quizText(closed, { options: [1] }), "Right: b.");
  assert.equal(quizText(closed, { options: [0] }), "Not this time. The answer: b.");
  assert.equal(quizText(closed, undefined), "The answer: b.");
  assert.deepEqual(barsOf(closed, levels(1, 1, 0, 0)).map(({ right }) => right), [false, true, false]);
});

test("a vote is what was chosen, or a word of what is missing", () => {
  assert.deepEqual(voteFrom(poll("single"), { options: [], words: [] }), { problem: "Choose something first." });
  assert.deepEqual(voteFrom(poll("multiple", { most: 2 }), { options: [0, 1, 2], words: [] }), { problem: "Choose at most 2." });
  assert.deepEqual(voteFrom(poll("multiple", { most: 2 }), { options: [2, 0], words: [] }), { vote: { options: [2, 0] } });
  assert.deepEqual(voteFrom(poll("words"), { options: [], words: [" ", ""] }), { problem: "Write a word first." });
  assert.deepEqual(voteFrom(poll("words"), { options: [], words: [" fast ", ""] }), { vote: { words: ["fast"] } });
});

test("what one has chosen and is to do, in words", () => {
  assert.equal(chosenText(poll("ranking"), { options: [2, 0] }), "c, a");
  assert.equal(chosenText(poll("words"), { options: [], words: ["fast", "good"] }), "fast, good");
  assert.equal(chosenText(poll("single"), undefined), "");
  assert.equal(howText(poll("multiple", { most: 2 })), "Choose up to 2.");
  assert.equal(howText(poll("multiple", { most: 3 })), "Choose all that apply.");
  assert.equal(howText(poll("single")), "");
  assert.equal(votersText("p", new Map([["p", 1]])), "1 vote");
});

test("a poll says how it stands, and why there are no results", () => {
  assert.equal(statusText(poll("quiz")), "Quiz open");
  assert.equal(statusText(poll("single", { state: "closed" })), "Results");
  const hidden = poll("single", { state: "closed", results: false });
  assert.deepEqual([statusText(hidden), hiddenText(hidden, true)], ["Closed", "Its results are not shown yet."]);
  assert.equal(hiddenText(poll("single", { results: false }), false), "");
  assert.equal(hiddenText(poll("single"), true), "");
});

test("a screen shows what is open, and results for a while after they were shown", () => {
  const closed = poll("single", { id: "c", state: "closed", closed_ms: 50_000, shown_ms: 60_000 });
  const hidden = poll("single", { id: "h", state: "closed", closed_ms: 90_000, shown_ms: null });
  const at = (nowMs, ...polls) => pollOnScreen(polls, nowMs, 60_000)?.id ?? null;
  assert.equal(at(100_000, poll("single"), closed), "p");
  assert.equal(at(119_999, hidden, closed), "c");
  assert.equal(at(120_000, hidden, closed), null);
  assert.equal(at(91_000, hidden), null);
  assert.equal(at(0), null);
});
