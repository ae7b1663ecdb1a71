import assert from "node:assert/strict";
import { test } from "node:test";

import { restartFragment, restartedAnswer } from "../src/ice_restart.js";

const sdp = (/** @type {string[]} */ ...lines) => [...lines, ""].join("\r\n");
const OFFER = sdp("v=0", "a=group:BUNDLE 0 1", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=ice-ufrag:new", "a=ice-pwd:secret",
  "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host", "a=mid:0", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=ice-ufrag:new",
  "a=ice-pwd:secret", "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host", "a=mid:1");
const ANSWER = sdp("v=0", "a=ice-lite", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=ice-ufrag:old", "a=ice-pwd:older",
  "a=candidate:1 1 udp 1 192.0.2.1 7000 typ host", "a=end-of-candidates", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1",
  "a=ice-ufrag:old", "a=ice-pwd:older", "a=rtcp-mux");

test("a fragment has the new credentials and the candidates of the bundle once", () => {
  assert.equal(restartFragment(OFFER), sdp("a=ice-ufrag:new", "a=ice-pwd:secret", "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0", "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host", "a=end-of-candidates"));
});

test("the answer goes on with the server's new credentials and candidates, else as it was", () => {
  const fragment = sdp("a=ice-ufrag:s2", "a=ice-pwd:p2", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0",
    "a=candidate:1 1 udp 1 192.0.2.2 7001 typ host", "a=end-of-candidates");
  assert.equal(restartedAnswer(ANSWER, fragment), sdp("v=0", "a=ice-lite", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0",
    "a=candidate:1 1 udp 1 192.0.2.2 7001 typ host", "a=end-of-candidates", "a=ice-ufrag:s2", "a=ice-pwd:p2",
    "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=ice-ufrag:s2", "a=ice-pwd:p2", "a=rtcp-mux"));
});

test("a fragment without candidates leaves those of the answer", () => {
  const restarted = restartedAnswer(ANSWER, sdp("a=ice-ufrag:s2", "a=ice-pwd:p2"));
  assert.match(restarted, /192\.0\.2\.1 7000/);
  assert.doesNotMatch(restarted, /old/);
});
