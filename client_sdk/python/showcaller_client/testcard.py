"""A moving test card with a tone, encoded once: VP8 or H.264, and Opus packets that loop without a seam.

The card: colour bars, a dial whose hand turns once a second, a row that fills with the seconds of the
loop and one with the frames of the second, a block that wanders across, and a strip of snow, without which
the picture is so plain that it looks like one of a slow uplink. Needs PyAV (extra `media`).
"""

from __future__ import annotations

import array
import math
import random
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

import av

WIDTH, HEIGHT = 640, 360
FRAMES_PER_S = 25
LOOP_S = 10
VIDEO_BITS_PER_S = 400_000
AUDIO_BITS_PER_S = 32_000
AUDIO_RATE = 48_000
AUDIO_FRAME = 960  # samples: 20 ms
TONE_HZ = 440  # a whole number of waves in each second, so that the loop has no click
TONE_AMPLITUDE = 3_000  # of 32,767: audible, not annoying

Codec = Literal["vp8", "h264"]
Colour = tuple[int, int, int]  # Y, U, V

BLACK: Colour = (16, 128, 128)
WHITE: Colour = (235, 128, 128)
GREY: Colour = (60, 128, 128)
ACCENT: Colour = (170, 90, 190)
BARS: tuple[Colour, ...] = (
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
)


@dataclass(frozen=True)
class EncodedLoop:
    """Encoded frames that play again and again: `video` at `frames_per_s`, `audio` of 20 ms each."""

    video: tuple[bytes, ...]
    audio: tuple[bytes, ...]
    frames_per_s: int = FRAMES_PER_S
    codec: Codec = "vp8"


