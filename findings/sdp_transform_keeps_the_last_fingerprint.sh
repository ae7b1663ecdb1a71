#!/bin/sh
# sdp-transform 3.0.0 keeps one of two fingerprints, one of two ICE options, and no ufrag of a candidate.
#
# RFC 8122, 5: a description may have several a=fingerprint lines, and whoever connects needs only one that matches. Of two,
# the last is kept; the peer may have meant the first. Likewise "a=ice-options:trickle ice2" (RFC 8839, 5.6) loses "ice2", and
# a candidate loses the ufrag that tells which ICE generation it belongs to. Writing what was read shows all three.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" sdp-transform@3.0.0 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import transform from "sdp-transform";

const sha256 = Array(32).fill("AB").join(":");
const sha512 = Array(64).fill("CD").join(":");
const sdp = `v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
a=ice-options:trickle ice2
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=fingerprint:sha-256 ${sha256}
a=fingerprint:sha-512 ${sha512}
a=rtpmap:111 opus/48000/2
a=candidate:1 1 udp 2130706431 192.0.2.1 39132 typ host ufrag abcd
`.replaceAll("\n", "\r\n");
const written = transform.write(transform.parse(sdp)).split("\r\n");
for (const line of sdp.split("\r\n")) if (!written.includes(line)) console.log("lost:", line.slice(0, 72));
PROGRAM
cat >"$folder/seen" <<'SEEN'
lost: a=ice-options:trickle ice2
lost: a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB
lost: a=candidate:1 1 udp 2130706431 192.0.2.1 39132 typ host ufrag abcd
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
