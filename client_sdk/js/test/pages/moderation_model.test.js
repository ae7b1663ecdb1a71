import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ACTIONS, ACTION_TEXT, OTHER_KEYS, actionFor, actionsOf, agoText, boardOf, claimOf, labelSteps, labelsIn, openQuestionsOf, undoSteps,
} from "../../../../server/showcaller/web/assets/moderation_model.js";

const question = (id, state, asked_ms = 0, more = {}) => ({ id, state, asked_ms, text: `Question ${id}`, author: "Ada", person: "ada", reply: null, reason: null, ...more });
const ids = (board) => Object.fromEntries(Object.entries(board).map(([column, list]) => [column, list.map(({ id }) => id)]));

test("the board: oldest to review first, approved by votes, withdrawn beside rejected", () => {
  const all = [question("p2", "pending", 2), question("p1", "pending", 1), question("a1", "approved", 1), question("a2", "approved", 2), question("w", "withdrawn", 1), question("r", "rejected", 2), question("o", "on_air")];
  const board = boardOf(all, new Map([["a2", 4]]));
  assert.deepEqual(ids(board), { pending: ["p1", "p2"], approved: ["a2", "a1"], on_air: ["o"], answered: [], rejected: ["r", "w"] });
  assert.equal(board.approved[0].votes, 4);
});

test("columns are sorted as was chosen, where they can be", () => {
  const all = [question("p1", "pending", 1), question("p2", "pending", 2), question("a1", "approved", 1), question("a2", "approved", 2)];
  const sorted = (sorts) => ids(boardOf(all, new Map([["a1", 9]]), { words: "", sorts }));
  assert.deepEqual(sorted({ pending: "newest", approved: "newest" }), { pending: ["p2", "p1"], approved: ["a2", "a1"], on_air: [], answered: [], rejected: [] });
  assert.deepEqual(sorted({ pending: "votes" }).pending, ["p1", "p2"]);
});

test("a search looks at text, author and reply, for all its words", () => {
  const all = [question("a", "approved", 1, { text: "Why TWO clocks?" }), question("b", "approved", 2, { author: "Grace Hopper" }), question("c", "answered", 3, { reply: "Two, as ever" })];
  const found = (words) => Object.values(ids(boardOf(all, new Map(), { words, sorts: {} }))).flat();
  assert.deepEqual(found("two"), ["a", "c"]);
  assert.deepEqual(found(" hopper  GRACE "), ["b"]);
  assert.deepEqual(found("two hopper"), []);
});

test("what has not changed is the same object: its card has nothing to do", () => {
  const all = [question("a", "approved")];
  const [first] = boardOf(all, new Map([["a", 1]])).approved;
  assert.equal(boardOf(all, new Map([["a", 1]])).approved[0], first);
  assert.notEqual(boardOf(all, new Map([["a", 2]])).approved[0], first);
});

test("keys act only where their action is offered, and no two share one", () => {
  assert.equal(actionFor("a", ACTIONS.pending), "approve");
  assert.equal(actionFor("A", ACTIONS.pending), "approve");
  assert.equal(actionFor("a", ACTIONS.on_air), undefined);
  const others = OTHER_KEYS.flatMap(([keys]) => keys.split(", "));
  for (const actions of Object.values(ACTIONS)) {
    const keys = [...actions.map((action) => ACTION_TEXT[action].key), ...others];
    assert.equal(new Set(keys).size, keys.length);
  }
});

test("who is shut out can be let in, and nobody is offered to remove themselves", () => {
  assert.ok(actionsOf(question("q", "pending"), new Set()).includes("ban"));
  const out = actionsOf(question("q", "pending"), new Set(["ada"]));
  assert.deepEqual([out.includes("ban"), out.includes("unban")], [false, true]);
  assert.ok(!actionsOf(question("q", "pending"), new Set(), "ada").includes("ban"));
});

// Where each command leads, as the server has it (server/showcaller/domain/questions.py).
const LEADS = {
  pending: { approve: "approved", reject: "rejected", push: "on_air" },
  approved: { putBack: "pending", reject: "rejected", push: "on_air", answered: "answered" },
  rejected: { putBack: "pending", reject: "rejected", approve: "approved" },
  on_air: { pull: "approved", answered: "answered" },
  answered: { approve: "approved", push: "on_air", putBack: "pending" },
};

