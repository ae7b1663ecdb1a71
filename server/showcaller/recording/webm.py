"""WebM, for VP8, which fragmented MP4 has no place for: EBML (RFC 8794), Matroska (RFC 9559). Pure.

An unknown size of the segment, and a cluster a part: a file that is cut plays to its last whole cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from .boxes import Run

TIMESCALE = 1_000  # ticks a second: timestamps of WebM are in milliseconds
_UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_EBML, _SEGMENT, _INFO, _TRACKS, _ENTRY = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE
_VIDEO, _CLUSTER, _TIMESTAMP, _BLOCK = 0xE0, 0x1F43B675, 0xE7, 0xA3
_KEYFRAME = 0x80
MAX_CLUSTER_TICKS = 0x7FFF  # a block's time is 16 bits with a sign, from its cluster's


def video_init(codec_id: str, width: int, height: int) -> bytes:
    """Return all that stands before the first cluster of a file with one picture."""
    head = _number(0x4286, 1) + _number(0x42F7, 1) + _number(0x42F2, 4) + _number(0x42F3, 8)
    head += _text(0x4282, "webm") + _number(0x4287, 4) + _number(0x4285, 2)
    info = _number(0x2AD7B1, 1_000_000)  # nanoseconds a tick
    info += _text(0x4D80, "Showcaller") + _text(0x5741, "Showcaller")
    picture = _element(_VIDEO, _number(0xB0, width) + _number(0xBA, height))
    entry = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x9C, 0)
    entry += _number(0x83, 1) + _text(0x86, codec_id) + picture
    segment = _id(_SEGMENT) + _UNKNOWN_SIZE + _element(_INFO, info)
    return _element(_EBML, head) + segment + _element(_TRACKS, _element(_ENTRY, entry))


def cluster(decode_time: int, samples: Sequence[Run]) -> bytes:
    """Return a cluster of these samples, in all no longer than `MAX_CLUSTER_TICKS`."""
    made, at = [_number(_TIMESTAMP, decode_time)], 0
    for sample in samples:
        flags = _KEYFRAME if sample.keyframe else 0
        made.append(_element(_BLOCK, b"\x81" + pack("!hB", at, flags) + sample.data))
        at += sample.duration
    return _element(_CLUSTER, b"".join(made))


def _element(id: int, content: bytes) -> bytes:
    return _id(id) + _size(len(content)) + content


def _id(id: int) -> bytes:
    return id.to_bytes((id.bit_length() + 7) // 8)


def _size(length: int) -> bytes:
    """Return a length as EBML writes it (RFC 8794 §4)."""
    octets = next(n for n in range(1, 9) if length < (1 << 7 * n) - 1)
    return (length | 1 << 7 * octets).to_bytes(octets)


def _number(id: int, value: int) -> bytes:
    return _element(id, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))


def _text(id: int, value: str) -> bytes:
    return _element(id, value.encode())
