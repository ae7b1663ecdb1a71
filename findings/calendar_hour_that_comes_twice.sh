#!/bin/sh
# 02:30 on the night in which it comes twice, and in the one in which it does not come: not as RFC 5545 has it.
#
# RFC 5545, 3.3.5: a local time that comes twice means the first of the two (here 00:30Z); one that does not come is read
# with the offset from before the gap (here 01:30Z). ical.js 2.2.1, with the calendar's own VTIMEZONE, gives the second for
# the one and an hour too early for the other; node-ical 0.26.1 has the second for the one as well, and the other right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 node-ical@0.26.1 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import ICAL from "ical.js";
import ical from "node-ical";

const calendar = `BEGIN:VCALENDAR
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
UID:twice@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20261025T023000
DTEND;TZID=Europe/Berlin:20261025T043000
SUMMARY:comes twice
END:VEVENT
BEGIN:VEVENT
UID:gap@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260329T023000
DTEND;TZID=Europe/Berlin:20260329T043000
SUMMARY:does not come
END:VEVENT
END:VCALENDAR
`.replaceAll("\n", "\r\n");

const root = new ICAL.Component(ICAL.parse(calendar));
for (const zone of root.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
for (const part of root.getAllSubcomponents("vevent")) {
  const event = new ICAL.Event(part);
  console.log("ical.js  ", event.summary, event.startDate.toJSDate().toISOString());
}
for (const event of Object.values(ical.sync.parseICS(calendar))) {
  if (event.type === "VEVENT") console.log("node-ical", event.summary, event.start.toISOString());
}
PROGRAM
cat >"$folder/seen" <<'SEEN'
ical.js   comes twice 2026-10-25T01:30:00.000Z
ical.js   does not come 2026-03-29T00:30:00.000Z
node-ical comes twice 2026-10-25T01:30:00.000Z
node-ical does not come 2026-03-29T01:30:00.000Z
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
