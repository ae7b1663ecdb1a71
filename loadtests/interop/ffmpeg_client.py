"""FFmpeg's `whip` muxer, as PyAV brings it: `ffmpeg_client.py publish URL TOKEN SECONDS CARD`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

FRAMES_PER_S = 25
SAMPLES = 960


def certificate(folder: Path) -> dict[str, str]:
    """FFmpeg's own certificate has RSA keys, which it then can't use."""
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -subj /CN=whip"
    command = ["openssl", *words.split(), "-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True)
    return {"cert_file": cert, "key_file": key}


def main(url: str, token: str, seconds: float, folder: Path) -> None:
    options = {"authorization": token, **certificate(folder)}
    with av.open(url, "w", format="whip", options=options) as whip:
        video = whip.add_stream("libx264", FRAMES_PER_S)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.options = {
            "profile": "baseline",
            "tune": "zerolatency",
            "preset": "ultrafast",
            "g": "25",
        }
        sound = whip.add_stream("libopus", 48_000)
        sound.layout = "stereo"
        began_s, samples = time.monotonic(), 0
        for number in range(round(seconds * FRAMES_PER_S)):
            frame = av.VideoFrame(320, 180, "yuv420p")
            frame.planes[0].update(bytes([number % 200]) * frame.planes[0].buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
            whip.mux(video.encode(frame))
            while samples / 48_000 < number / FRAMES_PER_S:
                quiet = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
                quiet.planes[0].update(bytes(4 * SAMPLES))
                quiet.sample_rate, quiet.pts, quiet.time_base = 48_000, samples, Fraction(1, 48_000)
                whip.mux(sound.encode(quiet))
                samples += SAMPLES
            time.sleep(max(0.0, began_s + number / FRAMES_PER_S - time.monotonic()))


if "whip" not in av.formats_available:
    sys.exit("this FFmpeg has no whip muxer: it needs libavformat 62")
with tempfile.TemporaryDirectory() as made:
    main(*sys.argv[2:4], float(sys.argv[4]), Path(made))
