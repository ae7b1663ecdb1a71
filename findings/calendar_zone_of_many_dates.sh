#!/bin/sh
# icalendar 7.3.2 writes a time zone that ical.js 2.2.1 reads wrong: all of Berlin's talks in summer are an hour late.
#
# RFC 5545, 3.6.5: a zone's changes of clocks may be listed by RDATE instead of RRULE, and an RDATE may hold many dates.
# Calendar.add_missing_timezones() lists them so, all in one line. ical.js takes the first date of each line and leaves
# out DTSTART too, so what it knows last is the change of autumn 1981. With one date a line it is right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check icalendar==7.3.2 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 >/dev/null

cat >"$folder/program.py" <<'PROGRAM'
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar

calendar = icalendar.Calendar.new(prodid="-//example//talks//EN")
for month in (1, 7):
    start = datetime(2026, month, 10, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    calendar.add_component(
        icalendar.Event.new(uid=f"{month}@example.org", stamp=datetime(2026, 1, 1, tzinfo=UTC), start=start)
    )
    print("written      ", start.astimezone(UTC))
calendar.add_missing_timezones()
Path("written.ics").write_bytes(calendar.to_ical())
for event in icalendar.Calendar.from_ical(calendar.to_ical()).events:
    print("icalendar    ", event.start.astimezone(UTC))

# the same with one date a line
for zone in calendar.walk("VTIMEZONE"):
    for part in zone.subcomponents:
        if "RDATE" in part:
            dates = [value.dt for value in part.pop("RDATE").dts]
            for date in dates:
                part.add("RDATE", [date])
Path("one_a_line.ics").write_bytes(calendar.to_ical())
PROGRAM
cat >"$folder/program.mjs" <<'PROGRAM'
import fs from "node:fs";

import ICAL from "ical.js";

for (const name of ["written.ics", "one_a_line.ics"]) {
  ICAL.TimezoneService.reset();
  const root = new ICAL.Component(ICAL.parse(fs.readFileSync(name, "utf8")));
  for (const zone of root.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  for (const part of root.getAllSubcomponents("vevent")) {
    console.log("ical.js", name, new ICAL.Event(part).startDate.toJSDate().toISOString());
  }
}
PROGRAM
cat >"$folder/seen" <<'SEEN'
written       2026-01-10 11:00:00+00:00
written       2026-07-10 10:00:00+00:00
icalendar     2026-01-10 11:00:00+00:00
icalendar     2026-07-10 10:00:00+00:00
ical.js written.ics 2026-01-10T11:00:00.000Z
ical.js written.ics 2026-07-10T11:00:00.000Z
ical.js one_a_line.ics 2026-01-10T11:00:00.000Z
ical.js one_a_line.ics 2026-07-10T10:00:00.000Z
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
TZ=UTC node program.mjs >>output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
