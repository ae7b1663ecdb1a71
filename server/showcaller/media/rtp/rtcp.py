"""RTCP: sender and receiver reports, SDES, BYE (RFC 3550 §6), NACK and PLI (RFC 4585 §6), FIR
(RFC 5104 §4.3.1), REMB (draft-alvestrand-rmcat-remb-03).

Reduced-size packets (RFC 5506) are read too. What these functions do not know, they skip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from struct import Struct, pack
from struct import error as StructError
from typing import Literal, NamedTuple

_SENDER_REPORT, _RECEIVER_REPORT, _SDES, _BYE = 200, 201, 202, 203
_TRANSPORT_FEEDBACK, _PAYLOAD_FEEDBACK = 205, 206
_NACK = 1
_PLI, _FIR, _APPLICATION = 1, 4, 15
_CNAME = 1

_HEADER = Struct("!BBH")
_SENDER = Struct("!LQLLL")
_BLOCK = Struct("!LLLLLL")
_TWO_WORDS = Struct("!LL")
_PAIR = Struct("!HH")
_WORD = Struct("!L")

_NTP_OF_1970_S = 2_208_988_800
_MAX_LOST = 0x7FFFFF  # 24 bits with a sign
_REMB = 0x52454D42


class Block(NamedTuple):
    """A receiver's report on one source (RFC 3550 §6.4.1)."""

    ssrc: int
    lost_share: float  # 0…1, since the last report
    lost: int  # since the beginning; negative with duplicates
    highest: int  # extended sequence number, 32 bits
    jitter: int  # in units of the timestamp
    last_sr: int  # the middle of the last sender report's NTP time; 0: none yet
    delay: int  # since then, in 1/65,536 s


class SenderReport(NamedTuple):
    ssrc: int
    ntp: int  # 64 bits
    rtp_timestamp: int
    packets: int
    octets: int
    blocks: tuple[Block, ...]


class ReceiverReport(NamedTuple):
    ssrc: int
    blocks: tuple[Block, ...]


class Nack(NamedTuple):
    """A request for packets of source `ssrc` that got lost."""

    ssrc: int
    sequences: list[int]  # 16 bits


class KeyframeRequest(NamedTuple):
    ssrc: int  # of the source
    kind: Literal["pli", "fir"]


class Remb(NamedTuple):
    """An estimate of what the receiver's line carries."""

    bps: int
    ssrcs: tuple[int, ...]


class Bye(NamedTuple):
    ssrcs: tuple[int, ...]


Message = SenderReport | ReceiverReport | Nack | KeyframeRequest | Remb | Bye


def parse(data: bytes) -> list[Message]:
    """Return the messages of a compound packet. Raises `ValueError` unless it is RTCP."""
    messages: list[Message] = []
    size = len(data)
    at = 0
    if not size:
        raise ValueError("RTCP: empty")
    try:
        while at < size:
            flags, kind, words = _HEADER.unpack_from(data, at)
            start = at + 4
            at = end = start + 4 * words
            if flags & 0xC0 != 0x80 or end > size:
                raise ValueError("RTCP: not version 2, or cut")
            if flags & 0x20:
                end -= data[end - 1]
            if reader := _READERS.get(kind):
                reader(messages, data[start:end], flags & 0x1F)
    except StructError:
        raise ValueError("RTCP: shorter than it says") from None
    return messages


def _read_sender_report(messages: list[Message], body: bytes, count: int) -> None:
    ssrc, ntp, rtp_timestamp, packets, octets = _SENDER.unpack_from(body)
    blocks = _blocks(body, _SENDER.size, count)
    messages.append(SenderReport(ssrc, ntp, rtp_timestamp, packets, octets, blocks))


def _read_receiver_report(messages: list[Message], body: bytes, count: int) -> None:
    (ssrc,) = _WORD.unpack_from(body)
    messages.append(ReceiverReport(ssrc, _blocks(body, 4, count)))


def _blocks(body: bytes, at: int, count: int) -> tuple[Block, ...]:
    """Return the blocks; a profile may add what it likes behind them (RFC 3550 §6.4.3)."""
    blocks = []
    for _ in range(count):
        ssrc, losses, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, at)
        lost = ((losses & 0xFFFFFF) ^ 0x800000) - 0x800000
        blocks.append(Block(ssrc, (losses >> 24) / 256, lost, highest, jitter, last_sr, delay))
        at += 24
    return tuple(blocks)


def _read_bye(messages: list[Message], body: bytes, count: int) -> None:
    messages.append(Bye(tuple(_WORD.unpack_from(body, 4 * n)[0] for n in range(count))))


def _read_transport_feedback(messages: list[Message], body: bytes, kind: int) -> None:
    if kind != _NACK:
        return
    _, ssrc = _TWO_WORDS.unpack_from(body)
    sequences = []
    for first, others in _PAIR.iter_unpack(body[8:]):
        sequences.append(first)
        while others:
            lowest = others & -others
            sequences.append((first + lowest.bit_length()) & 0xFFFF)
            others ^= lowest
    messages.append(Nack(ssrc, sequences))


def _read_payload_feedback(messages: list[Message], body: bytes, kind: int) -> None:
    _, ssrc = _TWO_WORDS.unpack_from(body)
    if kind == _PLI:
        messages.append(KeyframeRequest(ssrc, "pli"))
    elif kind == _FIR:  # the sources stand behind; `ssrc` is 0
        for source, _ in _TWO_WORDS.iter_unpack(body[8:]):
            messages.append(KeyframeRequest(source, "fir"))
    elif kind == _APPLICATION and body[8:12] == b"REMB":
        _read_remb(messages, body)


