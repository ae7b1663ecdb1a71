#!/bin/sh
# In two hours is in three: arrow 1.4.0 leaves out the hour that comes twice when it counts hours in a place's time.
#
# From 01:30 in Berlin, on the night in which the clocks go back, shift(hours=2) moves the clock's hands to 03:30, three hours
# on, and the difference of the two is said to be two. range and span_range by hours have no second 02:00, so who counts
# by the hour loses all that was in it. Minutes are no better. pendulum 3.3.0 is right each time.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check arrow==1.4.0 pendulum==3.3.0 tzdata==2026.6

cat >"$folder/program.py" <<'PROGRAM'
from datetime import UTC

import arrow
import pendulum


def in_utc(moments):
    return " ".join(f"{moment.astimezone(UTC):%H:%M}" for moment in moments)


began = arrow.get(2026, 10, 25, 1, 30, tzinfo="Europe/Berlin")
print("began at", in_utc([began.datetime]), "UTC")
print("arrow, 2 hours later:", in_utc([began.shift(hours=2).datetime]), "which is later by", began.shift(hours=2) - began)
print("arrow, 120 minutes later:", in_utc([began.shift(minutes=120).datetime]))
print("pendulum, 2 hours later:", in_utc([pendulum.instance(began.datetime).add(hours=2)]))

first, last = (arrow.get(2026, 10, 25, hour, tzinfo="Europe/Berlin") for hour in (1, 4))
print("arrow, hours:", in_utc(one.datetime for one in arrow.Arrow.range("hour", first, last)))
spans = [one.datetime for span in arrow.Arrow.span_range("hour", first, last) for one in span]
print("arrow, spans:", in_utc(spans))
hours = pendulum.interval(pendulum.instance(first.datetime), pendulum.instance(last.datetime)).range("hours")
print("pendulum, hours:", in_utc(hours))
PROGRAM
cat >"$folder/seen" <<'SEEN'
began at 23:30 UTC
arrow, 2 hours later: 02:30 which is later by 2:00:00
arrow, 120 minutes later: 02:30
pendulum, 2 hours later: 01:30
arrow, hours: 23:00 00:00 02:00 03:00
arrow, spans: 23:00 23:59 00:00 00:59 02:00 02:59 03:00 03:59
pendulum, hours: 23:00 00:00 01:00 02:00 03:00
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
