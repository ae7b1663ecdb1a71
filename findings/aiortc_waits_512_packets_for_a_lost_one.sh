#!/bin/sh
# aiortc 1.16.0 shows no picture after a packet that never comes until 511 more have come, even if all are keyframes.
#
# A browser that has asked in vain goes on at the next keyframe. aiortc's receiver keeps every frame behind the gap until its
# buffer is full: with 25 packets a second, which is a small talking head, the picture stands for 20 seconds, and is
# late by as much from then on. So a viewer by aiortc is a poor judge of a sender that repeats nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check aiortc==1.16.0

cat >"$folder/program.py" <<'PROGRAM'
import inspect
import re

from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtp import RtpPacket

made = re.search(r"JitterBuffer\((.*is_video=True)\)", inspect.getsource(RTCRtpReceiver))
print("the receiver's:", made[1])
buffer = JitterBuffer(capacity=512, is_video=True)
for sequence in range(1, 1500):
    if sequence == 100:
        continue  # lost for good; each packet is a keyframe, whole and by itself
    packet = RtpPacket(payload_type=96, sequence_number=sequence, timestamp=3600 * sequence)
    packet._data = b"keyframe"
    asks, frame = buffer.add(packet)
    if frame is not None and frame.timestamp in (98 * 3600, 99 * 3600, 101 * 3600):
        print(f"packet {sequence}: frame {frame.timestamp // 3600} comes out")
    if asks and sequence < 650:
        print(f"packet {sequence}: a keyframe is asked for")
PROGRAM
cat >"$folder/seen" <<'SEEN'
the receiver's: capacity=512, is_video=True
packet 99: frame 98 comes out
packet 611: frame 101 comes out
packet 611: a keyframe is asked for
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
