import assert from "node:assert/strict";
import { test } from "node:test";

import { withStereo } from "../src/signalling.js";

const MAP = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";

test("an offer says that it takes stereo", () => {
  const offer = `${MAP}a=fmtp:111 minptime=10;useinbandfec=1\r\na=sendrecv\r\n`;
  const said = `${MAP}a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\na=sendrecv\r\n`;
  assert.equal(withStereo(offer), said);
  assert.equal(withStereo(said), said);
});

test("an offer without parameters for Opus gets some", () => {
  assert.equal(withStereo(MAP), `${MAP}a=fmtp:111 stereo=1\r\n`);
});

test("what is no stereo Opus stays as it is", () => {
  for (const sdp of ["", "m=audio 9 X 0\r\na=rtpmap:0 PCMU/8000\r\n"]) assert.equal(withStereo(sdp), sdp);
  const told = `${MAP}a=fmtp:111 stereo=0;useinbandfec=1\r\n`;
  assert.equal(withStereo(told), told);
});
