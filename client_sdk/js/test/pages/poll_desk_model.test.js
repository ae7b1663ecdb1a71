import assert from "node:assert/strict";
import { test } from "node:test";

import { actionsOf, deskOrder, draftFrom, planText, stateText, writtenFrom } from "../../../../server/showcaller/web/assets/poll_desk_model.js";

const poll = (state, more = {}, draft = {}) => ({ id: "p", session: "s", state, plan: null, results: false, made_ms: 0, draft: { kind: "single", text: "Which?", options: ["a", "b"], most: 1, anonymous: true, results: "live", right: [], timer_s: 0, ...draft }, ...more });
const written = (more = {}) => ({ kind: "single", text: " Which? ", options: "a\n\n b ", right: "0", most: "", timer: "", anonymous: true, results: "live", anchor: "", minutes: "0", ...more });

test("what can be done with a poll goes by its state", () => {
  assert.deepEqual(actionsOf(poll("draft")), ["open", "edit", "delete"]);
  assert.deepEqual(actionsOf(poll("open")), ["close", "show", "delete"]);
  assert.deepEqual(actionsOf(poll("closed", { results: true })), ["open", "hide", "delete"]);
  assert.deepEqual(actionsOf(poll("closed", {}, { kind: "quiz" })), ["show", "delete"]);
});

test("the desk shows what is open, then drafts, then what was closed", () => {
  const items = new Map([["c", "closed", 1], ["d2", "draft", 3], ["d1", "draft", 2], ["o", "open", 9]].map(([id, state, made_ms]) => [id, poll(state, { id, made_ms })]));
  assert.deepEqual(deskOrder(items).map(({ id }) => id), ["o", "d1", "d2", "c"]);
});

test("a plan is told in words", () => {
  const plan = (anchor, minutes) => ({ anchor, minutes });
  assert.equal(planText(plan("started", 20)), "Opens 20 minutes after the talk starts.");
  assert.equal(planText(plan("ended", -1)), "Opens 1 minute before the talk ends.");
  assert.equal(planText(plan("doors_open", 0)), "Opens when doors open.");
  assert.equal(planText(null), "");
  assert.equal(stateText(poll("draft", { plan: plan("started", 0) })).text, "Planned");
});

test("a form becomes a draft, without empty lines and blanks", () => {
  const { draft, plan } = draftFrom(written());
  assert.deepEqual([draft.text, draft.options, draft.most, plan], ["Which?", ["a", "b"], 0, null]);
  const quiz = draftFrom(written({ kind: "quiz", right: "1", timer: "30", anchor: "started", minutes: "5" }));
  assert.deepEqual([quiz.draft.right, quiz.draft.timer_s, quiz.plan], [[1], 30, { anchor: "started", minutes: 5 }]);
  const words = draftFrom(written({ kind: "words", most: "9" }));
  assert.deepEqual([words.draft.options, words.draft.most], [[], 5]);
});

test("what is missing is said, with the field", () => {
  const wrong = (more) => draftFrom(written(more)).field;
  assert.equal(wrong({ text: " " }), "text");
  assert.equal(wrong({ options: "a" }), "options");
  assert.equal(wrong({ options: "a\na" }), "options");
  assert.equal(wrong({ kind: "quiz", right: "2" }), "right");
  assert.equal(wrong({ timer: "9999" }), "timer");
  assert.equal(wrong({}), undefined);
});

test("what was written comes back when it is edited", () => {
  const known = poll("draft", { plan: { anchor: "ended", minutes: -5 } }, { kind: "quiz", right: [1], timer_s: 20, anonymous: false, results: "closed" });
  const found = draftFrom(writtenFrom(known));
  assert.deepEqual(found.draft, { ...known.draft, most: 0 });
  assert.deepEqual(found.plan, known.plan);
  assert.equal(writtenFrom(null).kind, "single");
});
