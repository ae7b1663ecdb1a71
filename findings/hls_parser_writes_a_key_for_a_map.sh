#!/bin/sh
# hls-parser 0.16.1 reads a low-latency playlist and writes one that no player can open.
#
# While a segment is still being made, a playlist ends with its parts. After an EXT-X-MAP that applies to them too,
# stringify(parse(playlist)) writes an EXT-X-KEY with METHOD=undefined and the map's address before the trailing parts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" hls-parser@0.16.1 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import HLS from "hls-parser";

const playlist = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002
#EXT-X-PART-INF:PART-TARGET=0.334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PART:DURATION=0.334,URI="p266.0.mp4",INDEPENDENT=YES
#EXTINF:0.334,
s266.mp4
#EXT-X-PART:DURATION=0.334,URI="p267.0.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p267.1.mp4",BYTERANGE-START=0
`;
console.log(HLS.stringify(HLS.parse(playlist)));
PROGRAM
cat >"$folder/seen" <<'SEEN'
#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002
#EXT-X-PART-INF:PART-TARGET=0.334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PART:DURATION=0.334,URI="p266.0.mp4",INDEPENDENT=YES
#EXTINF:0.334,
s266.mp4
#EXT-X-KEY:METHOD=undefined,URI="init.mp4"
#EXT-X-PART:DURATION=0.334,URI="p267.0.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p267.1.mp4",BYTERANGE-START=0
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
