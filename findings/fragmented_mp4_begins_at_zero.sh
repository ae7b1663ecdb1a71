#!/bin/sh
# A live recording whose first picture is ten seconds in: three ways to write it, three beginnings (PyAV 18.1.0, FFmpeg 8.1).
#
# Where the movie's head is written first (empty_moov), the ten seconds are dropped without a word: the first fragment's tfdt
# is 0 and there is no edit list. With delay_moov they go into an edit list in the head, and tfdt is 0 too. Only with
# frag_discont does tfdt say ten seconds. Parts of one stream that two runs of a muxer wrote, or sound and picture that did
# not begin at once, fit together in the last case only: whoever serves parts with one shared head needs that.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check av==18.1.0

cat >"$folder/program.py" <<'PROGRAM'
import fractions
import io
import struct

import av

RATE = 25


def boxes(data, at=0, end=None):
    while at < (end or len(data)):
        (size,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        yield kind, at
        if kind in (b"moov", b"trak", b"moof", b"traf"):
            yield from boxes(data, at + 8, at + size)
        at += size


def record(flags):
    """Two seconds of grey from the tenth second on, as bytes of an MP4; and the track's time base."""
    file = io.BytesIO()
    output = av.open(file, "w", "mp4", options={"movflags": flags})
    stream = output.add_stream("libx264", rate=RATE, options={"bf": "0", "preset": "ultrafast"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.codec_context.gop_size = RATE
    for number in range(10 * RATE, 12 * RATE):
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = number, fractions.Fraction(1, RATE)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))
    base = stream.time_base
    output.close()
    return file.getvalue(), base


for flags in ("empty_moov", "delay_moov", "delay_moov+frag_discont"):
    data, base = record(f"cmaf+frag_keyframe+{flags}")
    found = list(boxes(data))
    first = next(at for kind, at in found if kind == b"tfdt")
    (tfdt,) = struct.unpack_from(">Q", data, first + 12)
    edits = any(kind == b"edts" for kind, _ in found)
    with av.open(io.BytesIO(data)) as read:
        (video,) = read.streams.video
        start_s = float(video.start_time * video.time_base)
    print(f"{flags}: tfdt {float(tfdt * base)} s, edit list: {edits}, read back from {start_s} s")
PROGRAM
cat >"$folder/seen" <<'SEEN'
empty_moov: tfdt 0.0 s, edit list: False, read back from 0.0 s
delay_moov: tfdt 0.0 s, edit list: True, read back from 10.0 s
delay_moov+frag_discont: tfdt 10.0 s, edit list: True, read back from 10.0 s
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
