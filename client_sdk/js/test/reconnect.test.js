import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffMs, closeVerdict } from "../src/reconnect.js";

test("the ranges of close codes tell whether to come back", () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4004, 4499]) {
    assert.equal(closeVerdict(code, "").comeBack, true, String(code));
  }
  for (const code of [1002, 1003, 1007, 1008, 1009, 4500, 4501, 4502, 4503, 4504, 4505, 4999]) {
    assert.equal(closeVerdict(code, "").comeBack, false, String(code));
  }
});

test("the reason carries a code and the server's delay", () => {
  const verdict = closeVerdict(1013, "unavailable retry_after_ms=1500");
  assert.deepEqual(verdict, { comeBack: true, newToken: false, retryAfterMs: 1500, code: "unavailable" });
  assert.equal(closeVerdict(4003, "token_expired").newToken, true);
  assert.equal(closeVerdict(4004, "token_not_yet").newToken, false);
  assert.equal(closeVerdict(4503, "").code, "close_4503");
  assert.equal(closeVerdict(1012, "retry_after_ms=x").retryAfterMs, null);
});

test("back-off is full jitter from 0 to min(20 s, 0.5 s × 2ⁿ)", () => {
  assert.equal(backoffMs(0, 0), 0);
  assert.equal(backoffMs(0, 1), 500);
  assert.equal(backoffMs(3, 0.5), 2000);
  assert.equal(backoffMs(6, 1), 20_000);
  assert.equal(backoffMs(5000, 1), 20_000);
});
