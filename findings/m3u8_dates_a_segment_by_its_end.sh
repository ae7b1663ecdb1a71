#!/bin/sh
# m3u8 6.0.0 gives a segment with parts the date of its end.
#
# EXT-X-PROGRAM-DATE-TIME is the date of the first sample of the segment that follows, and current_program_date_time says so.
# Where that segment has EXT-X-PART lines, it is later by all of their durations, though program_date_time of the same segment
# is right. So what is placed by it comes a segment too late, in low-latency playlists only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check m3u8==6.0.0

cat >"$folder/program.py" <<'PROGRAM'
import m3u8

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002
#EXT-X-PART-INF:PART-TARGET=0.334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-02-14T10:00:00.000Z
#EXTINF:1.002,
whole.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-02-14T10:00:10.000Z
#EXT-X-PART:DURATION=0.334,URI="0.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.334,URI="1.mp4"
#EXT-X-PART:DURATION=0.334,URI="2.mp4"
#EXTINF:1.002,
parts.mp4
"""
for segment in m3u8.loads(PLAYLIST).segments:
    print(segment.uri, segment.program_date_time.time(), segment.current_program_date_time.time())
PROGRAM
cat >"$folder/seen" <<'SEEN'
whole.mp4 10:00:00 10:00:00
parts.mp4 10:00:10 10:00:11.002000
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
