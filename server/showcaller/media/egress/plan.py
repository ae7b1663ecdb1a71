"""The plan of a batch in the Python egress: all that its viewers share, worked out once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate
from socket import IPPROTO_UDP
from struct import Struct
from typing import Any, NamedTuple

from pylibsrtp._binding import ffi

from .batches import Batch, check, payload_octets, runs
from .sockets import UDP_SEGMENT

_TRAILER_BYTES_MAX = 16 + 128  # that libsrtp may ask for behind a packet

_header = Struct(">HII")  # sequence, timestamp, SSRC
_pack_header = _header.pack_into


class Rewrite(NamedTuple):
    """A stream's part of each header: its SSRC, and the offsets to add to the batch's numbers."""

    ssrc: int
    sequence: int = 0
    timestamp: int = 0
    picture: int = 0
    tl0: int = 0


class Piece(NamedTuple):
    """Sealed packets that leave in one send."""

    view: memoryview | bytes
    control: list[tuple[int, int, bytes]]  # UDP_SEGMENT; empty for one packet alone
    segment: int  # bytes of each packet but the last
    octets: tuple[int, ...]  # of each packet's payload
    total_octets: int

    @classmethod
    def of(cls, view: memoryview | bytes, segment: int, octets: tuple[int, ...]) -> Piece:
        size = segment.to_bytes(2, sys.byteorder)
        control = [(IPPROTO_UDP, UDP_SEGMENT, size)] if len(octets) > 1 else []
        return cls(view, control, segment, octets, sum(octets))

    def singles(self) -> list[Piece]:
        """Return each packet as a piece of its own."""
        starts = range(0, len(self.view), self.segment)
        return [
            Piece.of(self.view[at : at + self.segment], self.segment, (octets,))
            for at, octets in zip(starts, self.octets, strict=True)
        ]

    def kept(self) -> Piece:
        """Return the same with bytes of its own: the buffer is soon another's."""
        return self._replace(view=bytes(self.view))


class Buffer:
    """The memory that batches are protected in; it grows to the longest."""

    def __init__(self) -> None:
        self._size = 0
        self._buffer: Any = None

    def of(self, size: int) -> Any:
        if size > self._size:
            self._size = size
            self._buffer = ffi.new("char[]", size)
        return self._buffer


class Sent(NamedTuple):
    """The memory of a batch that `send_again` needs."""

    behind: Sequence[int]  # how far each packet's index is behind the newest one's
    stamp: bytes


class Plan:
    """The layout of packets with room for their tags, and pointers and views to them.

    Raises `ValueError` for a batch that isn't sound.
    """

    def __init__(self, batch: Batch, tag: int, stamp: bytes, buffer: Buffer) -> None:
        check(batch)
        sealed = [size + tag for size in batch.sizes]
        ends = list(accumulate(sealed))
        starts = [end - size for end, size in zip(ends, sealed, strict=True)]
        self.batch = batch
        self.size = ends[-1]
        self.template = bytearray(b"".join(packet + bytes(tag) for packet in batch.packets()))
        self._plan_headers(batch, starts, stamp)
        self.buffer = buffer.of(self.size + _TRAILER_BYTES_MAX)
        self.sizes = ffi.new("int[]", batch.sizes)
        self.lengths = ffi.new("int[]", len(sealed))
        self.lengths_size = ffi.sizeof(self.lengths)
        self.slots = [(self.buffer + at, self.lengths + n) for n, at in enumerate(starts)]
        view = memoryview(ffi.buffer(self.buffer))
        octets = tuple(map(payload_octets, batch.packets()))
        self.pieces = [
            Piece.of(view[starts[first] : ends[last - 1]], sealed[first], octets[first:last])
            for first, last in runs(sealed)
        ]
        self.singles = [single for piece in self.pieces for single in piece.singles()]

    def _plan_headers(self, batch: Batch, starts: list[int], stamp: bytes) -> None:
        template = self.template
        self._rewrite: Rewrite | None = None
        self._headers = [(at + 2, *_header.unpack_from(template, at + 2)[:2]) for at in starts]
        self._pictures = _values(template, starts, batch.picture_at, 2)
        self._tl0s = _values(template, starts, batch.tl0_at, 1)
        self.sequences = tuple(sequence for _, sequence, _ in self._headers)
        self.newest = _newest(self.sequences)
        behind = tuple((self.newest - sequence) & 0xFFFF for sequence in self.sequences)
        span = max(behind)
        self.span = span if span < 0x4000 else 0x10000  # then no shortcut is taken
        self.sent = Sent(behind, stamp)
        if batch.send_time_at:
            for at in starts:
                template[at + batch.send_time_at : at + batch.send_time_at + 3] = stamp

    def dress(self, rewrite: Rewrite) -> None:
        """Write a stream's headers into the template, unless they are there already."""
        if rewrite == self._rewrite:
            return
        self._rewrite = rewrite
        ssrc, ahead, later, picture, tl0 = rewrite
        template = self.template
        for at, sequence, timestamp in self._headers:
            _pack_header(
                template, at, (sequence + ahead) & 0xFFFF, (timestamp + later) & 0xFFFFFFFF, ssrc
            )
        for at, value in self._pictures:
            template[at : at + 2] = (0x8000 | (value + picture) & 0x7FFF).to_bytes(2)
        for at, value in self._tl0s:
            template[at] = (value + tl0) & 0xFF


def _newest(sequences: Sequence[int]) -> int:
    newest = sequences[0]
    for sequence in sequences:
        if 0 < (sequence - newest) & 0xFFFF < 0x8000:
            newest = sequence
    return newest


def _values(
    template: bytearray, starts: list[int], offsets: tuple[int, ...], size: int
) -> list[tuple[int, int]]:
    """Return (place in the template, value there) of a field, for the packets that have it."""
    places = [at + offset for at, offset in zip(starts, offsets, strict=False) if offset]
    return [(place, int.from_bytes(template[place : place + size])) for place in places]
