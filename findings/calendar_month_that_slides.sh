#!/bin/sh
# A meeting on the 31st of every month moves to the 28th in February and stays there: node-ical 0.26.1.
#
# RFC 5545, 3.3.10: a date that a rule makes and that does not exist is left out, so a monthly event that began on 31 January
# comes in March, May, July and August next. node-ical (by rrule-temporal 1.6.0, which it asks for) shortens it to the end
# of February, and goes on from there; 29 February, every year, is 28 February ever after. The same rule with BYMONTHDAY=31
# written out is read right, and rrule-temporal 2.2.8 by itself is right about both: the fix is there, but not asked for.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-audit --no-fund --prefix "$folder" node-ical@0.26.1 rrule-temporal@1.6.0 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import ical from "node-ical";

const RULES = [
  ["20260131", "FREQ=MONTHLY;COUNT=5"],
  ["20260131", "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5"],
  ["20260130", "FREQ=MONTHLY;COUNT=5"],
  ["20240229", "FREQ=YEARLY;COUNT=3"],
];
for (const [day, rule] of RULES) {
  const calendar = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//talks//EN
BEGIN:VEVENT
UID:meeting@example.org
DTSTAMP:20240101T000000Z
DTSTART:${day}T100000Z
DTEND:${day}T110000Z
RRULE:${rule}
SUMMARY:Meeting
END:VEVENT
END:VCALENDAR
`.replaceAll("\n", "\r\n");
  const event = ical.sync.parseICS(calendar)["meeting@example.org"];
  const found = ical.expandRecurringEvent(event, { from: new Date("2024-01-01"), to: new Date("2034-01-01") });
  console.log(rule, found.map((one) => one.start.toISOString().slice(0, 10)).join(" "));
}
PROGRAM
cat >"$folder/seen" <<'SEEN'
FREQ=MONTHLY;COUNT=5 2026-01-31 2026-02-28 2026-03-28 2026-04-28 2026-05-28
FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5 2026-01-31 2026-03-31 2026-05-31 2026-07-31 2026-08-31
FREQ=MONTHLY;COUNT=5 2026-01-30 2026-02-28 2026-03-28 2026-04-28 2026-05-28
FREQ=YEARLY;COUNT=3 2024-02-29 2025-02-28 2026-02-28
SEEN

cd "$folder"
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
