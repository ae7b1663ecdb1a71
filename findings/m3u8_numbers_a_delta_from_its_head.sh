#!/bin/sh
# m3u8 6.0.0 numbers a playlist's segments wrongly when the server has left out those that the client knows.
#
# RFC 8216bis, 4.4.5.2: EXT-X-SKIP stands for so many segments, which count. The first one after it is 108 here, the library
# says 100: whoever goes on by number from there fetches eight segments again, or takes them for other ones. And a date
# range behind the last part, where a server adds one that begins only now, is in no segment, part or list, nor written.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check m3u8==6.0.0

cat >"$folder/program.py" <<'PROGRAM'
import m3u8

HEAD = """#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3,CAN-SKIP-UNTIL=24
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-MEDIA-SEQUENCE:100
"""
TAIL = """#EXT-X-PART:DURATION=1,URI="s110.0.mp4"
#EXT-X-DATERANGE:ID="talk",START-DATE="2026-03-29T09:30:00.000Z"
"""


def segments(first):
    return "".join(f"#EXTINF:4,\ns{number}.mp4\n" for number in range(first, 110))


for name, text in (
    ("whole", HEAD + segments(100) + TAIL),
    ("delta", HEAD + "#EXT-X-SKIP:SKIPPED-SEGMENTS=8\n" + segments(108) + TAIL),
):
    playlist = m3u8.loads(text)
    numbers = {one.uri or "part": one.media_sequence for one in playlist.segments}
    print(name, {uri: number for uri, number in numbers.items() if uri in ("s108.mp4", "s109.mp4", "part")})
    ranges = [found for one in playlist.segments for found in (one, *one.parts) if found.dateranges]
    print(name, "date ranges read:", len(ranges), "written:", playlist.dumps().count("DATERANGE"))
PROGRAM
cat >"$folder/seen" <<'SEEN'
whole {'s108.mp4': 108, 's109.mp4': 109, 'part': 110}
whole date ranges read: 0 written: 0
delta {'s108.mp4': 100, 's109.mp4': 101, 'part': 102}
delta date ranges read: 0 written: 0
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
