#!/bin/sh
# Captions of an event's second day are written as of its first, or are gone: three libraries and hours beyond 23, or 99.
#
# WebVTT's hours have two digits or more, and no end: a live stream's clock runs on. pycaption 2.3.14 writes 25:00 as 01:00,
# and a cue over midnight ends before it begins. subtitle 4.2.2 (npm) does that too, and writes the lost hours as milliseconds
# behind the point. media-captions 1.0.4 drops all cues from the hundredth hour on, as invalid if it is asked for errors.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pycaption==2.3.14
npm install --silent --no-audit --no-fund --prefix "$folder" subtitle@4.2.2 media-captions@1.0.4 >/dev/null

cat >"$folder/captions.vtt" <<'CAPTIONS'
WEBVTT

23:59:59.000 --> 24:00:01.000
over midnight

25:00:01.250 --> 25:00:02.250
on the second day

100:00:00.000 --> 100:00:01.000
on the fifth day
CAPTIONS
cat >"$folder/program.py" <<'PROGRAM'
from pathlib import Path

from pycaption import WebVTTReader, WebVTTWriter

written = WebVTTWriter().write(WebVTTReader().read(Path("captions.vtt").read_text()))
for line in written.splitlines():
    if "-->" in line:
        print("pycaption:", line)
PROGRAM
cat >"$folder/program.mjs" <<'PROGRAM'
import fs from "node:fs";

import { parseText } from "media-captions";
import subtitle from "subtitle";

const captions = fs.readFileSync("captions.vtt", "utf8");
const written = subtitle.stringifySync(subtitle.parseSync(captions), { format: "WebVTT" });
for (const line of written.split("\n")) if (line.includes("-->")) console.log("subtitle:", line);
const { cues, errors } = await parseText(captions, { type: "vtt", errors: true });
for (const cue of cues) console.log("media-captions:", cue.startTime, cue.text);
for (const error of errors) console.log("media-captions:", error.message);
PROGRAM
cat >"$folder/seen" <<'SEEN'
pycaption: 23:59:59.000 --> 00:00:01.000
pycaption: 01:00:01.250 --> 01:00:02.250
pycaption: 04:00:00.000 --> 04:00:01.000
subtitle: 23:59:59.000 --> 00:00:01.86400000
subtitle: 01:00:01.86400250 --> 01:00:02.86400250
subtitle: 04:00:00.345600000 --> 04:00:01.345600000
media-captions: 86399 over midnight
media-captions: 90001.25 on the second day
media-captions: cue start timestamp `100:00:00.000` is invalid on line 9
media-captions: cue end timestamp `100:00:01.000` is invalid on line 9
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
TZ=UTC node program.mjs >>output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
