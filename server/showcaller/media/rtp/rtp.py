"""RTP packets (RFC 3550 §5.1), their header extensions (RFC 8285) and retransmissions (RFC 4588)."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

_HEADER = Struct("!BBHLL")
_HEADER_BYTES = 12
_BLOCK = Struct("!HH")
_ONE_BYTE_FORM = 0xBEDE
_TWO_BYTE_FORM = 0x100  # and four bits that mean nothing to us
_HALF = 0x8000


class Packet(NamedTuple):
    """One RTP packet; padding and contributing sources are gone."""

    payload_type: int
    marker: bool
    sequence: int  # 16 bits
    timestamp: int  # 32 bits
    ssrc: int
    extensions: dict[int, bytes]  # by negotiated id
    payload: bytes


def parse(data: bytes) -> Packet:
    """Read an RTP packet. Raises `ValueError` unless it is one."""
    if len(data) < _HEADER_BYTES:
        raise ValueError("RTP: too short")
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags & 0xC0 != 0x80:
        raise ValueError("RTP: not version 2")
    start = _HEADER_BYTES + 4 * (flags & 0x0F)
    end = len(data)
    extensions: dict[int, bytes] = {}
    if flags & 0x10:
        start = _read_block(data, start, extensions)
    if flags & 0x20:
        if not (padding := data[-1]):
            raise ValueError("RTP: padding of no length")
        end -= padding
    if start > end:
        raise ValueError("RTP: shorter than it says")
    return Packet(kind & 0x7F, kind > 0x7F, sequence, timestamp, ssrc, extensions, data[start:end])


def _read_block(data: bytes, at: int, into: dict[int, bytes]) -> int:
    """Read the extensions that stand at `at`; return where the payload begins."""
    if len(data) < at + 4:
        raise ValueError("RTP: cut in the extensions")
    profile, words = _BLOCK.unpack_from(data, at)
    at += 4
    end: int = at + 4 * words
    if end > len(data):
        raise ValueError("RTP: cut in the extensions")
    if profile == _ONE_BYTE_FORM:
        _read_one_byte_form(data, at, end, into)
    elif profile >> 4 == _TWO_BYTE_FORM:
        _read_two_byte_form(data, at, end, into)
    return end


def _read_one_byte_form(data: bytes, at: int, end: int, into: dict[int, bytes]) -> None:
    """Read extensions of the one-byte form (RFC 8285 §4.2)."""
    while at < end:
        head = data[at]
        at += 1
        if 0x10 <= head < 0xF0:
            after = at + (head & 0x0F) + 1
            into[head >> 4] = data[at:after]
            at = after
        elif head:  # ids 0 and 15: nothing behind them counts
            return
    if at > end:
        raise ValueError("RTP: cut in an extension")


def _read_two_byte_form(data: bytes, at: int, end: int, into: dict[int, bytes]) -> None:
    """Read extensions of the two-byte form (RFC 8285 §4.3)."""
    while at < end:
        id = data[at]
        at += 1
        if id == 0:  # padding
            continue
        if at == end or (after := at + 1 + data[at]) > end:
            raise ValueError("RTP: cut in an extension")
        into[id] = data[at + 1 : after]
        at = after


def unwrap_rtx(packet: Packet, payload_type: int, ssrc: int) -> Packet | None:
    """Return the packet that a retransmission carries (RFC 4588 §4); None: nothing but padding."""
    payload = packet.payload
    if len(payload) < 2:
        return None
    return packet._replace(
        payload_type=payload_type,
        sequence=payload[0] << 8 | payload[1],
        ssrc=ssrc,
        payload=payload[2:],
    )


def wrap_rtx(packet: bytes, payload_type: int, ssrc: int, sequence: int) -> bytearray:
    """Return a retransmission (RFC 4588 §4): a header with its own numbers, the old sequence, the payload."""
    length = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        length += 4 + 4 * int.from_bytes(packet[length + 2 : length + 4], "big")
    header = bytearray(packet[:length])
    header[1] = header[1] & 0x80 | payload_type
    header[2:4] = sequence.to_bytes(2, "big")
    header[8:12] = ssrc.to_bytes(4, "big")
    return header + packet[2:4] + packet[length:]


def header(
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    extensions: bytes = b"",
) -> bytes:
    """Return a header whose extensions, if any, are an `extension_block`."""
    flags = 0x90 if extensions else 0x80
    kind = payload_type | 0x80 if marker else payload_type
    return _HEADER.pack(flags, kind, sequence, timestamp, ssrc) + extensions


def extension_block(values: Iterable[tuple[int, bytes]]) -> bytes:
    """Return header extensions in the one-byte form (RFC 8285 §4.2), padded; empty for none.

    Raises `ValueError` for an id or a length that this form does not have (1…14, 1…16 bytes).
    """
    block = bytearray()
    for id, value in values:
        if not (1 <= id <= 14 and 1 <= len(value) <= 16):
            raise ValueError(f"RTP extension {id} of {len(value)} bytes has no one-byte form")
        block.append(id << 4 | len(value) - 1)
        block += value
    if not block:
        return b""
    block += bytes(-len(block) % 4)
    return b"\xbe\xde" + (len(block) // 4).to_bytes(2, "big") + block


def long_extension_block(values: Iterable[tuple[int, bytes]]) -> bytes:
    """Header extensions in the two-byte form (RFC 8285 §4.3), padded: values of up to 255 bytes."""
    block = b"".join(bytes([id, len(value)]) + value for id, value in values)
    block += bytes(-len(block) % 4)
    return b"\x10\0" + (len(block) // 4).to_bytes(2, "big") + block


def ahead(a: int, b: int) -> int:
    """Return by how much sequence number `a` is ahead of `b`: −32,768…32,767."""
    return ((a - b + _HALF) & 0xFFFF) - _HALF


def unwrap(sequence: int, near: int) -> int:
    """Return the extended sequence number nearest to `near` whose low 16 bits are `sequence`."""
    return near + ((sequence - near + _HALF) & 0xFFFF) - _HALF
