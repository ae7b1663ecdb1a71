#!/bin/sh
# A talk until midnight ends 22 hours before it begins: aniso8601 10.0.1 reads the 24:00 of a day as its 00:00.
#
# ISO 8601 has 24:00 for the end of a day, which is the same moment as 00:00 of the next. aniso8601 takes it, keeps the date, and
# makes the hour 0; in an interval too, whose end is then before its start. arrow 1.4.0 and dateutil 2.9.0 have the
# next day; those that do not know it, such as isodate 0.7.2, say so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  aniso8601==10.0.1 arrow==1.4.0 python-dateutil==2.9.0.post0 isodate==0.7.2

cat >"$folder/program.py" <<'PROGRAM'
import aniso8601
import arrow
import isodate
from dateutil.parser import isoparse

MIDNIGHT = "2026-10-24T24:00:00Z"
print("aniso8601:", aniso8601.parse_datetime(MIDNIGHT))
print("arrow:", arrow.get(MIDNIGHT).datetime)
print("dateutil:", isoparse(MIDNIGHT))
try:
    print("isodate:", isodate.parse_datetime(MIDNIGHT))
except ValueError as error:
    print("isodate:", error)
start, end = aniso8601.parse_interval(f"2026-10-24T22:00:00Z/{MIDNIGHT}")
print("aniso8601, a talk of two hours:", end - start)
PROGRAM
cat >"$folder/seen" <<'SEEN'
aniso8601: 2026-10-24 00:00:00+00:00
arrow: 2026-10-25 00:00:00+00:00
dateutil: 2026-10-25 00:00:00+00:00
isodate: hour must be in 0..23
aniso8601, a talk of two hours: -1 day, 2:00:00
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
