import assert from "node:assert/strict";
import { test } from "node:test";

import { claimsOf, hasRole, isAttendees } from "../../../../server/showcaller/web/assets/token_claims.js";

const token = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

test("a token tells its holder and roles", () => {
  assert.deepEqual(claimsOf(token({ sub: "p_1", roles: ["attendee"], name: "Zoë 🎈??>" })), { person: "p_1", roles: ["attendee"], stages: [] });
});

test("what is not a token is nobody's", () => {
  for (const text of ["", "a.b.c", "not a token", token("text"), token({}), `e30.${Buffer.from("{").toString("base64url")}.x`]) {
    assert.deepEqual(claimsOf(text), { person: "", roles: [], stages: [] });
    assert.equal(isAttendees(text), false);
  }
});

test("only what an attendee may do is kept for good", () => {
  assert.equal(isAttendees(token({ sub: "p", roles: ["attendee"] })), true);
  for (const role of ["producer", "moderator", "speaker"]) {
    assert.equal(isAttendees(token({ sub: "p", roles: ["attendee", role] })), false);
  }
});

test("a page's roles: one of them is enough, and none means any", () => {
  const moderator = token({ sub: "p", roles: ["moderator"] });
  assert.equal(hasRole(moderator, ["moderator", "producer"]), true);
  assert.equal(hasRole(moderator, ["producer"]), false);
  assert.equal(hasRole(moderator, []), true);
});
