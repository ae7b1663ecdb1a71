#!/bin/sh
# An invitation from Outlook comes two hours late: ics 0.7.3 reads every zone that it has no name for as UTC, in silence.
#
# RFC 5545, 3.8.3.1: a TZID is any name, and the calendar's own VTIMEZONE of that name says what it means. ics asks the
# computer for a zone of that name instead. So 10:00 in "W. Europe Standard Time", as Windows calls Berlin's, is 10:00Z, and
# is written as that from then on. icalendar 7.3.2 reads all four rightly; VTIMEZONEs are the same but for the name.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check ics==0.7.3 icalendar==7.3.2 tzdata==2026.6

cat >"$folder/program.py" <<'PROGRAM'
from datetime import UTC

import icalendar
import ics

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//talks//EN
BEGIN:VTIMEZONE
TZID:{zone}
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:talk@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID={zone}:20260730T100000
DTEND;TZID={zone}:20260730T110000
SUMMARY:Talk
END:VEVENT
END:VCALENDAR
"""

for zone in ("Europe/Berlin", "W. Europe Standard Time", "Customized Time Zone", "Main stage"):
    text = CALENDAR.format(zone=zone).replace("\n", "\r\n")
    (read,) = ics.Calendar(text).events
    (right,) = icalendar.Calendar.from_ical(text).events
    print(f"{zone}: ics {read.begin.to('utc'):HH:mm}, icalendar {right.start.astimezone(UTC):%H:%M}")
PROGRAM
cat >"$folder/seen" <<'SEEN'
Europe/Berlin: ics 08:00, icalendar 08:00
W. Europe Standard Time: ics 10:00, icalendar 08:00
Customized Time Zone: ics 10:00, icalendar 08:00
Main stage: ics 10:00, icalendar 08:00
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
