#!/bin/sh
# PyAV 18.1.0 copies any stream by a template but AV1: UnknownCodecError of a decoder's name.
#
# add_stream_from_template looks for an encoder by the name of what decodes the source. For H.264, VP9 and VP8 both have one
# name; AV1 is decoded by libdav1d, which encodes nothing. With opaque=True nothing is looked up, and the packets are
# copied. So a recorder that was tried with three codecs fails with the fourth.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check av==18.1.0

cat >"$folder/program.py" <<'PROGRAM'
import io

import av


def encoded(codec):
    file = io.BytesIO()
    with av.open(file, "w", "matroska") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(25):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    file.seek(0)
    return file


for codec in ("libx264", "libvpx-vp9", "libsvtav1"):
    with av.open(encoded(codec)) as source, av.open(io.BytesIO(), "w", "mp4") as copy:
        for opaque in (False, True):
            try:
                copy.add_stream_from_template(source.streams.video[0], opaque=opaque)
                result = "copied"
            except (av.error.FFmpegError, ValueError) as error:
                result = f"{type(error).__name__}: {error}"
            print(f"{codec}, opaque={opaque}: {result}")
PROGRAM
cat >"$folder/seen" <<'SEEN'
libx264, opaque=False: copied
libx264, opaque=True: copied
libvpx-vp9, opaque=False: copied
libvpx-vp9, opaque=True: copied
libsvtav1, opaque=False: UnknownCodecError: libdav1d
libsvtav1, opaque=True: copied
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