test("an undo leads back to where the question was", () => {
  for (const [state, actions] of Object.entries(ACTIONS)) {
    for (const action of actions) {
      const name = action === "rejectWith" ? "reject" : action;
      const after = LEADS[state]?.[name];
      if (!after) continue;
      const led = undoSteps(action, question("q", state, 0, { reason: "Twice" }), undefined).reduce((now, step) => LEADS[now][step.name], after);
      assert.equal(led, state, `${action} of a question that is ${state}`);
    }
  }
});

test("an undo restores reasons, replies, what was on air before, and people", () => {
  assert.deepEqual(undoSteps("approve", question("q", "rejected", 0, { reason: "Twice" })), [{ name: "reject", id: "q", text: "Twice" }]);
  assert.deepEqual(undoSteps("reply", question("q", "approved", 0, { reply: "So." })), [{ name: "reply", id: "q", text: "So." }]);
  assert.deepEqual(undoSteps("reply", question("q", "approved")), [{ name: "reply", id: "q", text: "" }]);
  assert.deepEqual(undoSteps("push", question("q", "approved"), "before"), [{ name: "pull", id: "q" }, { name: "push", id: "before" }]);
  assert.deepEqual(undoSteps("ban", question("q", "pending")), [{ name: "unban", id: "ada" }]);
  assert.deepEqual(undoSteps("erase", question("q", "pending")), []);
});

test("what another moderator has in hand can be taken over, and nothing else be done with it", () => {
  const held = question("q", "pending", 0, { claim: { person: "nan", name: "Nan", until_ms: 5_000 } });
  assert.deepEqual(actionsOf(held, new Set(), "mo", { nowMs: 4_999 }), ["takeOver", "silence", "ban", "rejectAll", "erase"]);
  assert.ok(actionsOf(held, new Set(), "nan", { nowMs: 4_999 }).includes("release"));
  assert.ok(actionsOf(held, new Set(), "mo", { nowMs: 5_000 }).includes("approve"));
  assert.deepEqual([claimOf(held, 4_999)?.name, claimOf(held, 5_000)], ["Nan", null]);
});

test("of two opposites the one that makes sense is offered, under the key of both", () => {
  const plain = actionsOf(question("q", "approved"), new Set(), "mo");
  const turned = actionsOf(question("q", "approved", 0, { pinned: true, sent: true }), new Set(), "mo", { silenced: new Set(["ada"]) });
  for (const [first, second] of [["pin", "unpin"], ["send", "unsend"], ["silence", "unsilence"]]) {
    assert.deepEqual([plain.includes(first), plain.includes(second)], [true, false]);
    assert.deepEqual([turned.includes(first), turned.includes(second)], [false, true]);
    assert.equal(ACTION_TEXT[first].key, ACTION_TEXT[second].key);
  }
});

test("what was merged stands with the question that it counts for, however deep", () => {
  const all = [question("a", "approved"), question("b", "pending", 0, { merged_into: "a" }), question("c", "pending", 0, { merged_into: "b", text: "Deep" })];
  const board = boardOf(all, new Map());
  assert.deepEqual(ids(board).pending, []);
  assert.deepEqual(board.approved[0].also.map(({ id }) => id), ["b", "c"]);
  assert.equal(boardOf(all, new Map()).approved[0], board.approved[0]);
  assert.deepEqual(ids(boardOf(all, new Map(), { words: "deep", sorts: {} })).approved, ["a"]);
});

test("pinned ones come first, in every order", () => {
  const all = [question("p1", "pending", 1), question("p2", "pending", 2, { pinned: true })];
  assert.deepEqual(ids(boardOf(all, new Map())).pending, ["p2", "p1"]);
});

test("labels are typed apart by commas, and changed one by one", () => {
  assert.deepEqual(labelsIn(" Sound, , Later,Sound "), ["Sound", "Later"]);
  assert.deepEqual(labelSteps("q", ["Sound", "Later"], ["Later", "Slides"]), [{ name: "unlabel", id: "q", text: "Sound" }, { name: "label", id: "q", text: "Slides" }]);
});

test("how long ago is told in the largest unit", () => {
  const told = [0, 59_000, 60_000, 59 * 60_000, 60 * 60_000, 47 * 3_600_000, 49 * 3_600_000].map(agoText);
  assert.deepEqual(told, ["now", "now", "1 min", "59 min", "1 h", "47 h", "2 d"]);
});

test("what a person asked that waits for something", () => {
  const all = [question("a", "pending"), question("b", "approved"), question("c", "answered"), question("d", "pending", 0, { person: "bob" })];
  assert.deepEqual(openQuestionsOf(all, "ada").map(({ id }) => id), ["a", "b"]);
});
