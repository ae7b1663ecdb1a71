#!/bin/sh
# libsrtp refuses to protect a packet again, and one that comes late: the check for replay holds for senders too.
#
# A forwarder that protects packets as they come in (out of order by a few, or once more since a receiver asked for one without
# RTX) gets an error from its own session: "bad index" for a number that was sent, "index too old" for one that is more
# than 128 behind the newest, though it was never sent. In pylibsrtp 1.0.0 Policy.allow_repeat_tx helps against the first
# only; for the second Policy.window_size has to be large from the beginning.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pylibsrtp==1.0.0

cat >"$folder/program.py" <<'PROGRAM'
import struct

from pylibsrtp import Error, Policy, Session


def protect(session, sequence):
    packet = struct.pack(">BBHII", 0x80, 96, sequence, 0, 1) + bytes(20)
    try:
        session.protect(packet)
        return "sent"
    except Error as error:
        return str(error)


for repeats in (False, True):
    policy = Policy(key=bytes(range(30)), ssrc_type=Policy.SSRC_ANY_OUTBOUND)
    policy.allow_repeat_tx = repeats
    session = Session(policy)
    for sequence in (1000, 1000, 1500, 1400, 1200):
        print(f"repeats allowed: {repeats}, {sequence}: {protect(session, sequence)}")
PROGRAM
cat >"$folder/seen" <<'SEEN'
repeats allowed: False, 1000: sent
repeats allowed: False, 1000: replay check failed (bad index)
repeats allowed: False, 1500: sent
repeats allowed: False, 1400: sent
repeats allowed: False, 1200: replay check failed (index too old)
repeats allowed: True, 1000: sent
repeats allowed: True, 1000: sent
repeats allowed: True, 1500: sent
repeats allowed: True, 1400: sent
repeats allowed: True, 1200: replay check failed (index too old)
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
