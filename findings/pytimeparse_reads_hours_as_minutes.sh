#!/bin/sh
# A schedule's talk of an hour and a half lasts 90 seconds, by pytimeparse 1.1.10.
#
# Conference schedules in the frab format have <duration>01:30</duration> for an hour and a half. pytimeparse reads two parts as
# minutes and seconds, three as hours, minutes and seconds, and a bare number of minutes, as other exports have it, not at
# all. None of these is an error, so a programme imported by it is sixty times too short.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pytimeparse==1.1.10

cat >"$folder/program.py" <<'PROGRAM'
from pytimeparse import parse

for duration in ("01:30", "00:45", "1:30:00", "90"):
    print(duration, parse(duration))
PROGRAM
cat >"$folder/seen" <<'SEEN'
01:30 90
00:45 45
1:30:00 5400
90 None
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
