"""A span: the way of packets from a trunk to a branch of another node, SRTP over UDP.

Each packet of an ingest travels whole, as the payload of an RTP packet whose sequence numbers are the span's:
so whatever got lost is known, and asked for once, by NACK (RFC 4585). Where a line loses, each
datagram is sent a second time some milliseconds later: a trunk carries one talk, not its viewers, and a
repair takes a round trip that nobody has to wait for then. Both copies are the same bytes, and SRTP drops
the one that comes last. Keys come by TLS (`node_identity`), new ones for each span.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from ..egress.keys import GCM, Keys
from ..egress.sinks import open_session, protect
from ..rtp import rtcp

KEY_BYTES, SALT_BYTES = 16, 12
SSRC = 1
_PAYLOAD_TYPE = 96
_HEADER = struct.Struct("!BBHLLH")  # RTP, and the number of the ingest
BEAT = 0xFFFF  # in place of an ingest's number: nothing but a sign of life

KEPT_PACKETS = 2_048
COPY_AFTER_S = 0.005
LOSSY_FOR_S = 30.0  # since the last packet that was asked for


def keys_of(both: bytes) -> Keys:
    """Return the SRTP keys in a master key and salt."""
    return Keys(GCM, both[:KEY_BYTES], both[KEY_BYTES:])


class SpanSender:
    """The trunk's end. `send` takes datagrams."""

    def __init__(self, keys: Keys, send: Callable[[bytes], object]) -> None:
        self.packets = 0
        self.repeated = 0  # since they were asked for
        self._session: Any = open_session(keys)
        self._send = send
        self._sent: dict[int, bytes] = {}  # by sequence number, the oldest first
        self._sequence = 0
        self._copies: list[bytes] = []
        self._lossy_until_s = 0.0

    def send(self, number: int, data: bytes, now_s: float) -> None:
        """Send a packet of the ingest that `number` stands for."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        sent_ms = int(now_s * 1000) & 0xFFFFFFFF
        header = _HEADER.pack(0x80, _PAYLOAD_TYPE, self._sequence, sent_ms, SSRC, number)
        datagram = protect(self._session, header + data)
        if datagram is None:
            return
        self.packets += 1
        self._keep(datagram)
        self._send(datagram)
        if now_s < self._lossy_until_s:
            self._copy(datagram)

    def on_rtcp(self, data: bytes, now_s: float) -> None:
        """Send again what was asked for."""
        for report in rtcp.parse(data):
            if isinstance(report, rtcp.Nack):
                self._lossy_until_s = now_s + LOSSY_FOR_S
                for sequence in report.sequences:
                    self._repeat(sequence)

    def _repeat(self, sequence: int) -> None:
        datagram = self._sent.get(sequence)
        if datagram is not None:
            self.repeated += 1
            self._send(datagram)

    def _keep(self, datagram: bytes) -> None:
        self._sent.pop(self._sequence, None)
        self._sent[self._sequence] = datagram
        if len(self._sent) > KEPT_PACKETS:
            del self._sent[next(iter(self._sent))]

    def _copy(self, datagram: bytes) -> None:
        if not self._copies:
            asyncio.get_running_loop().call_later(COPY_AFTER_S, self._send_copies)
        self._copies.append(datagram)

    def _send_copies(self) -> None:
        copies, self._copies = self._copies, []
        for datagram in copies:
            self._send(datagram)


def read_packet(packet: bytes) -> tuple[int, int, int, bytes] | None:
    """Return sequence number, time in ms, the ingest's number and the packet; None for what is none."""
    if len(packet) < _HEADER.size:
        return None
    _, _, sequence, sent_ms, _, number = _HEADER.unpack_from(packet)
    return sequence, sent_ms, number, packet[_HEADER.size :]
