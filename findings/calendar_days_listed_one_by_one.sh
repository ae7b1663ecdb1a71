#!/bin/sh
# A series whose days are listed loses days: node-ical 0.26.1 reads no RDATE, ical.js 2.2.1 and ical 14.3.1 forget the first day.
#
# RFC 5545, 3.8.5.2: RDATE lists further starts of an event, DTSTART is the first of the series. A workshop on Monday that
# comes again on Tuesday and Thursday has three. node-ical knows Monday only, and drops what RDATE adds to an RRULE too; the
# other two, where there is no RRULE, begin on Tuesday. recurring-ical-events 3.8.2 has all three.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  ical==14.3.1 icalendar==7.3.2 recurring-ical-events==3.8.2 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 node-ical@0.26.1 >/dev/null

for rule in "" "RRULE:FREQ=WEEKLY;COUNT=2"; do
  {
    printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//example//talks//EN BEGIN:VEVENT UID:workshop@example.org \
      DTSTAMP:20260101T000000Z DTSTART:20260323T090000Z DTEND:20260323T100000Z
    [ -z "$rule" ] || printf '%s\r\n' "$rule"
    printf '%s\r\n' RDATE:20260324T090000Z,20260326T130000Z SUMMARY:Workshop END:VEVENT END:VCALENDAR
  } >"$folder/${rule:+with_rule_}workshop.ics"
done

cat >"$folder/program.py" <<'PROGRAM'
from pathlib import Path

import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream

for name in ("workshop.ics", "with_rule_workshop.ics"):
    calendar = icalendar.Calendar.from_ical(Path(name).read_bytes())
    events = recurring_ical_events.of(calendar).between((2026, 1, 1), (2027, 1, 1))
    print(name, "recurring-ical-events:", *sorted(f"{event.start:%d.%m.}" for event in events))
    timeline = IcsCalendarStream.calendar_from_ics(Path(name).read_text()).timeline
    print(name, "ical:", *(f"{event.start:%d.%m.}" for event in timeline))
PROGRAM
cat >"$folder/program.mjs" <<'PROGRAM'
import fs from "node:fs";

import ICAL from "ical.js";
import ical from "node-ical";

const day = (date) => date.toISOString().replace(/.*-(\d\d)-(\d\d)T.*/, "$2.$1.");
for (const name of ["workshop.ics", "with_rule_workshop.ics"]) {
  const text = fs.readFileSync(name, "utf8");
  const event = new ICAL.Event(new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent("vevent"));
  const days = event.iterator();
  const found = [];
  for (let next = days.next(); next; next = days.next()) found.push(day(next.toJSDate()));
  console.log(name, "ical.js:", ...found);
  const range = { from: new Date("2026-01-01"), to: new Date("2027-01-01") };
  const read = ical.expandRecurringEvent(ical.sync.parseICS(text)["workshop@example.org"], range);
  console.log(name, "node-ical:", ...read.map((one) => day(one.start)));
}
PROGRAM
cat >"$folder/seen" <<'SEEN'
workshop.ics recurring-ical-events: 23.03. 24.03. 26.03.
workshop.ics ical: 24.03. 26.03.
with_rule_workshop.ics recurring-ical-events: 23.03. 24.03. 26.03. 30.03.
with_rule_workshop.ics ical: 23.03. 24.03. 26.03. 30.03.
workshop.ics ical.js: 24.03. 26.03.
workshop.ics node-ical: 23.03.
with_rule_workshop.ics ical.js: 23.03. 24.03. 26.03. 30.03.
with_rule_workshop.ics node-ical: 23.03. 30.03.
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
TZ=UTC node program.mjs >>output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