def _read_remb(messages: list[Message], body: bytes) -> None:
    (rate,) = _WORD.unpack_from(body, 12)
    count = rate >> 24
    ssrcs = tuple(_WORD.unpack_from(body, 16 + 4 * n)[0] for n in range(count))
    messages.append(Remb((rate & 0x3FFFF) << (rate >> 18 & 0x3F), ssrcs))


_READERS: dict[int, Callable[[list[Message], bytes, int], None]] = {
    _SENDER_REPORT: _read_sender_report,
    _RECEIVER_REPORT: _read_receiver_report,
    _BYE: _read_bye,
    _TRANSPORT_FEEDBACK: _read_transport_feedback,
    _PAYLOAD_FEEDBACK: _read_payload_feedback,
}


def packet(kind: int, count: int, body: bytes) -> bytes:
    """Return one RTCP packet; `count` is also the format of a feedback message."""
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def sender_report(
    ssrc: int,
    ntp: int,
    rtp_timestamp: int,
    packets: int,
    octets: int,
    blocks: Sequence[Block] = (),
) -> bytes:
    """Return a sender report of at most 31 blocks; `packets` and `octets` (of payload) count modulo 2³²."""
    body = _SENDER.pack(
        ssrc, ntp, rtp_timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )
    return packet(_SENDER_REPORT, len(blocks), body + _packed(blocks))


def receiver_report(ssrc: int, blocks: Sequence[Block] = ()) -> bytes:
    """Return a receiver report of at most 31 blocks."""
    return packet(_RECEIVER_REPORT, len(blocks), _WORD.pack(ssrc) + _packed(blocks))


def _packed(blocks: Iterable[Block]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            min(int(block.lost_share * 256), 255) << 24
            | max(-_MAX_LOST, min(block.lost, _MAX_LOST)) & 0xFFFFFF,
            *(field & 0xFFFFFFFF for field in block[3:]),
        )
        for block in blocks
    )


def sdes(ssrc: int, cname: str) -> bytes:
    """Return a source's description: its canonical name, at most 255 bytes (RFC 3550 §6.5.1)."""
    name = cname.encode()
    chunk = pack("!LBB", ssrc, _CNAME, len(name)) + name
    return packet(_SDES, 1, chunk + bytes(4 - len(chunk) % 4))  # at least one zero


def bye(ssrcs: Sequence[int]) -> bytes:
    return packet(_BYE, len(ssrcs), b"".join(map(_WORD.pack, ssrcs)))


def nack(sender_ssrc: int, ssrc: int, sequences: Iterable[int]) -> bytes:
    """Return a request for packets of `ssrc`, best in order; extended sequence numbers will do."""
    pairs: list[list[int]] = []
    for sequence in sequences:
        distance = (sequence - pairs[-1][0]) & 0xFFFF if pairs else 17
        if 1 <= distance <= 16:
            pairs[-1][1] |= 1 << distance - 1
        elif distance:
            pairs.append([sequence & 0xFFFF, 0])
    body = b"".join(_PAIR.pack(*pair) for pair in pairs)
    return packet(_TRANSPORT_FEEDBACK, _NACK, _TWO_WORDS.pack(sender_ssrc, ssrc) + body)


def is_rtcp(data: bytes) -> bool:
    """Return whether a packet of at least two bytes on a shared port is RTCP, not RTP (RFC 5761 §4)."""
    return 64 <= data[1] & 0x7F < 96


def pli(sender_ssrc: int, ssrc: int) -> bytes:
    """Return a request to the source `ssrc` for a keyframe (RFC 4585 §6.3.1)."""
    return packet(_PAYLOAD_FEEDBACK, _PLI, _TWO_WORDS.pack(sender_ssrc, ssrc))


def fir(sender_ssrc: int, ssrc: int, number: int) -> bytes:
    """Return an order of a keyframe; `number` is a new one with each order (RFC 5104 §4.3.1)."""
    body = pack("!LLLBxxx", sender_ssrc, 0, ssrc, number & 0xFF)
    return packet(_PAYLOAD_FEEDBACK, _FIR, body)


def remb(sender_ssrc: int, bps: int, ssrcs: Sequence[int]) -> bytes:
    """Return the estimate that at most 255 sources may send so much together."""
    exponent = max(bps.bit_length() - 18, 0)
    rate = len(ssrcs) << 24 | exponent << 18 | bps >> exponent
    body = pack("!LLLL", sender_ssrc, 0, _REMB, rate) + b"".join(map(_WORD.pack, ssrcs))
    return packet(_PAYLOAD_FEEDBACK, _APPLICATION, body)


def ntp(wall_s: float) -> int:
    """Return the NTP time, 32.32 bits (RFC 3550 §4), of seconds since 1970."""
    return round((wall_s + _NTP_OF_1970_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def middle(ntp: int) -> int:
    """Return the middle 32 bits of an NTP time, 16.16, as reports carry it."""
    return ntp >> 16 & 0xFFFFFFFF


def round_trip_s(block: Block, now_ntp: int) -> float | None:
    """Return the time that a report of ours and its answer were on the way (RFC 3550 §6.4.1), if known."""
    if not block.last_sr:
        return None
    taken = (middle(now_ntp) - block.last_sr - block.delay) & 0xFFFFFFFF
    return taken / 65_536 if taken < 0x80000000 else 0.0  # clocks are never that exact
