import assert from "node:assert/strict";
import { test } from "node:test";

import { iceServersOf } from "../src/ice_servers.js";

test("STUN and TURN servers are read from Link headers, other links are not", () => {
  const header =
    '<stun:stun.example:3478>; rel="ice-server", ' +
    '<turn:turn.example:443?transport=tcp>; rel="ice-server"; username="1700000000:p_1"; ' +
    'credential="ab+/="; credential-type="password", </agenda>; rel="next"';
  assert.deepEqual(iceServersOf(header), [
    { urls: "stun:stun.example:3478" },
    { urls: "turn:turn.example:443?transport=tcp", username: "1700000000:p_1", credential: "ab+/=" },
  ]);
});

test("names and passwords may hold quotes and backslashes", () => {
  const header = String.raw`<turn:x>; rel="ice-server"; username="17:g\"u"; credential="a\\\"; b=\"c"; credential-type="password"`;
  assert.deepEqual(iceServersOf(header), [{ urls: "turn:x", username: '17:g"u', credential: String.raw`a\"; b="c` }]);
});

test("without links there are no servers", () => {
  for (const header of [null, "", "rubbish", '<turn:x>; rel="other"']) assert.deepEqual(iceServersOf(header), []);
});
