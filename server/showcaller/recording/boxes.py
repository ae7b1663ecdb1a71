"""Boxes of fragmented MP4: ISO/IEC 14496-12, by the rules of CMAF (ISO/IEC 23000-19). Pure.

A part is a function of its samples alone. So nothing is held back in a muxer that dies with its process, and
a part ends where we say.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, pack
from typing import NamedTuple

_BRANDS = b"iso6" + pack("!I", 0) + b"iso6cmfcmp41"
_MATRIX = pack("!9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TRACK = 1
_DEFAULT_BASE_IS_MOOF = 0x020000
_DATA_OFFSET, _DURATIONS, _SIZES, _FLAGS = 0x1, 0x100, 0x200, 0x400
_SYNC, _NOT_SYNC = (
    0x02000000,
    0x01010000,
)  # needs no other sample; needs one and is no place to begin
_RUN_LINE = Struct("!III")
_ENGLISHLESS = 0x55C4  # "und"


class Run(NamedTuple):
    """One sample of a fragment; `duration` in ticks."""

    duration: int
    keyframe: bool
    data: bytes


def box(kind: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return pack("!I", 8 + len(body)) + kind + body


def full_box(kind: bytes, version: int, flags: int, *contents: bytes) -> bytes:
    return box(kind, pack("!I", version << 24 | flags), *contents)


# Init sections -------------------------------------------------------------------------------------


def video_init(entry: bytes, timescale: int, width: int, height: int) -> bytes:
    """Return `ftyp` and `moov` of a picture whose sample entry is `entry`."""
    header = full_box(b"vmhd", 0, 1, bytes(8))
    return _init(entry, timescale, b"vide", header, width, height)


def audio_init(entry: bytes, timescale: int) -> bytes:
    """Return `ftyp` and `moov` of a sound."""
    return _init(entry, timescale, b"soun", full_box(b"smhd", 0, 0, bytes(4)), 0, 0)


def video_entry(kind: bytes, width: int, height: int, configuration: bytes) -> bytes:
    """Return a visual sample entry (ISO/IEC 14496-12 §12.1.3)."""
    return box(
        kind,
        bytes(6) + pack("!H", 1) + bytes(16),
        pack("!HH", width, height),
        pack("!III", 0x480000, 0x480000, 0) + pack("!H", 1) + bytes(32),
        pack("!Hh", 24, -1),
        configuration,
    )


def opus_entry(channels: int, pre_skip: int) -> bytes:
    """Return the sample entry of Opus ("Encapsulation of Opus in ISO Base Media File Format" §4.3)."""
    about = box(b"dOps", pack("!BBHIhB", 0, channels, pre_skip, 48_000, 0, 0))
    head = bytes(6) + pack("!H", 1) + bytes(8) + pack("!HHI", channels, 16, 0)
    return box(b"Opus", head, pack("!I", 48_000 << 16), about)


def _init(
    entry: bytes, timescale: int, handler: bytes, header: bytes, width: int, height: int
) -> bytes:
    nothing = (full_box(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc"))
    sizes = full_box(b"stsz", 0, 0, bytes(8)), full_box(b"stco", 0, 0, bytes(4))
    table = box(b"stbl", full_box(b"stsd", 0, 0, pack("!I", 1), entry), *nothing, *sizes)
    here = box(b"dinf", full_box(b"dref", 0, 0, pack("!I", 1), full_box(b"url ", 0, 1)))
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, pack("!IIIIHH", 0, 0, timescale, 0, _ENGLISHLESS, 0)),
        full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"Showcaller\0"),
        box(b"minf", header, here, table),
    )
    track = box(b"trak", _track_header(width, height, handler == b"soun"), media)
    extends = box(b"mvex", full_box(b"trex", 0, 0, pack("!5I", _TRACK, 1, 0, 0, 0)))
    return box(b"ftyp", _BRANDS) + box(b"moov", _movie_header(timescale), track, extends)


def _movie_header(timescale: int) -> bytes:
    times = pack("!IIII", 0, 0, timescale, 0)
    rest = pack("!IH", 0x10000, 0x100) + bytes(10) + _MATRIX + bytes(24) + pack("!I", _TRACK + 1)
    return full_box(b"mvhd", 0, 0, times, rest)


def _track_header(width: int, height: int, sound: bool) -> bytes:
    begin = pack("!IIIII", 0, 0, _TRACK, 0, 0) + bytes(8)
    volume = pack("!hhHH", 0, 0, 0x100 if sound else 0, 0)
    return full_box(b"tkhd", 0, 7, begin, volume, _MATRIX, pack("!II", width << 16, height << 16))


# Fragments -----------------------------------------------------------------------------------------


def fragment(sequence: int, decode_time: int, samples: Sequence[Run]) -> bytes:
    """Return `moof` and `mdat` of these samples, the first of which is due at `decode_time` (ticks)."""
    head = _movie_fragment(sequence, decode_time, samples, 0)
    head = _movie_fragment(sequence, decode_time, samples, len(head) + 8)
    return head + box(b"mdat", *(sample.data for sample in samples))


def _movie_fragment(sequence: int, decode_time: int, samples: Sequence[Run], data_at: int) -> bytes:
    lines = b"".join(
        _RUN_LINE.pack(sample.duration, len(sample.data), _SYNC if sample.keyframe else _NOT_SYNC)
        for sample in samples
    )
    flags = _DATA_OFFSET | _DURATIONS | _SIZES | _FLAGS
    run = full_box(b"trun", 0, flags, pack("!Ii", len(samples), data_at), lines)
    track = box(
        b"traf",
        full_box(b"tfhd", 0, _DEFAULT_BASE_IS_MOOF, pack("!I", _TRACK)),
        full_box(b"tfdt", 1, 0, pack("!Q", decode_time)),
        run,
    )
    return box(b"moof", full_box(b"mfhd", 0, 0, pack("!I", sequence + 1)), track)
