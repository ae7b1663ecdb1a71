#!/bin/sh
# m3u8-parser 7.2.0 tells that a part is missing, but not that a whole segment is.
#
# draft-pantos-hls-rfc8216bis has EXT-X-GAP for a segment and GAP=YES for a part: the media is not there and should not be
# asked for. The parser keeps the latter and drops the former, so what stands on it asks for a segment that is known
# to be missing, and a recorder's gap looks like a server's error.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" m3u8-parser@7.2.0 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import { Parser } from "m3u8-parser";

const parser = new Parser();
parser.push(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002
#EXT-X-PART-INF:PART-TARGET=0.334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-MAP:URI="init.mp4"
#EXT-X-GAP
#EXTINF:4,
s266.mp4
#EXT-X-PART:DURATION=0.334,URI="p267.0.mp4",GAP=YES
#EXTINF:0.334,
s267.mp4
`);
parser.end();
const [missing, withParts] = parser.manifest.segments;
console.log("segment", missing.uri, "gap" in missing);
console.log("part", withParts.parts[0].uri, withParts.parts[0].gap);
PROGRAM
cat >"$folder/seen" <<'SEEN'
segment s266.mp4 false
part p267.0.mp4 true
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
