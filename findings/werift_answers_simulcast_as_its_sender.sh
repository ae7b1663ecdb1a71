#!/bin/sh
# werift 0.24.4 answers "I send these" to who sends simulcast, once the offer says more of its layers than their names.
#
# RFC 8851, 8853: "a=rid:l send max-width=320" is answered with "a=rid:l recv", and simulcast's direction is turned round likewise.
# werift does that for "a=rid:l send" alone; with any restriction behind it (a payload type, a size, a rate) it gives the
# lines back as they came. An answer that accepts says recv; by this one the sender has leave for one layer only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" werift@0.24.4 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import { RTCPeerConnection } from "werift";

const offer = (high, low) =>
  `v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=rtcp-mux
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}
a=setup:actpass
a=rtpmap:96 VP8/90000
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=rid:h send${high}
a=rid:l send${low}
a=simulcast:send h;l
`.replaceAll("\n", "\r\n");

for (const restrictions of [["", ""], [" pt=96", " pt=96"], [" max-width=1280", " max-width=320;max-fps=15"]]) {
  const connection = new RTCPeerConnection();
  await connection.setRemoteDescription({ type: "offer", sdp: offer(...restrictions) });
  const { sdp } = await connection.createAnswer();
  const lines = sdp.split("\r\n").filter((line) => /^a=(rid|simulcast):/.test(line));
  console.log(JSON.stringify(restrictions), lines.map((line) => line.trim()).join(", "));
  await connection.close();
}
process.exit(0);
PROGRAM
cat >"$folder/seen" <<'SEEN'
["",""] a=rid:h recv, a=rid:l recv, a=simulcast:recv h;l
[" pt=96"," pt=96"] a=rid:h send, a=rid:l send, a=simulcast:send h;l
[" max-width=1280"," max-width=320;max-fps=15"] a=rid:h send, a=rid:l send, a=simulcast:send h;l
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
