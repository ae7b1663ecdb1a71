#!/bin/sh
# hls-parser 0.16.1 keeps the last of the date ranges before a segment: of three talks, breaks or ads, two are gone.
#
# RFC 8216bis, 4.4.5.1: a playlist may have any number of EXT-X-DATERANGE, at any place, and one with an ID that was there
# adds attributes to it. A segment here has one dateRange, which the next tag overwrites, whatever its ID. So the playlist's
# first lines, where a server that has cleared away old segments lists all that still runs, lose most.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" hls-parser@0.16.1 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import HLS from "hls-parser";

const playlist = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:50
#EXT-X-PROGRAM-DATE-TIME:2026-03-29T09:30:00.000Z
#EXT-X-DATERANGE:ID="show",START-DATE="2026-03-29T09:00:00.000Z",X-TITLE="All day"
#EXT-X-DATERANGE:ID="talk",CLASS="talk",START-DATE="2026-03-29T09:30:00.000Z",PLANNED-DURATION=1800
#EXT-X-DATERANGE:ID="vote",START-DATE="2026-03-29T09:30:01.000Z",DURATION=2
#EXTINF:4,
s50.mp4
#EXT-X-DATERANGE:ID="talk",CLASS="talk",START-DATE="2026-03-29T09:30:00.000Z",X-SPEAKER="Ann"
#EXT-X-DATERANGE:ID="next",CLASS="talk",START-DATE="2026-03-29T10:00:00.000Z"
#EXTINF:4,
s51.mp4
`;
const ids = (text) => text.split("\n").flatMap((line) => line.match(/DATERANGE:ID="(\w+)"/)?.[1] ?? []);
const parsed = HLS.parse(playlist);
console.log("in the playlist:", ...ids(playlist));
console.log("read:", ...parsed.segments.map((one) => one.dateRange.id));
console.log("written:", ...ids(HLS.stringify(parsed)));
PROGRAM
cat >"$folder/seen" <<'SEEN'
in the playlist: show talk vote talk next
read: vote next
written: vote next
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
