"""The few RTCP messages that thin clients send and understand (RFC 3550 §6, RFC 4585 §6, REMB)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION = 200, 201, 202
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
NACK, PLI, FIR, REMB = 1, 1, 4, 15  # formats of feedback
NTP_EPOCH_S = 2_208_988_800


class Part(NamedTuple):
    """One message of a compound packet; `body` is what follows its first 4 bytes."""

    kind: int
    format: int
    body: bytes


class Block(NamedTuple):
    """A receiver's report of one stream."""

    ssrc: int
    fraction_lost: int  # of 256
    lost: int
    highest: int  # extended sequence
    last_report: int  # middle 32 bits of the newest sender report's NTP time
    delay: int  # since then, in 1/65536 s


def parts(packet: bytes) -> Iterator[Part]:
    """Raises `ValueError` for what is no RTCP."""
    at = 0
    while at < len(packet):
        if len(packet) - at < 4 or packet[at] >> 6 != 2:
            raise ValueError("this is no RTCP")
        size = 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
        yield Part(packet[at + 1], packet[at] & 31, packet[at + 4 : at + size])
        at += size


def _packet(kind: int, format_: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | format_, kind, len(body) // 4) + body


def receiver_report(ssrc: int, blocks: Iterable[Block]) -> bytes:
    packed = [
        struct.pack(
            "!LLLLLL",
            *(block.ssrc, block.fraction_lost << 24 | min(block.lost, 0x7FFFFF)),
            *(block.highest & 0xFFFFFFFF, 0, block.last_report, block.delay),
        )
        for block in blocks
    ]
    return _packet(RECEIVER_REPORT, len(packed), struct.pack("!L", ssrc) + b"".join(packed))


def sender_report(ssrc: int, wall_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    ntp = int((wall_s + NTP_EPOCH_S) * (1 << 32))
    counts = (timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(SENDER_REPORT, 0, struct.pack("!LQLLL", ssrc, ntp, *counts))


def description(ssrc: int, cname: bytes = b"swarm") -> bytes:
    chunk = struct.pack("!LBB", ssrc, 1, len(cname)) + cname + b"\0"
    return _packet(DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


def pli(ssrc: int, media_ssrc: int) -> bytes:
    return _packet(PAYLOAD_FEEDBACK, PLI, struct.pack("!LL", ssrc, media_ssrc))


def nack(ssrc: int, media_ssrc: int, sequence: int) -> bytes:
    return _packet(TRANSPORT_FEEDBACK, NACK, struct.pack("!LLHH", ssrc, media_ssrc, sequence, 0))


def remb(ssrc: int, media_ssrc: int, bps: int) -> bytes:
    exponent = max(0, bps.bit_length() - 18)
    rate = 1 << 24 | exponent << 18 | bps >> exponent
    return _packet(
        PAYLOAD_FEEDBACK, REMB, struct.pack("!LL4sLL", ssrc, 0, b"REMB", rate, media_ssrc)
    )


def report_time(part: Part) -> int:
    """The middle 32 bits of a sender report's NTP time."""
    return int.from_bytes(part.body[6:10], "big")


def sequences(part: Part) -> list[int]:
    """Return the packets that a NACK asks for again (RFC 4585 §6.2.1)."""
    found: list[int] = []
    for at in range(8, len(part.body) - 3, 4):
        first, mask = struct.unpack_from("!HH", part.body, at)
        found += [first, *(first + 1 + bit & 0xFFFF for bit in range(16) if mask >> bit & 1)]
    return found
