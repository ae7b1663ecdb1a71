#!/bin/sh
# pysubs2 1.8.1 shows a WebVTT cue's name and the editor's notes to the audience, and takes a year for a number of a cue.
#
# It reads WebVTT as SubRip, where a bare number stands between cues. So "guest-2", which names the next cue, is the last line of
# the one before, as is a NOTE; a last line that is a number is dropped. A line with two times in it, as captioning
# writes between words, begins a cue of its own, and what the line says is lost. None of it is an error.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pysubs2==1.8.1

cat >"$folder/program.py" <<'PROGRAM'
import pysubs2

CAPTIONS = """WEBVTT

00:01.000 --> 00:02.000
See you in
2027

00:02.000 --> 00:03.000
at the same place

guest-2
00:04.000 --> 00:06.000
With pleasure

NOTE Ask Ann whether she said that

00:07.000 --> 00:09.000
<00:07.500>Thank <00:08.000>you
"""

for event in pysubs2.SSAFile.from_string(CAPTIONS):
    print(event.start, event.end, repr(event.plaintext))
PROGRAM
cat >"$folder/seen" <<'SEEN'
1000 2000 'See you in'
2000 3000 'at the same place\n\nguest-2'
4000 6000 'With pleasure\n\nNOTE Ask Ann whether she said that'
7000 9000 ''
7500 8000 ''
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
