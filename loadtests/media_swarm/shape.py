"""The stream of a thin publisher: packets of a length and at a time, without a picture in them.

Every payload ends in a mark: what it is, its number, and when it was sent (CLOCK_MONOTONIC).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

FRAMES_PER_S = 30
AUDIO_EVERY_S = 0.02
AUDIO_BYTES = 100
VIDEO_HZ, AUDIO_HZ = 90_000, 48_000
MAX_VIDEO_BYTES = 1_150
MARK = struct.Struct("!4sLQ")
MAGIC = b"swrm"
_FILLING = bytes(range(256)) * 8


class Shape(NamedTuple):
    """`frame_bytes` on average, of which a keyframe has `keyframe_factor` times a delta frame's."""

    name: str
    frame_bytes: int
    keyframe_factor: float
    keyframe_every_s: float
    paced: bool  # large frames leave at 2.5 times the bitrate, as browsers send them

    @property
    def bitrate_bps(self) -> int:
        return self.frame_bytes * 8 * FRAMES_PER_S

    def sizes(self, keyframe: bool) -> list[int]:
        """Return the lengths of a frame's payloads: equal ones, as packetizers cut them."""
        frames = self.keyframe_every_s * FRAMES_PER_S
        delta = self.frame_bytes * frames / (frames - 1 + self.keyframe_factor)
        size = int(delta * self.keyframe_factor if keyframe else delta)
        count = -(-size // MAX_VIDEO_BYTES)
        each = -(-size // count)
        return [each] * (count - 1) + [size - each * (count - 1)]


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("fixed", 8 * MAX_VIDEO_BYTES, 1.0, 1.0, False),
        Shape("even", 9 * MAX_VIDEO_BYTES, 1.0, 2.0, False),
        Shape("talk", 2_500_000 // 8 // FRAMES_PER_S, 4.0, 2.0, True),
        Shape("talk_bursts", 2_500_000 // 8 // FRAMES_PER_S, 4.0, 2.0, False),
    )
}


class Mark(NamedTuple):
    number: int
    sent_ns: int


def video_payload(
    size: int, *, first: bool, keyframe: bool, picture: int, layer0: int, mark: Mark
) -> bytes:
    """RFC 7741 §4.2: a descriptor with 15 bits of picture id and TL0PICIDX, then what follows it."""
    descriptor = struct.pack(
        "!BBHBB", 0x90 if first else 0x80, 0xE0, 0x8000 | picture & 0x7FFF, layer0 & 0xFF, 0
    )
    head = b""
    if first:  # RFC 6386 §9.1: the P bit says that it is no keyframe; 640 x 360
        head = b"\x50\x42\x00\x9d\x01\x2a\x80\x02\x68\x01" if keyframe else b"\x51\x42\x00"
    return _marked(descriptor + head, size, mark)


def audio_payload(mark: Mark) -> bytes:
    """Opus, CELT, 20 ms (RFC 6716 §3.1)."""
    return _marked(b"\xfc", AUDIO_BYTES, mark)


def _marked(head: bytes, size: int, mark: Mark) -> bytes:
    filling = _FILLING[: size - len(head) - MARK.size]
    return head + filling + MARK.pack(MAGIC, mark.number, mark.sent_ns)


def read_mark(packet: bytes) -> Mark | None:
    """The mark of a plain RTP packet, with padding or without; None: it is not ours."""
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if end < 12 + MARK.size:
        return None
    magic, number, sent_ns = MARK.unpack_from(packet, end - MARK.size)
    return Mark(number, sent_ns) if magic == MAGIC else None
