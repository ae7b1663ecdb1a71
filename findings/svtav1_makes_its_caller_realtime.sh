#!/bin/sh
# SVT-AV1 gives the thread that opens it real-time priority, if that is root's: SCHED_FIFO 99, the highest there is, for good.
#
# What the thread starts afterwards inherits it, other programs too. Two of those that spin leave the rest of two cores five
# percent. Seen with PyAV 18.1.0 (SVT-AV1 inside) on Linux; the other encoders there leave their caller alone. Whoever
# has another effective user while it is opened is left alone too.
set -eu
[ "$(id -u)" = 0 ] || { echo "needs root: only root's threads are changed" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check av==18.1.0

cat >"$folder/program.py" <<'PROGRAM'
import os
import subprocess
import sys
from fractions import Fraction

import av

NAMES = {os.SCHED_OTHER: "SCHED_OTHER", os.SCHED_FIFO: "SCHED_FIFO"}
ASK = "import os; print(os.sched_getscheduler(0), os.sched_getparam(0).sched_priority)"


def encode(codec):
    encoder = av.CodecContext.create(codec, "w")
    encoder.width = encoder.height = 128
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
    frame = av.VideoFrame(128, 128, "yuv420p")
    frame.pts = 0
    encoder.encode(frame)
    encoder.encode(None)


def tell(when):
    policy, priority = map(int, subprocess.check_output([sys.executable, "-c", ASK]).split())
    print(f"{when}: {NAMES[os.sched_getscheduler(0)]}, a child {NAMES[policy]} {priority}")


os.seteuid(65534)
encode("libsvtav1")
os.seteuid(0)
tell("libsvtav1 as nobody")
for codec in ("libx264", "libvpx-vp9", "libsvtav1"):
    encode(codec)
    tell(codec)
PROGRAM
cat >"$folder/seen" <<'SEEN'
libsvtav1 as nobody: SCHED_OTHER, a child SCHED_OTHER 0
libx264: SCHED_OTHER, a child SCHED_OTHER 0
libvpx-vp9: SCHED_OTHER, a child SCHED_OTHER 0
libsvtav1: SCHED_FIFO, a child SCHED_FIFO 99
SEEN
SVT_LOG=1 "$folder/env/bin/python" "$folder/program.py" >"$folder/output"
cat "$folder/output"
diff "$folder/seen" "$folder/output" >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
