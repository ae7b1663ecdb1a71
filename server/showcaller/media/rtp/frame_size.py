"""The size of a picture, read from the payload that begins a keyframe, for VP8 and H.264. Pure.

VP8: RFC 6386 §9.1. H.264: ITU-T H.264 §7.3.2.1.1 (sequence parameter set).
"""

from __future__ import annotations

from .bits import Bits
from .parameter_sets import units

_SPS = 7
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_MAX_SIDE = 16_384


def frame_size(key: str, payload: bytes) -> tuple[int, int] | None:
    """Return width and height, as they are shown; None where the payload does not tell."""
    try:
        if key == "video/vp8":
            return _vp8(payload)
        if key.startswith("video/h264"):
            return next((_sps(unit) for unit in units(payload) if unit[0] & 0x1F == _SPS), None)
    except (IndexError, ValueError):
        pass
    return None


def _vp8(payload: bytes) -> tuple[int, int] | None:
    at = payload.find(b"\x9d\x01\x2a", 3, 16)
    if at < 0:
        return None
    width = int.from_bytes(payload[at + 3 : at + 5], "little") & 0x3FFF
    height = int.from_bytes(payload[at + 5 : at + 7], "little") & 0x3FFF
    return (width, height) if width and height else None


def _sps(unit: bytes) -> tuple[int, int]:
    bits = Bits(unit[4:].replace(b"\0\0\3", b"\0\0"))
    bits.golomb()  # id
    if unit[1] in _HIGH_PROFILES:
        _skip_high(bits)
    bits.golomb()  # bits of the frame number
    _skip_picture_order(bits)
    bits.golomb()  # reference frames
    bits.read(1)
    width, height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    whole = bits.read(1)  # else fields, of every second line
    height *= 2 - whole
    if max(width, height) > _MAX_SIDE:
        raise ValueError("H.264: no picture is that large")
    if not whole:
        bits.read(1)
    bits.read(1)
    return _cropped(bits, width, height, 2 * (2 - whole))


def _cropped(bits: Bits, width: int, height: int, lines: int) -> tuple[int, int]:
    """Return the size that is shown; what is cut off counts in steps of two pixels, and `lines` (4:2:0)."""
    if not bits.read(1):
        return width, height
    left, right, top, bottom = (bits.golomb() for _ in range(4))
    width, height = width - 2 * (left + right), height - lines * (top + bottom)
    if min(width, height) <= 0:
        raise ValueError("H.264: nothing of the picture is left")
    return width, height


def _skip_high(bits: Bits) -> None:
    if bits.golomb() == 3:  # chroma format
        bits.read(1)
    bits.golomb()
    bits.golomb()
    bits.read(1)
    if bits.read(1):
        raise ValueError("H.264: scaling lists are not read")


def _skip_picture_order(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.read(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(255, bits.golomb())):
            bits.golomb()
