"""Feedback on each packet's arrival, from which a publisher estimates its line
(draft-holmer-rmcat-transport-wide-cc-extensions-01).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..rtp import rtcp, rtp

_TICKS_PER_S = 4_000  # of 250 µs
_TICKS_PER_REFERENCE = 256  # 64 ms
_KIND, _FORMAT = 205, 15
_LOST, _SMALL, _LARGE = 0, 1, 2
_MAX_RUN = 0x1FFF
MAX_ARRIVALS = 200  # in one message: at most 1,200 bytes with their gaps
MAX_AGE = 512  # sequence numbers; how late a packet may be to count
MAX_AHEAD = 8_192  # what is further off is a new beginning


class Recorder:
    """Arrival times of packets, by the sequence number of the header extension."""

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}  # extended sequence number: ticks
        self._highest: int | None = None
        self._next = 0  # the first to tell about
        self._number = 0  # of the next message, 8 bits

    def add(self, sequence: int, now_s: float) -> None:
        """Take in that a packet came, late or not; the first arrival counts."""
        extended = sequence if self._highest is None else rtp.unwrap(sequence, self._highest)
        if self._highest is None or abs(extended - self._highest) > MAX_AHEAD:
            self._arrivals.clear()
            self._highest = self._next = extended
        if extended <= self._highest - MAX_AGE or extended in self._arrivals:
            return
        self._arrivals[extended] = round(now_s * _TICKS_PER_S)
        self._highest = max(self._highest, extended)
        self._next = min(self._next, extended)  # those behind a late one are told again

    def feedback(self, sender_ssrc: int, media_ssrc: int) -> bytes | None:
        """Return an RTCP packet on arrivals since the last one, to be asked for until it is None."""
        if self._highest is None or self._next > self._highest:
            return None
        begin, arrived = self._next, self._due()
        reference = self._arrivals[arrived[0]] // _TICKS_PER_REFERENCE
        statuses, deltas, told = [], bytearray(), begin
        ticks = reference * _TICKS_PER_REFERENCE
        for sequence in arrived:
            step = self._arrivals[sequence] - ticks
            if not -0x8000 <= step <= 0x7FFF or sequence - begin >= 0xFFFF:
                break  # the next message begins here, with a reference of its own
            statuses += [_LOST] * (sequence - told)
            small = 0 <= step <= 0xFF
            statuses.append(_SMALL if small else _LARGE)
            deltas += step.to_bytes(1) if small else step.to_bytes(2, signed=True)
            ticks, told = self._arrivals[sequence], sequence + 1
        self._next = told
        self._forget()
        return self._message(sender_ssrc, media_ssrc, begin, reference, statuses, bytes(deltas))

    def _due(self) -> list[int]:
        """Return the arrivals to be told of, in order: as many as fit one message."""
        assert self._highest is not None
        span = range(self._next, self._highest + 1)
        return [sequence for sequence in span if sequence in self._arrivals][:MAX_ARRIVALS]

    def _forget(self) -> None:
        assert self._highest is not None
        oldest = min(self._highest - MAX_AGE, self._next - 1)
        for sequence in [known for known in self._arrivals if known <= oldest]:
            del self._arrivals[sequence]

    def _message(
        self,
        sender_ssrc: int,
        media_ssrc: int,
        begin: int,
        reference: int,
        statuses: list[int],
        deltas: bytes,
    ) -> bytes:
        """Return the message (§3.1)."""
        body = b"".join(
            (
                sender_ssrc.to_bytes(4),
                media_ssrc.to_bytes(4),
                (begin & 0xFFFF).to_bytes(2),
                len(statuses).to_bytes(2),
                (reference & 0xFFFFFF).to_bytes(3),
                self._number.to_bytes(1),
                *(chunk.to_bytes(2) for chunk in _chunks(statuses)),
                deltas,
            )
        )
        self._number = (self._number + 1) & 0xFF
        return rtcp.packet(_KIND, _FORMAT, body + bytes(-len(body) % 4))


def _chunks(statuses: list[int]) -> Iterator[int]:
    """Return runs where they are long, else vectors of two bits, or of one where that is enough (§3.1.1)."""
    at = 0
    while at < len(statuses):
        run = _run(statuses, at)
        vector = statuses[at : at + 14]
        one_bit = _LARGE not in vector
        if run >= (14 if one_bit else 7) or at + run == len(statuses):
            yield statuses[at] << 13 | run
            at += run
        elif one_bit:
            yield 0x8000 | _packed(vector, bits=1)
            at += 14
        else:
            yield 0xC000 | _packed(vector[:7], bits=2)
            at += 7


def _run(statuses: list[int], at: int) -> int:
    end = at + 1
    while end < len(statuses) and end - at < _MAX_RUN and statuses[end] == statuses[at]:
        end += 1
    return end - at


def _packed(symbols: list[int], *, bits: int) -> int:
    packed = 0
    for n, symbol in enumerate(symbols):
        packed |= symbol << (14 - bits * (n + 1))
    return packed
