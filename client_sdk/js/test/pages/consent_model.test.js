import assert from "node:assert/strict";
import { test } from "node:test";

import { consentOf } from "../../../../server/showcaller/web/assets/consent_model.js";

const session = (record, state = "live") => ({ id: "a", record, state });

test("a speaker who is asked has chosen nothing until they answer", () => {
  assert.equal(consentOf(session("ask"), undefined)?.chosen, "");
  assert.equal(consentOf(session("ask"), { agreed: true })?.chosen, "yes");
  assert.equal(consentOf(session("ask"), { agreed: false })?.chosen, "no");
});

test("where everybody is recorded, one is until one says no", () => {
  assert.equal(consentOf(session("yes"), undefined)?.chosen, "yes");
  assert.equal(consentOf(session("yes"), { agreed: false })?.chosen, "no");
});

test("nobody is asked where nothing is recorded, or nothing more", () => {
  assert.equal(consentOf(session("no"), undefined), null);
  assert.equal(consentOf(session("ask", "ended"), { agreed: true }), null);
});
