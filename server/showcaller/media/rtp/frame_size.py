"""The size of a picture, read from the payload that begins a keyframe, for VP8 and H.264. Pure.

VP8: RFC 6386 §9.1. H.264: ITU-T H.264 §7.3.2.1.1 (sequence parameter set).
"""

from __future__ import annotations

from .parameter_sets import units

_SPS = 7
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_MAX_SIDE = 16_384


def frame_size(key: str, payload: bytes) -> tuple[int, int] | None:
    """Return width and height (of whole macroblocks for H.264); None where the payload does not tell."""
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


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        """Read the next `count` bits. Raises `IndexError` at the end."""
        if count > self._left:
            raise IndexError
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """Read an unsigned Exp-Golomb code (§9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)


def _sps(unit: bytes) -> tuple[int, int]:
    bits = _Bits(unit[4:].replace(b"\0\0\3", b"\0\0"))
    bits.golomb()  # id
    if unit[1] in _HIGH_PROFILES:
        _skip_high(bits)
    bits.golomb()  # bits of the frame number
    _skip_picture_order(bits)
    bits.golomb()  # reference frames
    bits.read(1)
    width, height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    height *= 2 - bits.read(1)  # fields
    if max(width, height) > _MAX_SIDE:
        raise ValueError("H.264: no picture is that large")
    return width, height


def _skip_high(bits: _Bits) -> None:
    if bits.golomb() == 3:  # chroma format
        bits.read(1)
    bits.golomb()
    bits.golomb()
    bits.read(1)
    if bits.read(1):
        raise ValueError("H.264: scaling lists are not read")


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.read(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(255, bits.golomb())):
            bits.golomb()
