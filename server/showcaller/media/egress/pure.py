"""The egress in Python: libsrtp in place on one buffer, then one `sendmsg` with UDP_SEGMENT a run.

What all viewers share is worked out once a batch (`Plan`). A viewer costs a copy of the whole batch, a
call of libsrtp a packet and a system call a run; headers are rewritten only where the viewer's differ
from those of the viewer before.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import cached_property
from socket import MSG_DONTWAIT

from pylibsrtp._binding import ffi, lib

from .batches import Batch, header_size, payload_octets, send_time
from .interface import ALL
from .keys import TAG_SIZES, Keys, SessionKeys, derive, index_near, protect
from .plan import Buffer, Piece, Plan, Rewrite, Sent
from .sinks import GSO_REFUSED, Members, Sink

_REPEATED = 9  # srtp_err_status_replay_fail
_HISTORY_BATCHES, _HISTORY_PACKETS = 64, 512  # that `send_again` looks through

_protect, _copy = lib.srtp_protect, ffi.memmove


class PythonStream:
    def __init__(self, sink: PythonSink, ssrc: int) -> None:
        self.sink = sink
        self.tag = TAG_SIZES[sink.keys.profile]
        self.groups: set[PythonGroup] = set()
        self.packets = self.octets = self.dropped = 0
        self._rewrite = Rewrite(ssrc)
        self._highest = 0  # packet index
        self._sent: deque[tuple[Sent, int]] = deque(maxlen=_HISTORY_BATCHES)  # with newest index
        self._held: tuple[Batch, list[Piece]] | None = None

    def shift(
        self, *, sequence: int = 0, timestamp: int = 0, picture: int = 0, tl0: int = 0
    ) -> None:
        self.sink.check()
        self._rewrite = Rewrite(self._rewrite.ssrc, sequence, timestamp, picture, tl0)

    def send_one(self, batch: Batch) -> bool:
        self.sink.check()
        if not batch.sizes:
            return True
        dropped = self.dropped
        if not self.deliver(self.sink.egress.plan(batch, self.tag)):
            self._drop_held()
        return self.dropped == dropped

    def send_again(self, packet: bytes, send_time_at: int = 0) -> bool:
        self.sink.check()
        octets = payload_octets(packet)
        if send_time_at and not 12 <= send_time_at <= header_size(packet) - 3:
            raise ValueError("a send time outside the header")
        index = index_near(self._highest, int.from_bytes(packet[2:4]))
        sent = self._batch_of(index)
        if sent is None:
            return False
        if send_time_at:
            packet = packet[:send_time_at] + sent.stamp + packet[send_time_at + 3 :]
        if not self.sink.send_datagram(protect(self.sink.session_keys, packet, index)):
            self.dropped += 1
            return False
        self.packets += 1
        self.octets += octets
        return True

    def deliver(self, plan: Plan) -> bool:
        """Send the plan; return false if the socket would block: call again with the same batch."""
        if self._held is not None:
            batch, pieces = self._held
            if batch is plan.batch:
                self._held = None
                return self._put(batch, pieces)
            self._drop_held()
        sink = self.sink
        if sink.socket is None:
            self.dropped += len(plan.slots)
            return True
        rewrite = self._rewrite
        plan.dress(rewrite)
        _copy(plan.buffer, plan.template, plan.size)
        _copy(plan.lengths, plan.sizes, plan.lengths_size)
        session, refused = sink.session[0], False
        for packet, length in plan.slots:
            if status := _protect(session, packet, length):
                length[0] = -status
                refused = True
        sent = self._follow(plan)
        if refused:
            return self._put(plan.batch, self._accepted(plan, sent))
        self._sent.append((sent, self._highest))
        return self._put(plan.batch, plan.pieces if sink.segments else plan.singles)

    def _put(self, batch: Batch, pieces: list[Piece]) -> bool:
        sink = self.sink
        if sink.socket is None:
            self.dropped += sum(len(piece.octets) for piece in pieces)
            return True
        send, address = sink.socket.sendmsg, sink.address
        for place, piece in enumerate(pieces):
            try:
                send((piece.view,), piece.control, MSG_DONTWAIT, address)
            except BlockingIOError:
                self._held = batch, [piece.kept() for piece in pieces[place:]]
                return False
            except OSError as error:
                if piece.control and error.errno in GSO_REFUSED:
                    sink.segments = False
                    rest = [one for piece in pieces[place:] for one in piece.singles()]
                    return self._put(batch, rest)
                self.dropped += len(piece.octets)
            else:
                self.packets += len(piece.octets)
                self.octets += piece.total_octets
        return True

    def _accepted(self, plan: Plan, sent: Sent) -> list[Piece]:
        """Return the pieces that libsrtp protected: some were sent already, or are too late."""
        statuses = [min(length, 0) for length in plan.lengths]
        self.dropped += sum(status not in (0, -_REPEATED) for status in statuses)
        kept = [place for place, status in enumerate(statuses) if not status]
        behind = [sent.behind[place] for place in kept]
        self._sent.append((Sent(behind, sent.stamp), self._highest))
        return [plan.singles[place] for place in kept]

    def _follow(self, plan: Plan) -> Sent:
        """Come to the indices that libsrtp has come to: it does not tell."""
        offset = self._rewrite.sequence
        newest = (plan.newest + offset) & 0xFFFF
        ahead = newest - (self._highest & 0xFFFF)
        if 0 < ahead < 0x8000 and newest >= plan.span:  # none of the batch is before a roll-over
            self._highest += ahead
            return plan.sent
        indices = []
        for sequence in plan.sequences:
            index = index_near(self._highest, (sequence + offset) & 0xFFFF)
            self._highest = max(self._highest, index)
            indices.append(index)
        return Sent([self._highest - index for index in indices], plan.sent.stamp)

    def _batch_of(self, index: int) -> Sent | None:
        if self._highest - index >= _HISTORY_PACKETS:
            return None
        for sent, newest in reversed(self._sent):
            if newest - index in sent.behind:
                return sent
        return None

    def _drop_held(self) -> None:
        if self._held is not None:
            self.dropped += sum(len(piece.octets) for piece in self._held[1])
            self._held = None


class PythonSink(Sink[PythonStream]):
    def __init__(self, egress: PythonEgress, keys: Keys) -> None:
        super().__init__(keys)
        self.egress = egress

    @cached_property
    def session_keys(self) -> SessionKeys:
        return derive(self.keys)

    def make_stream(self, ssrc: int) -> PythonStream:
        return PythonStream(self, ssrc)


class PythonGroup(Members[PythonStream]):
    def __init__(self, egress: PythonEgress) -> None:
        super().__init__()
        self._egress = egress

    def send(self, batch: Batch, start: int = 0, count: int = ALL) -> int:
        end = min(start + count, len(self.streams))
        if not batch.sizes:
            return end
        plans: dict[int, Plan] = {}
        for place in range(start, end):
            stream = self.streams[place]
            plan = plans.get(stream.tag)
            if plan is None:
                plan = plans[stream.tag] = self._egress.plan(batch, stream.tag)
            if not stream.deliver(plan):
                return place
        return end


class PythonEgress:
    """The egress in Python; `clock` gives monotonic seconds, for abs-send-time."""

    name = "python"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buffer = Buffer()

    def sink(self, keys: Keys) -> PythonSink:
        return PythonSink(self, keys)

    def group(self) -> PythonGroup:
        return PythonGroup(self)

    def plan(self, batch: Batch, tag: int) -> Plan:
        return Plan(batch, tag, send_time(self._clock()).to_bytes(3), self._buffer)
