import assert from "node:assert/strict";
import { test } from "node:test";

import { closedText, lengthText, messagesInOrder, slowText, unseen, unseenText } from "../../../../server/showcaller/web/assets/chat_model.js";

const message = (id, said_ms) => ({ id, author: "Ada", text: id, said_ms, badge: "" });

test("messages stand in the order in which they were said, equal on every page", () => {
  const items = new Map([["room", { open: true, slow_s: 0 }], ["c", message("c", 2)], ["b", message("b", 1)], ["a", message("a", 2)]]);
  assert.deepEqual(messagesInOrder(items).map(({ id }) => id), ["b", "a", "c"]);
});

test("a replay has what was said until its moment", () => {
  const items = new Map([["a", message("a", 1)], ["b", message("b", 2)]]);
  assert.deepEqual([0, 1, 2].map((ms) => messagesInOrder(items, ms).length), [0, 1, 2]);
});

test("what others have written since one looked is new", () => {
  const messages = [message("a", 1), message("b", 2), message("c", 3)];
  assert.equal(unseen(messages, 1, new Set()), 2);
  assert.equal(unseen(messages, 1, new Set(["c"])), 1);
  assert.deepEqual([0, 3, 150].map(unseenText), ["", "3 new", "99+ new"]);
});

test("says why one may not write now", () => {
  const open = { open: true, slow_s: 0 };
  const closed = { open: false, slow_s: 0 };
  assert.equal(closedText(open, { state: "live" }, false), "");
  assert.match(closedText(open, { state: "live" }, true), /asked you to pause/);
  assert.match(closedText(closed, { state: "upcoming" }, false), /opens with the doors/);
  assert.match(closedText(closed, { state: "ended" }, false), /over/);
  assert.match(closedText(closed, { state: "live" }, true), /closed the chat/);
  assert.match(closedText(undefined, { state: "live" }, false), /closed/);
});

test("slow mode is told in words", () => {
  assert.equal(slowText(0), "");
  assert.equal(slowText(30), "Slow mode: one message every 30 s.");
  assert.deepEqual([60, 300, 90].map(lengthText), ["1 min", "5 min", "1 min 30 s"]);
});
