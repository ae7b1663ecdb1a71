import assert from "node:assert/strict";
import { test } from "node:test";

import { keyBytes, mailHint, pushState } from "../../../../server/showcaller/web/assets/reminders_model.js";

const NONE = { push_key: "", push: [], mail_offered: false, mail: "", confirmed: false };
const PUSH = { ...NONE, push_key: "BAAA" };
const BROWSER = { supported: true, permission: "default", endpoint: "" };

test("the switch is on where this browser's subscription is known", () => {
  const here = { ...BROWSER, permission: "granted", endpoint: "https://a/1" };
  assert.equal(pushState({ ...PUSH, push: ["https://a/1"] }, here).on, true);
  assert.equal(pushState({ ...PUSH, push: ["https://a/2"] }, here).on, false);
  assert.equal(pushState({ ...PUSH, push: [""] }, BROWSER).on, false);
});

test("a browser that can't, or may not, says so and what to do", () => {
  const state = (fields) => pushState(PUSH, { ...BROWSER, ...fields });
  assert.deepEqual([state({}).can, state({ supported: false }).can, state({ permission: "denied" }).can], [true, false, false]);
  assert.match(state({ permission: "denied" }).hint, /settings/);
});

test("an address that is not confirmed waits for its link", () => {
  assert.equal(mailHint(NONE), "");
  assert.match(mailHint({ ...NONE, mail: "ada@a.example" }), /Open the link in the mail to ada@a.example/);
  assert.match(mailHint({ ...NONE, mail: "ada@a.example", confirmed: true }), /Mails go to/);
});

test("a key's bytes are those of base64url without padding", () => {
  assert.deepEqual([...keyBytes("-_8")], [251, 255]);
  assert.equal(keyBytes("B".repeat(87)).length, 65);
});
