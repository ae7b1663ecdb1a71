#!/bin/sh
# hls-parser 0.16.1 begins parts of a file at byte -1, and takes the hint at a head to come for the head of what is there.
#
# RFC 8216bis, 4.4.4.9: a part's BYTERANGE without an offset begins where the part before it ended. For segments hls-parser
# adds this up, for parts it says -1, and writes 120@-1, without the quotes that the tag needs. An EXT-X-PRELOAD-HINT of TYPE=MAP
# (4.4.5.3) tells of a resource that may be asked for soon; it comes out as an EXT-X-MAP with "undefined@0" in it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" hls-parser@0.16.1 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import HLS from "hls-parser";

const playlist = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-MEDIA-SEQUENCE:5
#EXT-X-PART:DURATION=1,URI="s5.mp4",BYTERANGE="100@0",INDEPENDENT=YES
#EXT-X-PART:DURATION=1,URI="s5.mp4",BYTERANGE="120"
#EXTINF:2,
#EXT-X-BYTERANGE:220@0
s5.mp4
#EXTINF:2,
#EXT-X-BYTERANGE:230
s5.mp4
#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="head2.mp4"
`;
const parsed = HLS.parse(playlist);
const [first, second] = parsed.segments;
console.log("segments begin at", first.byterange.offset, second.byterange.offset);
console.log("parts begin at", ...first.parts.map((part) => part.byterange.offset));
for (const line of HLS.stringify(parsed).split("\n")) if (/PART:|MAP|HINT/.test(line)) console.log(line);
PROGRAM
cat >"$folder/seen" <<'SEEN'
segments begin at 0 220
parts begin at 0 -1
#EXT-X-PART:DURATION=1,URI="s5.mp4",BYTERANGE=100@0,INDEPENDENT=YES
#EXT-X-PART:DURATION=1,URI="s5.mp4",BYTERANGE=120@-1
#EXT-X-MAP:URI="head2.mp4",BYTERANGE="undefined@0"
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
