"""A lane: one track on its way to the viewers of a stage who follow it.

A lane keeps the publisher's sequence numbers and puts its timestamps on the stage's timeline. What a
viewer has had before (of another lane) is its own affair: `DownTrack` adds offsets to what the lane has.
"""

from __future__ import annotations

from typing import Protocol

from ..egress import Egress, Group, Stream, level
from ..sdp.codec_choice import Codec
from .dialect import Dialect
from .pacer import Pacer
from .packet import MediaPacket
from .splice import after
from .track import Taker, Track

GAP_S = 0.4  # without a picture: the eye sees that it stands
NEW_TIMELINE_S = 10.0  # a longer step of a publisher's timestamps is a new beginning


class Follower(Protocol):
    """A viewer's down track, as its lane sees it."""

    @property
    def stream(self) -> Stream:
        """The viewer's stream: batches go there."""
        ...

    @property
    def joining(self) -> Lane | None:
        """The lane that it goes to with that lane's next beginning."""
        ...

    def dialect(self, track_codec: Codec) -> Dialect | None:
        """Return how packets of that codec are to be written; None if the viewer can't decode it."""
        ...

    def join(self, lane: Lane) -> None:
        """Wait for the next beginning of `lane`."""
        ...

    def begin(self, lane: Lane, first: MediaPacket, now_s: float) -> None:
        """Follow `lane` from its packet `first` on."""
        ...

    def leave(self, lane: Lane) -> None:
        """Stop following `lane`, or waiting for it."""
        ...


class LaneListener(Protocol):
    """A feed, as its lanes see it."""

    def place(self, track: Track, packet: MediaPacket, now_s: float) -> float:
        """Return where on the stage's timeline (seconds) a packet of this track belongs."""
        ...

    def on_begin(self, lane: Lane, now_s: float) -> None:
        """A beginning went out: a keyframe, or any sound."""
        ...


class Lane(Taker):
    """A track for one feed.

    `still`: slides, which send nothing while nobody turns a page; so no gap counts as a freeze.
    """

    def __init__(
        self,
        track: Track,
        egress: Egress,
        pacer: Pacer,
        listener: LaneListener,
        *,
        still: bool = False,
        is_open: bool = True,
    ) -> None:
        self.track = track
        self.open = is_open  # those who wait are taken along with the next beginning
        self.following: dict[Follower, Dialect | None] = {}
        self.waiting: set[Follower] = set()
        self.gaps = 0  # times without a picture, and how long they were
        self.gap_s = 0.0
        self.sent_s: float | None = None  # the newest picture; None for slides and sound
        self._egress = egress
        self._pacer = pacer
        self._listener = listener
        self._still = still
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
        """Return a packet's time on the stage's timeline (RTP units, 32 bits)."""
        return (packet.timestamp + (self._offset or 0)) & 0xFFFFFFFF

    def timestamp_at(self, now_s: float, clock_offset_s: float | None) -> int | None:
        """Return what the stage's RTP clock shows at `now_s`, for sender reports."""
        if self.track.last is None or self._offset is None:
            return None
        return (self.track.timestamp_at(now_s, clock_offset_s) + self._offset) & 0xFFFFFFFF

    # Viewers ----------------------------------------------------------------------------------

    def reserve(self, follower: Follower) -> None:
        """Note a viewer who is still sent the past, and is added when it has caught up."""
        self.following[follower] = None

    def add(self, follower: Follower, begin: int) -> None:
        """Send to a viewer from the next batch on, but nothing before the sequence number `begin`.

        A late packet from before would have the numbers of something that the viewer had already.
        """
        self.waiting.discard(follower)
        self._floor = max(self._floor, begin)
        dialect = follower.dialect(self.track.codec)
        self.following[follower] = dialect
        if dialect is not None:
            group = self._groups.get(dialect)
            if group is None:
                group = self._groups[dialect] = self._egress.group()
            group.add(follower.stream)

    def discard(self, follower: Follower) -> None:
        self.waiting.discard(follower)
        dialect = self.following.pop(follower, None)
        if dialect is not None:
            self._groups[dialect].discard(follower.stream)

    def end(self) -> None:
        """Let go of all viewers, who keep their place: the track has ended or left the stage."""
        if self in self.track.lanes:
            self.track.lanes.remove(self)
        for follower in [*self.following, *self.waiting]:
            follower.leave(self)

    # Packets ----------------------------------------------------------------------------------

    def forward(self, packets: list[MediaPacket], now_s: float) -> None:
        self._place_first(packets[0], now_s)
        if not (self.sound or self._still):
            self._note_gap(now_s)
        first = self._beginning(packets)
        if first is not None:
            for follower in list(self.waiting):
                follower.begin(self, first, now_s)
        self._newest = max(self._newest, packets[-1].sequence)
        if packets[0].sequence < self._floor:
            packets = [packet for packet in packets if packet.sequence >= self._floor]
        if packets:
            self._send(packets)
        if first is not None:
            self._listener.on_begin(self, now_s)

    def _beginning(self, packets: list[MediaPacket]) -> MediaPacket | None:
        """Return where viewers who wait may begin: at no keyframe so late that the rest of it is gone."""
        if not self.open:
            return None
        return next((p for p in packets if p.keyframe and p.sequence > self._newest), None)

    def _send(self, packets: list[MediaPacket]) -> None:
        for dialect, group in self._groups.items():
            if len(group):
                batch = dialect.render(packets, self.timestamp)
                batch = level(batch) if dialect.repaired else batch
                self._pacer.send(group, batch, sound=self.sound)

    def begin_anew(self) -> None:
        """Let viewers go on with the first keyframe of another codec."""
        for follower in list(self.following):
            follower.leave(self)
            if follower.joining is None:
                follower.join(self)

    def _place_first(self, packet: MediaPacket, now_s: float) -> None:
        """Find the timeline's place for this track: once, and again if its timestamps begin anew."""
        hz = self.track.codec.clock_hz
        step = ((packet.timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if self._offset is None or abs(step) > NEW_TIMELINE_S * hz:
            place = round(self._listener.place(self.track, packet, now_s) * hz)
            if self._offset is not None:
                place = after(place, self._timestamp + self._offset)
            self._offset = (place - packet.timestamp) & 0xFFFFFFFF
        self._timestamp = packet.timestamp

    def _note_gap(self, now_s: float) -> None:
        if self.sent_s is not None and now_s - self.sent_s >= GAP_S:
            self.gaps += 1
            self.gap_s += now_s - self.sent_s
        self.sent_s = now_s
