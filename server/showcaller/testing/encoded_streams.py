"""Streams that real encoders made, packed for RTP as browsers and others do."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache, partial
from typing import Any

import av
from aiortc.codecs.h264 import PACKET_MAX, H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

Packed = Iterator[
    tuple[bool, list[bytes]]
]  # of each frame: the encoder calls it a keyframe; payloads

WIDTH, HEIGHT, FRAMES, KEYFRAME_EVERY = 320, 240, 30, 12
MAX_BYTES = 1_200
NOBODY = 65_534


def pictures() -> Iterator[Any]:
    """Noise that moves, so that a frame takes several packets."""
    noise = random.Random(1)
    for n in range(FRAMES):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(noise.randbytes(64) * (plane.buffer_size // 64))
        frame.pts, frame.time_base = n * 3000, Fraction(1, 90_000)
        yield frame


@contextmanager
def as_nobody() -> Iterator[None]:
    """Have another effective user: SVT-AV1 makes root's threads, and their children, real-time."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def encoded(name: str, **options: str) -> list[Any]:
    """Return the packets that an encoder makes of `pictures`."""
    encoder: Any = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 90_000), 30
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = 1_000_000, KEYFRAME_EVERY, 1
    encoder.options = {key.replace("_", "-"): value for key, value in options.items()}
    packets = [packet for frame in pictures() for packet in encoder.encode(frame)]
    packets += encoder.encode(None)
    assert 2 <= sum(packet.is_keyframe for packet in packets) < len(packets) == FRAMES
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    return packets


def split(data: bytes) -> list[bytes]:
    return [data[at : at + MAX_BYTES] for at in range(0, len(data), MAX_BYTES)]


def vp8(packets: Iterable[Any]) -> Packed:
    for n, packet in enumerate(packets):
        yield packet.is_keyframe, Vp8Encoder._packetize(bytes(packet), n)


def nals(packet: Any) -> list[bytes]:
    units: Iterator[bytes] = H264Encoder._split_bitstream(bytes(packet))
    return list(units)


def h264(packets: Iterable[Any]) -> Packed:
    """Pack a picture as aiortc does: small units together, large ones in pieces."""
    for packet in packets:
        yield packet.is_keyframe, H264Encoder._packetize(nals(packet))


def h264_one_by_one(packets: Iterable[Any]) -> Packed:
    """Nothing together: each NAL unit alone or in pieces."""
    for packet in packets:
        payloads: list[bytes] = []
        for nal in nals(packet):
            whole = len(nal) <= PACKET_MAX
            payloads += [nal] if whole else H264Encoder._packetize_fu_a(nal)
        yield packet.is_keyframe, payloads


def vp9(packets: Iterable[Any], *, layered: bool = False, tells_prediction: bool = True) -> Packed:
    """RFC 9628 §4.2 in non-flexible mode; a key frame brings the scalability structure."""
    for n, packet in enumerate(packets):
        key, pieces = packet.is_keyframe, split(bytes(packet))
        payloads: list[bytes] = []
        for piece_n, piece in enumerate(pieces):
            first, last = piece_n == 0, piece_n == len(pieces) - 1
            fields = 0x80 | (tells_prediction and not key) << 6 | layered << 5
            fields |= first << 3 | last << 2 | (key and first) << 1
            head = bytes([fields]) + (0x8000 | n).to_bytes(2, "big")
            head += bytes([0, n & 0xFF]) * layered
            if key and first:  # one layer with its size; two pictures, with one and two references
                head += b"\x18" + WIDTH.to_bytes(2, "big") + HEIGHT.to_bytes(2, "big")
                head += b"\x02\x04\x01\x08\x01\x02"
            payloads.append(head + piece)
        yield key, payloads


def obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Return (type, header and payload without size) of each OBU (AV1 bitstream specification §5.3)."""
    at = 0
    while at < len(data):
        head, size, shift = data[at], 0, 0
        extended = head >> 2 & 1
        begin = at + 1 + extended
        while True:
            byte = data[begin]
            size |= (byte & 0x7F) << shift
            begin, shift = begin + 1, shift + 7
            if not byte & 0x80:
                break
        yield (
            head >> 3 & 0x0F,
            bytes([head & ~0x02]) + data[at + 1 : at + 1 + extended] + data[begin : begin + size],
        )
        at = begin + size


def av1(packets: Iterable[Any]) -> Packed:
    """One OBU a packet or in pieces, no temporal delimiters. N says that a sequence header is there."""
    for packet in packets:
        units = [obu for obu in obus(bytes(packet)) if obu[0] != 2]
        begins = any(kind == 1 for kind, _ in units)
        payloads: list[bytes] = []
        for _, unit in units:
            pieces = split(unit)
            for n, piece in enumerate(pieces):
                head = (n > 0) << 7 | (n < len(pieces) - 1) << 6 | 1 << 4
                head |= (begins and not payloads) << 3
                payloads.append(bytes([head]) + piece)
        yield packet.is_keyframe, payloads


@cache
def packets_of(name: str) -> list[Any]:
    """Return what the encoder of one of `STREAMS` made."""
    match name:
        case "vp8":
            return encoded("libvpx", deadline="realtime", cpu_used="8")
        case "h264":
            return encoded("libx264", preset="ultrafast", bf="0")
        case "h264 of slices":
            params = "aud=1:slices=3"
            return encoded("libx264", preset="ultrafast", tune="zerolatency", x264_params=params)
        case "vp9":
            return encoded("libvpx-vp9", deadline="realtime", cpu_used="8", lag_in_frames="0")
        case "vp9 with hidden frames":
            return encoded("libvpx-vp9", cpu_used="8", lag_in_frames="16", auto_alt_ref="1")
        case _:
            with as_nobody():
                return encoded("libsvtav1", preset="12")


STREAMS: dict[str, tuple[str, str, Callable[..., Packed]]] = {
    "vp8": ("video/vp8", "vp8", vp8),
    "h264": ("video/h264 baseline", "h264", h264),
    "h264 of slices, with delimiters": ("video/h264 high", "h264 of slices", h264),
    "h264, nothing aggregated": ("video/h264 baseline", "h264 of slices", h264_one_by_one),
    "vp9": ("video/vp9 0", "vp9", vp9),
    "vp9 with layer indices": ("video/vp9 0", "vp9", partial(vp9, layered=True)),
    "vp9 by its own header": (
        "video/vp9 0",
        "vp9",
        partial(vp9, layered=True, tells_prediction=False),
    ),
    "vp9 with hidden frames": (
        "video/vp9 0",
        "vp9 with hidden frames",
        partial(vp9, tells_prediction=False),
    ),
    "av1": ("video/av1", "av1", av1),
}


@cache
def stream(name: str) -> tuple[str, list[tuple[bool, list[bytes]]]]:
    """Return the codec's key, and for each frame whether the encoder calls it a keyframe, and payloads."""
    key, packets, packetised = STREAMS[name]
    return key, list(packetised(packets_of(packets)))
