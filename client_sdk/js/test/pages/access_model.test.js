import assert from "node:assert/strict";
import { test } from "node:test";

import { fromText, holderText, whatText, whoText } from "../../../../server/showcaller/web/assets/access_model.js";

const at_ms = 0;

test("an entry says what happened, why, and how often", () => {
  assert.equal(whatText({ at_ms, what: "registration" }), "Registered");
  assert.equal(whatText({ at_ms, what: "registration.refused", code: "bad_invite_code", count: 8494 }), "Registration refused: wrong code, 8494 times");
  assert.equal(whatText({ at_ms, what: "login.refused", code: "something_new" }), "Token refused: something_new");
  assert.equal(whatText({ at_ms, what: "staff.came", roles: ["moderator", "producer"] }), "Came as moderator, producer");
});

test("what a newer server tells is shown as it is", () => {
  assert.equal(whatText({ at_ms, what: "door.opened" }), "door.opened");
});

test("an entry says whom it is about and who did it", () => {
  assert.equal(whoText({ at_ms, what: "person.banned", person: "p_a", by: "p_mo" }), "p_a by p_mo");
  assert.equal(whoText({ at_ms, what: "token.revoked", token: "t_1", by: "p_mo" }), "t_1 by p_mo");
  assert.equal(whoText({ at_ms, what: "person.banned", person: "p_a", by: "p_mo" }, new Map([["p_mo", "Mo"]])), "p_a by Mo");
  assert.equal(whoText({ at_ms, what: "registration.refused" }), "");
});

test("an entry says from where", () => {
  assert.equal(fromText({ at_ms, what: "registration", address: "192.0.2.1" }), "192.0.2.1");
  assert.equal(fromText({ at_ms, what: "registration.refused", addresses: 240 }), "240 addresses");
});

test("a link is somebody's, by name where there is one", () => {
  const link = { token: "t", person: "p_mo", name: "", roles: [], sessions: [], seen_ms: 0, expires_at_ms: 0, revoked: false };
  assert.equal(holderText(link), "p_mo");
  assert.equal(holderText({ ...link, name: "Mo" }), "Mo");
});
