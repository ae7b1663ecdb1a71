#!/bin/sh
# A talk in "Art, Music" is in two categories, neither of that name: node-ical 0.26.1 and what RFC 5545 escapes.
#
# RFC 5545, 3.3.11: a comma that belongs to a text is written \, and a backslash \\. node-ical splits CATEGORIES at both kinds of comma,
# and keeps the backslash; it takes the second of two backslashes together with the n behind it, so that a path breaks into
# lines; and a speaker's name is left as RFC 6868 wrote it. The calendar is icalendar 7.3.2's; it and ical.js 2.2.1 agree.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check icalendar==7.3.2 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 node-ical@0.26.1 >/dev/null

cat >"$folder/program.py" <<'PROGRAM'
from datetime import UTC, datetime
from pathlib import Path

import icalendar

event = icalendar.Event.new(
    uid="talk@example.org",
    stamp=datetime(2026, 1, 1, tzinfo=UTC),
    start=datetime(2026, 3, 23, 9, tzinfo=UTC),
    summary=r"Where C:\new comes from",
    categories=["Art, Music", "Talk"],
    organizer=icalendar.vCalAddress.new("ann@example.org", cn='Ann "Annie" Lee'),
)
calendar = icalendar.Calendar.new(prodid="-//example//talks//EN", subcomponents=[event])
Path("talk.ics").write_bytes(calendar.to_ical())
PROGRAM
cat >"$folder/program.mjs" <<'PROGRAM'
import fs from "node:fs";

import ICAL from "ical.js";
import ical from "node-ical";

const text = fs.readFileSync("talk.ics", "utf8");
for (const line of text.split("\r\n")) if (/^(SUMMARY|CATEGORIES|ORGANIZER)/.test(line)) console.log("written:", line);
const show = (who, ...values) => console.log(who, values.map((value) => JSON.stringify(value)).join("  "));
const part = new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent("vevent");
const name = part.getFirstProperty("organizer").getParameter("cn");
show("ical.js:", part.getFirstPropertyValue("summary"), part.getFirstProperty("categories").getValues(), name);
const event = ical.sync.parseICS(text)["talk@example.org"];
show("node-ical:", event.summary, event.categories, event.organizer.params.CN);
PROGRAM
cat >"$folder/seen" <<'SEEN'
written: SUMMARY:Where C:\\new comes from
written: CATEGORIES:Art\, Music,Talk
written: ORGANIZER;CN="Ann ^'Annie^' Lee":mailto:ann@example.org
ical.js: "Where C:\\new comes from"  ["Art, Music","Talk"]  "Ann \"Annie\" Lee"
node-ical: "Where C:\\\new comes from"  ["Art\\","Music","Talk"]  "Ann ^'Annie^' Lee"
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py
TZ=UTC node program.mjs >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