class Canvas:
    """A 4:2:0 picture to draw rectangles on; coordinates and sizes are even."""

    def __init__(self, planes: tuple[bytearray, bytearray, bytearray] | None = None) -> None:
        luma, chroma = WIDTH * HEIGHT, WIDTH * HEIGHT // 4
        self.planes = planes or (bytearray(luma), bytearray(chroma), bytearray(chroma))

    def copy(self) -> Canvas:
        y, u, v = self.planes
        return Canvas((bytearray(y), bytearray(u), bytearray(v)))

    def rectangle(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        for plane, value, scale in zip(self.planes, colour, (1, 2, 2), strict=True):
            stride, run = WIDTH // scale, bytes([value]) * (width // scale)
            for row in range(y // scale, (y + height) // scale):
                start = row * stride + x // scale
                plane[start : start + len(run)] = run

    def frame(self) -> av.VideoFrame:
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, data in zip(frame.planes, self.planes, strict=True):
            width = len(data) // plane.height
            if plane.line_size == width:
                plane.update(bytes(data))
            else:  # padded rows
                pad = bytes(plane.line_size - width)
                rows = (data[at : at + width] for at in range(0, len(data), width))
                plane.update(b"".join(bytes(row) + pad for row in rows))
        return frame


def make_test_card(loop_s: int = LOOP_S, codec: Codec = "vp8") -> EncodedLoop:
    """Encode the card; takes a second or two of one core."""
    video = _encode_video(_ENCODERS[codec](), loop_s)
    return EncodedLoop(video=video, audio=_encode_audio(loop_s), codec=codec)


def draw(number: int, count: int) -> Canvas:
    """Frame `number` of a loop of `count`."""
    canvas = _background().copy()
    second, within = divmod(number, FRAMES_PER_S)
    for cell in range(count // FRAMES_PER_S):
        canvas.rectangle(24 + cell * 32, 300, 24, 16, WHITE if cell <= second else GREY)
    for cell in range(FRAMES_PER_S):
        canvas.rectangle(24 + cell * 24, 328, 16, 12, ACCENT if cell <= within else GREY)
    _draw_hand(canvas, 2 * math.pi * within / FRAMES_PER_S)
    swing = 0.5 - 0.5 * math.cos(2 * math.pi * number / count)
    canvas.rectangle(_even(swing * (WIDTH - 40)), 250, 40, 30, WHITE)
    _draw_snow(canvas, number)
    return canvas


@cache
def _background() -> Canvas:
    canvas = Canvas()
    canvas.rectangle(0, 0, WIDTH, HEIGHT, BLACK)
    edges = [_even(WIDTH * place / len(BARS)) for place in range(len(BARS) + 1)]
    for left, right, colour in zip(edges, edges[1:], BARS, strict=False):
        canvas.rectangle(left, 0, right - left, 240, colour)
    for y in range(-90, 90, 2):  # the dial
        half = _even(math.sqrt(90 * 90 - y * y))
        canvas.rectangle(320 - half, 120 + y, 2 * half, 2, BLACK)
    return canvas


def _draw_hand(canvas: Canvas, angle: float) -> None:
    for radius in range(0, 80, 4):
        x = _even(320 + radius * math.sin(angle))
        y = _even(120 - radius * math.cos(angle))
        canvas.rectangle(x - 4, y - 4, 8, 8, WHITE)


def _draw_snow(canvas: Canvas, number: int) -> None:
    """Draw a strip of grains, the same ones each time that frame `number` is drawn."""
    grains = random.Random(number).randbytes(56 * 7)
    for at, grain in enumerate(grains):
        row, column = divmod(at, 56)
        canvas.rectangle(392 + 4 * column, 292 + 4 * row, 4, 4, (16 + grain // 2, 128, 128))


def _even(value: float) -> int:
    return int(value) // 2 * 2


def _vp8() -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("libvpx", "w")
    # One packet for each frame, none hidden: they are sent one by one.
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "keyint_min": str(FRAMES_PER_S),
    }
    return encoder


def _h264() -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.profile = "Baseline"
    # No frame waits for a later one, and none but each second's first is a keyframe.
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "sc_threshold": "0"}
    return encoder


_ENCODERS = {"vp8": _vp8, "h264": _h264}


def _encode_video(encoder: av.VideoCodecContext, loop_s: int) -> tuple[bytes, ...]:
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, FRAMES_PER_S)
    encoder.framerate = Fraction(FRAMES_PER_S)
    encoder.bit_rate = VIDEO_BITS_PER_S
    encoder.gop_size = FRAMES_PER_S
    encoder.thread_count = 1  # more would wait for one another by spinning
    count = loop_s * FRAMES_PER_S
    packets = []
    for number in range(count):
        frame = draw(number, count).frame()
        frame.pts, frame.time_base = number, encoder.time_base
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return tuple(bytes(packet) for packet in packets)


def _encode_audio(loop_s: int) -> tuple[bytes, ...]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = AUDIO_RATE, "stereo", "s16"
    encoder.time_base = Fraction(1, AUDIO_RATE)
    encoder.bit_rate = AUDIO_BITS_PER_S
    count = loop_s * AUDIO_RATE // AUDIO_FRAME
    packets = []
    for number in range(count):
        packets += encoder.encode(_tone(number * AUDIO_FRAME))
    return tuple(bytes(packet) for packet in packets + encoder.encode(None))[:count]


@cache
def _waves() -> array.array[int]:
    """So many whole waves of the tone as fit whole samples, in stereo."""
    count = AUDIO_RATE // math.gcd(AUDIO_RATE, TONE_HZ)
    turn = 2 * math.pi * TONE_HZ / AUDIO_RATE
    samples = array.array("h")
    for at in range(count):
        samples.extend([round(TONE_AMPLITUDE * math.sin(turn * at))] * 2)
    return samples


def _tone(first: int) -> av.AudioFrame:
    waves = _waves()
    start = first % (len(waves) // 2) * 2
    samples = (waves * 2)[start : start + 2 * AUDIO_FRAME]
    frame = av.AudioFrame(format="s16", layout="stereo", samples=AUDIO_FRAME)
    frame.planes[0].update(samples.tobytes())
    frame.pts, frame.sample_rate, frame.time_base = first, AUDIO_RATE, Fraction(1, AUDIO_RATE)
    return frame
