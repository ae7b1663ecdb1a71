#!/bin/sh
# A talk of 90 minutes that lasts 150: three calendar libraries and an hour given as a duration.
#
# RFC 5545, 3.3.6: hours and minutes of a DURATION are exact, whatever the clocks do meanwhile. A talk that begins at
# 01:30 in Berlin, on the night in which the clocks go back, and has PT1H30M, ends at 01:00Z. icalendar 7.3.2, ics 0.7.3
# and vobject 0.9.9 add the duration to the local time, and end it an hour late. So DTEND is the safer thing to write.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check icalendar==7.3.2 ics==0.7.3 vobject==0.9.9 tzdata==2026.6

cat >"$folder/program.py" <<'PROGRAM'
from datetime import UTC

import icalendar
import ics
import vobject

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//talks//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:talk@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20261025T013000
DURATION:PT1H30M
SUMMARY:Over the change of clocks
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")

talk = icalendar.Calendar.from_ical(CALENDAR).events[0]
print("icalendar", talk.start.astimezone(UTC), "to", talk.end.astimezone(UTC))
(talk,) = ics.Calendar(CALENDAR).events
print("ics      ", talk.begin.to("utc").datetime, "to", talk.end.to("utc").datetime)
talk = vobject.readOne(CALENDAR).vevent
end = talk.dtstart.value + talk.duration.value
print("vobject  ", talk.dtstart.value.astimezone(UTC), "to", end.astimezone(UTC))
PROGRAM
cat >"$folder/seen" <<'SEEN'
icalendar 2026-10-24 23:30:00+00:00 to 2026-10-25 02:00:00+00:00
ics       2026-10-24 23:30:00+00:00 to 2026-10-25 02:00:00+00:00
vobject   2026-10-24 23:30:00+00:00 to 2026-10-25 02:00:00+00:00
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
