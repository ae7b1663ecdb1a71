import assert from "node:assert/strict";
import { test } from "node:test";

import { withStartBitrate } from "../src/whip.js";

test("the start bitrate is a format parameter of each video codec, and of nothing else", () => {
  const lines = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack",
    "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=rtpmap:98 H264/90000", "a=fmtp:98 packetization-mode=1", ""];
  const adjusted = withStartBitrate(lines.join("\r\n"), 1500).split("\r\n");
  assert.deepEqual(adjusted.filter((line) => line.startsWith("a=fmtp")), [
    "a=fmtp:111 useinbandfec=1",
    "a=fmtp:96 x-google-start-bitrate=1500",
    "a=fmtp:97 apt=96",
    "a=fmtp:98 x-google-start-bitrate=1500;packetization-mode=1",
  ]);
  assert.equal(adjusted.length, lines.length + 1);
});
