import assert from "node:assert/strict";
import { test } from "node:test";

import { actText, doersOf, onWhatText } from "../../../../server/showcaller/web/assets/history_model.js";

const plain = { offset: 1, at_ms: 0, what: "", by: "p_mo", name: "Mo", session: null, title: "", kind: "", subject: "", about: "", details: {}, refused: "" };

test("an act is said in words, with what it said", () => {
  assert.equal(actText({ ...plain, what: "session.started" }), "Started");
  assert.equal(actText({ ...plain, what: "session.delayed", details: { minutes: 5 } }), "Delayed by 5 min");
  assert.equal(actText({ ...plain, what: "session.extended", details: { minutes: -3 } }), "Shortened by 3 min");
  assert.equal(actText({ ...plain, what: "question.labelled", details: { on: false, label: "later" } }), "Took the label “later” off");
  assert.equal(actText({ ...plain, what: "door.opened" }), "door.opened");
});

test("what moderators do in a chat is said in words", () => {
  const chat = (what, details) => actText({ ...plain, what, details });
  assert.equal(chat("chat.deleted", { all_of_author: false }), "Deleted a message of the chat");
  assert.equal(chat("chat.deleted", { all_of_author: true }), "Deleted all that somebody wrote in the chat");
  assert.equal(chat("chat.slowed", { seconds: 30 }), "Slowed the chat to one message every 30 s");
  assert.equal(chat("chat.slowed", { seconds: 0 }), "Ended the chat’s slow mode");
  assert.deepEqual([chat("chat.switched", { on: true }), chat("chat.switched", { on: false })], ["Opened the chat", "Closed the chat"]);
});

test("an undo names what it took back, whatever that said", () => {
  assert.equal(actText({ ...plain, what: "control.undone", details: { undone: "session.delayed" } }), "Undid: delayed");
  assert.equal(actText({ ...plain, what: "control.undone" }), "Undid the last control");
});

test("an act that was refused says why", () => {
  assert.equal(actText({ ...plain, what: "question.pushed", refused: "claimed" }), "Put on air (refused: another moderator had it in hand)");
});

test("it says on what: the thing, its session, the reason", () => {
  const question = { ...plain, kind: "question", about: "Why?", title: "Opening" };
  assert.equal(onWhatText(question), "“Why?” · Opening");
  assert.equal(onWhatText({ ...plain, kind: "person", subject: "p_x" }), "p_x");
  assert.equal(onWhatText({ ...plain, title: "Opening", details: { note: "Rain" } }), "Opening · Rain");
});

test("who did something is listed once, by name", () => {
  const acts = [plain, { ...plain, by: "p_a", name: "Ada" }, plain, { ...plain, by: "p_x", name: "" }];
  assert.deepEqual(doersOf(acts).map(([, name]) => name), ["Ada", "Mo", "p_x"]);
});
