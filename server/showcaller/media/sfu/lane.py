"""One track on its way to those viewers of a stage who follow it.

A lane keeps the publisher's sequence numbers and puts its timestamps on the stage's timeline. What a
viewer has had before (of another lane) is its own affair: `DownTrack` shifts what the lane has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..egress import Batch, Egress, Group, level
from ..rtp import rtp
from .pacer import Pacer
from .track import MediaPacket, Taker, Track

if TYPE_CHECKING:
    from .downtrack import DownTrack

SEND_TIME_AT = 17  # RTP header, extension header, one byte of id and length
GAP_S = 0.4  # without a picture: the eye sees that it stands
TICK_AFTER_SPLICE = 90  # RTP units between the last of one lane and the first of the next, at least
NEW_TIMELINE_S = 10.0  # a longer step of a publisher's timestamps is a new beginning

_NO_SEND_TIME = b"\0\0\0"  # stamped when it is sent


class Dialect(NamedTuple):
    """How a viewer wants packets to be written: payload type, and ids of header extensions (0: none)."""

    payload_type: int
    repaired: bool = False  # by RTX; else what is sent again must be the same to the byte
    send_time: int = 0
    orientation: int = 0
    level: int = 0


class Lane(Taker):
    """`place` says where on the stage's timeline (seconds) a packet of this track belongs."""

    def __init__(
        self,
        track: Track,
        egress: Egress,
        pacer: Pacer,
        place: Callable[[Track, MediaPacket], float],
        now: Callable[[], float],
    ) -> None:
        self.track = track
        self.open = True  # those who wait are taken along with the next beginning
        self.still = False  # slides: a picture that stands is none that has frozen
        self.on_begin: Callable[[Lane], None] = lambda lane: None  # each keyframe that was sent
        self.following: dict[DownTrack, Dialect | None] = {}
        self.waiting: set[DownTrack] = set()
        self.gaps = 0  # times without a picture, and how long they were
        self.gap_s = 0.0
        self.sent_s: float | None = None  # the newest picture; None for slides and sound
        self._egress = egress
        self._pacer = pacer
        self._place = place
        self.now = now
        self._groups: dict[Dialect, Group] = {}
        self._offset: int | None = None
        self._timestamp = 0  # of the publisher, newest
        self._newest = -1  # sequence that was handed on
        self._floor = 0  # what is before it only goes to those who ask for it
        track.lanes.append(self)

    @property
    def sound(self) -> bool:
        return self.track.kind == "audio"

    def timestamp(self, packet: MediaPacket) -> int:
        """On the stage's timeline, 32 bits."""
        return (packet.timestamp + (self._offset or 0)) & 0xFFFFFFFF

    def timestamp_at(self, now_s: float, clock_offset_s: float | None) -> int | None:
        """What the stage's RTP clock shows at `now_s`, for sender reports."""
        if self.track.last is None or self._offset is None:
            return None
        return (self.track.timestamp_at(now_s, clock_offset_s) + self._offset) & 0xFFFFFFFF

    # Viewers ----------------------------------------------------------------------------------

    def reserve(self, downtrack: DownTrack) -> None:
        """It follows this lane by itself, and is added when it has caught up."""
        self.following[downtrack] = None

    def add(self, downtrack: DownTrack, begin: int) -> None:
        """From the next batch on, but nothing before the sequence number `begin`.

        What comes late from before would have the numbers of something that the viewer had already.
        """
        self.waiting.discard(downtrack)
        self._floor = max(self._floor, begin)
        dialect = downtrack.dialect(self.track.codec)
        self.following[downtrack] = dialect
        if dialect is not None:
            group = self._groups.get(dialect)
            if group is None:
                group = self._groups[dialect] = self._egress.group()
            group.add(downtrack.stream)

    def discard(self, downtrack: DownTrack) -> None:
        self.waiting.discard(downtrack)
        dialect = self.following.pop(downtrack, None)
        if dialect is not None:
            self._groups[dialect].discard(downtrack.stream)

    def end(self) -> None:
        """The track has ended, or its publication left the stage: viewers keep their place."""
        if self in self.track.lanes:
            self.track.lanes.remove(self)
        for downtrack in [*self.following, *self.waiting]:
            downtrack.leave(self)

    # Packets ----------------------------------------------------------------------------------

    def forward(self, packets: list[MediaPacket]) -> None:
        self._place_first(packets[0])
        if not (self.sound or self.still):
            self._note_gap(self.now())
        first = self._beginning(packets)
        if first is not None:
            for downtrack in list(self.waiting):
                downtrack.begin(self, first)
        self._newest = max(self._newest, packets[-1].sequence)
        if packets[0].sequence < self._floor:
            packets = [packet for packet in packets if packet.sequence >= self._floor]
        if packets:
            self._send(packets)
        if first is not None:
            self.on_begin(self)

    def _beginning(self, packets: list[MediaPacket]) -> MediaPacket | None:
        """Where those who wait may begin: not at what came so late that the rest of it is gone."""
        if not self.open:
            return None
        return next((p for p in packets if p.keyframe and p.sequence > self._newest), None)

    def _send(self, packets: list[MediaPacket]) -> None:
        for dialect, group in self._groups.items():
            if len(group):
                batch = self.render(dialect, packets)
                batch = level(batch) if dialect.repaired else batch
                self._pacer.send(group, batch, sound=self.sound)

    def render(
        self,
        dialect: Dialect,
        packets: Sequence[MediaPacket],
        timestamp: Callable[[MediaPacket], int] | None = None,
    ) -> Batch:
        """The packets as RTP, but for what differs from viewer to viewer."""
        stamp = timestamp or self.timestamp
        made: list[bytes] = []
        pictures: list[int] = []
        tl0s: list[int] = []
        for packet in packets:
            block = _extensions(dialect, packet)
            header = rtp.header(
                dialect.payload_type,
                packet.marker,
                packet.sequence & 0xFFFF,
                stamp(packet),
                0,
                block,
            )
            made.append(header + packet.payload)
            if (picture := packet.picture) is not None:
                pictures.append(len(header) + picture.picture_at)
                tl0s.append(len(header) + picture.tl0_at if picture.tl0_at else 0)
            else:
                pictures.append(0)
                tl0s.append(0)
        return Batch(
            b"".join(made),
            tuple(map(len, made)),
            SEND_TIME_AT if dialect.send_time else 0,
            tuple(pictures) if any(pictures) else (),
            tuple(tl0s) if any(tl0s) else (),
        )

    def begin_anew(self) -> None:
        """The publisher has changed its codec: viewers go on with its first keyframe."""
        for downtrack in list(self.following):
            downtrack.leave(self)
            if downtrack.joining is None:
                downtrack.join(self)

    def _place_first(self, packet: MediaPacket) -> None:
        """Find the timeline's place for this track: once, and again if its timestamps begin anew."""
        hz = self.track.codec.clock_hz
        step = ((packet.timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if self._offset is None or abs(step) > NEW_TIMELINE_S * hz:
            place = round(self._place(self.track, packet) * hz)
            if self._offset is not None:
                place = after(place, self._timestamp + self._offset)
            self._offset = (place - packet.timestamp) & 0xFFFFFFFF
        self._timestamp = packet.timestamp

    def _note_gap(self, now_s: float) -> None:
        if self.sent_s is not None and now_s - self.sent_s >= GAP_S:
            self.gaps += 1
            self.gap_s += now_s - self.sent_s
        self.sent_s = now_s


def after(timestamp: int, last: int) -> int:
    """`timestamp`, but later than `last` at any rate (32 bits)."""
    behind = ((last - timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
    return timestamp + behind + TICK_AFTER_SPLICE if behind >= 0 else timestamp


def _extensions(dialect: Dialect, packet: MediaPacket) -> bytes:
    values: list[tuple[int, bytes]] = []
    if dialect.send_time:
        values.append((dialect.send_time, _NO_SEND_TIME))
    if dialect.orientation and packet.orientation:
        values.append((dialect.orientation, packet.orientation))
    if dialect.level and packet.level:
        values.append((dialect.level, packet.level))
    return rtp.extension_block(values) if values else b""
