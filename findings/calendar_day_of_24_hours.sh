#!/bin/sh
# "The same time tomorrow" is an hour off: node-ical 0.26.1 reads a duration of a day as 24 hours.
#
# RFC 5545, 3.3.6: a DURATION in days is nominal, so P1D from noon in Berlin ends at noon, though the night between is an
# hour shorter: at 10:00Z. node-ical ends it at 11:00Z, which is 13:00 there, just as it does for PT24H.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" node-ical@0.26.1 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import ical from "node-ical";

const event = (duration) => `BEGIN:VEVENT
UID:${duration}@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260328T120000
DURATION:${duration}
SUMMARY:${duration}
END:VEVENT`;
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
${event("P1D")}
${event("PT24H")}
END:VCALENDAR
`.replaceAll("\n", "\r\n");

for (const one of Object.values(ical.sync.parseICS(calendar))) {
  if (one.type === "VEVENT") console.log(one.summary, one.end.toISOString());
}
PROGRAM
cat >"$folder/seen" <<'SEEN'
P1D 2026-03-29T11:00:00.000Z
PT24H 2026-03-29T11:00:00.000Z
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
