"""Putting the payloads of a frame together as files hold it. Pure.

VP8 (RFC 7741 §4.2), H.264 (RFC 6184 §5), VP9 (RFC 9628 §4.2), AV1 ("RTP Payload Format For AV1" v1.0 §4.4).
All take the payloads of one frame in their order, none missing; `ValueError`: they can't be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .codecs import vp8_frame_at, vp9_frame_at

_STAP_A, _FU_A = 24, 28
_SINGLE = range(1, _STAP_A)
_LENGTH_BYTES = 4
_TEMPORAL_DELIMITER, _TILE_LIST, _PADDING = 2, 8, 15
_HAS_SIZE, _HAS_EXTENSION = 0x02, 0x04


def h264_units(payloads: Sequence[bytes]) -> list[bytes]:
    """Return the NAL units of a frame."""
    units: list[bytes] = []
    fragments: list[bytes] | None = None
    for payload in payloads:
        kind = _at(payload, 0) & 0x1F
        if kind != _FU_A and fragments is not None:
            raise ValueError("H.264: a fragment without its end")
        if kind in _SINGLE:
            units.append(payload)
        elif kind == _STAP_A:
            units += _aggregated(payload)
        elif kind == _FU_A:
            fragments = _add_fragment(fragments, payload)
            if payload[1] & 0x40:
                units.append(b"".join(fragments))
                fragments = None
        else:
            raise ValueError(f"H.264: packets of type {kind} are not sent here")
    if fragments is not None:
        raise ValueError("H.264: a fragment without its end")
    return units


def h264_joined(units: Sequence[bytes]) -> bytes:
    """Return NAL units behind their lengths."""
    return b"".join(len(unit).to_bytes(_LENGTH_BYTES) + unit for unit in units)


def _aggregated(payload: bytes) -> Iterator[bytes]:
    at = 1
    while at < len(payload):
        end = at + 2 + int.from_bytes(payload[at : at + 2])
        if at + 2 >= end or end > len(payload):
            raise ValueError("H.264: an aggregate that is cut")
        yield payload[at + 2 : end]
        at = end


def _add_fragment(before: list[bytes] | None, payload: bytes) -> list[bytes]:
    indicator, header = _at(payload, 0), _at(payload, 1)
    if header & 0x80:
        if before is not None:
            raise ValueError("H.264: a fragment without its end")
        return [bytes([indicator & 0xE0 | header & 0x1F]), payload[2:]]
    if before is None:
        raise ValueError("H.264: a fragment without its beginning")
    before.append(payload[2:])
    return before


def vp8_frame(payloads: Sequence[bytes]) -> bytes:
    """Return a frame of VP8."""
    try:
        return b"".join(payload[vp8_frame_at(payload) :] for payload in payloads)
    except IndexError:
        raise ValueError("VP8: a packet that is cut") from None


def vp9_frame(payloads: Sequence[bytes]) -> bytes:
    """Return a picture of VP9: a frame, or of several spatial layers a superframe (Annex B)."""
    layers: list[list[bytes]] = []
    try:
        for payload in payloads:
            if payload[0] & 0x08 or not layers:  # a layer begins
                layers.append([])
            layers[-1].append(payload[vp9_frame_at(payload) :])
    except IndexError:
        raise ValueError("VP9: a packet that is cut") from None
    frames = [b"".join(layer) for layer in layers]
    return frames[0] if len(frames) == 1 else _superframe(frames)


def _superframe(frames: Sequence[bytes]) -> bytes:
    if not 1 < len(frames) <= 8:
        raise ValueError("VP9: a picture of no layer, or of more than eight")
    octets = max(1, (max(map(len, frames)).bit_length() + 7) // 8)
    mark = bytes([0xC0 | (octets - 1) << 3 | len(frames) - 1])
    sizes = b"".join(len(frame).to_bytes(octets, "little") for frame in frames)
    return b"".join(frames) + mark + sizes + mark


def av1_units(payloads: Sequence[bytes]) -> list[bytes]:
    """Return the OBUs of a temporal unit, each with its size, but for those that files leave out."""
    units: list[bytes] = []
    open_unit = b""
    for payload in payloads:
        continues, goes_on = _at(payload, 0) & 0x80, payload[0] & 0x40
        elements = list(_av1_elements(payload))
        if bool(continues) != bool(open_unit) or not elements:
            raise ValueError("AV1: a part of an OBU is missing")
        elements[0] = open_unit + elements[0]
        open_unit = elements.pop() if goes_on else b""
        units += elements
    if open_unit:
        raise ValueError("AV1: a part of an OBU is missing")
    sized = (_sized(unit) for unit in units if unit)
    return [unit for unit in sized if obu_type(unit) not in _LEFT_OUT]


_LEFT_OUT = (_TEMPORAL_DELIMITER, _TILE_LIST, _PADDING)


def obu_type(unit: bytes) -> int:
    return unit[0] >> 3 & 0x0F


def obu_content(unit: bytes) -> bytes:
    """Return what an OBU with a size has behind its header. Raises `ValueError`."""
    at = 2 if unit[0] & _HAS_EXTENSION else 1
    size, at = _leb128(unit, at)
    if at + size > len(unit):
        raise ValueError("AV1: an OBU that is cut")
    return unit[at : at + size]


def _av1_elements(payload: bytes) -> Iterator[bytes]:
    """Return the OBU elements of a packet: of W of them, the last has no length; of 0, each has."""
    count, at, seen = payload[0] >> 4 & 0x03, 1, 0
    while at < len(payload):
        seen += 1
        size, at = (len(payload) - at, at) if seen == count else _leb128(payload, at)
        if at + size > len(payload):
            raise ValueError("AV1: an element that is cut")
        yield payload[at : at + size]
        at += size


def _sized(unit: bytes) -> bytes:
    """Return an OBU with its size in it."""
    if unit[0] & _HAS_SIZE:
        return unit
    begin = 2 if unit[0] & _HAS_EXTENSION else 1
    content = unit[begin:]
    head = bytes([unit[0] | _HAS_SIZE]) + unit[1:begin]
    return head + _as_leb128(len(content)) + content


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and the place behind it."""
    value = 0
    for place in range(8):
        octet = _at(data, at + place)
        value |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return value, at + place + 1
    raise ValueError("AV1: a number without end")


def _as_leb128(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _at(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ValueError("a packet that is cut")
    return data[at]
