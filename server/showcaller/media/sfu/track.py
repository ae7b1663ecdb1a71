"""A track: one encoding as it comes from a publisher, put to batches, kept for a while, handed to lanes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from ..rtp import rtp
from ..rtp.codecs import picture as find_picture
from ..rtp.codecs import starts_keyframe
from ..rtp.frame_size import frame_size
from ..rtp.parameter_sets import ParameterSets, begins_idr
from ..sdp.codec_choice import Codec
from .frame_numbers import FrameNumbers
from .numbering import Numbering
from .packet import MediaPacket
from .reception import Reception
from .throttle import Throttle

KEYFRAME_EVERY_S = 0.5  # requests of many viewers become one
MAX_BATCH_PACKETS = 32
BATCH_WITHIN_S = 0.005  # what a frame's first packet waits for the others at most
KEPT_VIDEO_PACKETS = 1_536  # to be sent again: five seconds at 2.5 Mbit/s
# kept since a keyframe, 3.5 MB; with more a newcomer waits for the next one
MAX_GOP_PACKETS = 3_072
MAX_GOP_S = 30.0
FEW_PACKETS = 300  # are sent to newcomers however old they are: slides
OLD_GOP_S = 4.0  # then a newcomer is sent it, and the publisher asked for another
REORDERED_WITHIN_S = 1.0  # a longer step back is a new beginning
LEVEL_OVER_S = 3.0


class TrackListener(Protocol):
    """An ingest, as its tracks see it."""

    def on_track(self, track: Track, now_s: float) -> None:
        """A track is new."""
        ...

    def ask_keyframe(self, track: Track, now_s: float) -> None:
        """Somebody who follows the track needs a keyframe."""
        ...


class Track:
    """A track of the ingest whose resource is `origin`; `lanes` get each batch."""

    def __init__(
        self, origin: str, kind: str, ssrc: int, rid: str, codec: Codec, listener: TrackListener
    ) -> None:
        self.origin = origin
        self.kind = kind
        self.ssrc = ssrc
        self.rid = rid
        self.codec = codec
        self.reception = Reception(ssrc, codec.clock_hz)
        self.lanes: list[Taker] = []
        self._listener: TrackListener | None = listener
        self.wishes = Throttle(KEYFRAME_EVERY_S)
        self.last: MediaPacket | None = None  # the one with the highest sequence
        self.last_s = 0.0  # when it came
        self.keyframe_s: float | None = None
        self.area = 0  # of its newest keyframe's picture, in pixels; 0: not known
        self.most_bps = 0.0
        self.frames = 0
        self.frames_per_s = 0.0
        self._frames_before = 0
        self.keyframe: MediaPacket | None = None  # the first packet of the newest one
        self._kept: dict[int, MediaPacket] = {}
        self._order: deque[int] = deque()
        self._pending: list[MediaPacket] = []
        self._timer: asyncio.TimerHandle | None = None
        self._levels: deque[tuple[float, int]] = deque()
        self.reordered_s: float | None = None  # when a picture came after one that is shown later
        self.lacks_sets = False  # no decoder can begin with its newest keyframe
        self._numbering = Numbering()
        self._frame_numbers = FrameNumbers()
        self._sets = _parameter_sets(codec)
        self._complete_at: int | None = None  # timestamp of the newest keyframe with parameter sets

    def take(self, packet: rtp.Packet, sequence: int, now_s: float, extras: Extras) -> None:
        """Take in a packet that came for the first time; `sequence` is the extended one."""
        if self._sets is not None:
            self._complete(self._sets, packet, sequence, now_s)
        made = self._made(packet, self._numbering.of(sequence), extras)
        if made.dependencies:
            made = self._renumbered(made, now_s)
        self._take(made, now_s)

    def _take(self, made: MediaPacket, now_s: float) -> None:
        sequence = made.sequence
        if self.kind == "video":
            self._note_order(made, now_s)
            self._keep(made)
            if made.keyframe:
                self._begin_keyframe(made, now_s)
                if size := frame_size(self.codec.key, made.payload):
                    self.area = size[0] * size[1]
            self.frames += made.marker
        elif made.level:
            self._note_level(made.level, now_s)
        if self.last is None or sequence > self.last.sequence:
            self.last, self.last_s = made, now_s
        self._pending.append(made)
        self._flush_if_due(now_s)

    def ask_keyframe(self, now_s: float) -> None:
        """Ask the publisher for a keyframe, unless the track has ended."""
        if self._listener is not None:
            self._listener.ask_keyframe(self, now_s)

    def kept(self, sequence: int) -> MediaPacket | None:
        return self._kept.get(sequence)

    def gop(self, now_s: float) -> MediaPacket | None:
        """Return the first packet of the newest keyframe, if a newcomer can be sent all since then."""
        first = self.keyframe
        if first is None or self.last is None or self.keyframe_s is None:
            return None
        count = self.last.sequence - first.sequence + 1
        too_old = now_s - self.keyframe_s > MAX_GOP_S and count > FEW_PACKETS
        if count > MAX_GOP_PACKETS or too_old:
            return None
        return first if first.sequence in self._kept else None

    def is_gop_old(self, now_s: float) -> bool:
        """Return whether a newcomer had better get another keyframe than the newest one."""
        return self.keyframe_s is None or now_s - self.keyframe_s > OLD_GOP_S

    def note_rate(self, passed_s: float) -> None:
        """Work out the frames a second since the last call."""
        self.frames_per_s = (self.frames - self._frames_before) / passed_s
        self._frames_before = self.frames

    def level_dbov(self, now_s: float) -> int | None:
        """Return the loudest of the last seconds; None if the publisher does not tell."""
        while self._levels and self._levels[0][0] < now_s - LEVEL_OVER_S:
            self._levels.popleft()
        return max((level for _, level in self._levels), default=None)

    def timestamp_at(self, now_s: float, clock_offset_s: float | None) -> int:
        """Return what the publisher's RTP clock shows at `now_s`; its NTP clock is `clock_offset_s` ahead."""
        assert self.last is not None
        since_s = now_s - self.last_s
        if clock_offset_s is not None:
            told_s = self.reception.ntp_of(self.last.timestamp)
            since_s = since_s if told_s is None else now_s + clock_offset_s - told_s
        return self.last.timestamp + round(since_s * self.codec.clock_hz)

    def change_codec(self, codec: Codec, now_s: float) -> None:
        """Change the codec from the next packet on; nobody begins with what came before."""
        self.flush(now_s)
        self.codec, self.keyframe = codec, None
        self._sets = _parameter_sets(codec)
        for lane in list(self.lanes):
            lane.begin_anew()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for lane in list(self.lanes):
            lane.end()
        self._kept.clear()
        self._order.clear()
        self._pending.clear()
        self._listener = None

    def _complete(
        self, sets: ParameterSets, packet: rtp.Packet, sequence: int, now_s: float
    ) -> None:
        """Put the parameter sets before a keyframe that has none."""
        if sets.note(packet.payload):
            self._complete_at = packet.timestamp
            self.lacks_sets = self.lacks_sets and not sets.complete
        number, last = self._numbering.of(sequence), self.last
        if not begins_idr(packet.payload) or packet.timestamp == self._complete_at:
            return
        if last is not None and number <= last.sequence:
            return  # something behind it has come
        if last is not None and number > last.sequence + 1:
            # they may be what got lost, or slices of this picture: a set between slices would part it
            self._complete_at = packet.timestamp
            return
        self.lacks_sets, self._complete_at = not sets.complete, packet.timestamp
        if sets.complete:
            self._numbering.insert(sequence)
            self._take(MediaPacket(number, packet.timestamp, False, sets.packed(), True), now_s)

    def _note_order(self, made: MediaPacket, now_s: float) -> None:
        last = self.last
        if last is None or made.sequence <= last.sequence:
            return
        back = (last.timestamp - made.timestamp) & 0xFFFFFFFF
        if 0 < back < REORDERED_WITHIN_S * self.codec.clock_hz:
            self.reordered_s = now_s

    # Batches ----------------------------------------------------------------------------------

    def _renumbered(self, made: MediaPacket, now_s: float) -> MediaPacket:
        told, last = b"", self.last
        if self.codec.name == "AV1":
            begins = made.keyframe and (last is None or made.sequence > last.sequence)
            told = self._frame_numbers.renumber(made.dependencies, begins, now_s)
        return made._replace(dependencies=told)

    def _made(self, packet: rtp.Packet, sequence: int, extras: Extras) -> MediaPacket:
        orientation, level, dependencies = extras
        keyframe, picture = True, None
        if self.kind == "video":
            keyframe = starts_keyframe(self.codec.key, packet.payload)
            picture = find_picture(self.codec.key, packet.payload)
        return MediaPacket(
            sequence,
            packet.timestamp,
            bool(packet.marker),
            packet.payload,
            keyframe,
            picture,
            orientation,
            level,
            dependencies,
        )

    def _flush_if_due(self, now_s: float) -> None:
        pending = self._pending
        if self.kind == "audio" or pending[-1].marker or len(pending) >= MAX_BATCH_PACKETS:
            self.flush(now_s)
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            due_s = now_s + BATCH_WITHIN_S
            self._timer = loop.call_later(BATCH_WITHIN_S, self.flush, due_s)

    def flush(self, now_s: float) -> None:
        """Hand on all that has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        packets, self._pending = sorted(self._pending), []
        if packets:
            for lane in list(self.lanes):
                lane.forward(packets, now_s)

    def _begin_keyframe(self, packet: MediaPacket, now_s: float) -> None:
        known = self.keyframe
        if known is not None and known.timestamp == packet.timestamp:
            if packet.sequence < known.sequence:
                self.keyframe = packet
            return
        if known is not None and packet.sequence < known.sequence:
            return  # the beginning of one long over
        self.flush(now_s)
        self.keyframe, self.keyframe_s = packet, now_s
        self.wishes.forget()

    def _keep(self, packet: MediaPacket) -> None:
        self._kept[packet.sequence] = packet
        self._order.append(packet.sequence)
        while len(self._order) > KEPT_VIDEO_PACKETS and not self._begins_newcomers():
            del self._kept[self._order.popleft()]

    def _begins_newcomers(self) -> bool:
        """Return whether the oldest packet kept belongs to the keyframe that newcomers begin with."""
        first = self.keyframe
        if first is None or first.sequence not in self._kept:
            return False
        return self._order[0] >= first.sequence and len(self._order) <= MAX_GOP_PACKETS

    def _note_level(self, level: bytes, now_s: float) -> None:
        self._levels.append((now_s, -(level[0] & 0x7F)))
        while self._levels[0][0] < now_s - LEVEL_OVER_S:
            self._levels.popleft()


def _parameter_sets(codec: Codec) -> ParameterSets | None:
    return ParameterSets(codec.parameters) if codec.name == "H264" else None


Extras = tuple[bytes, bytes, bytes]  # orientation, level, dependencies


class Taker(Protocol):
    """A taker of a track's batches: a lane."""

    def forward(self, packets: list[MediaPacket], now_s: float) -> None:
        """Take the packets that came since the last call, in their order."""
        ...

    def end(self) -> None:
        """Learn that the track has ended."""
        ...

    def begin_anew(self) -> None:
        """Learn that the track's codec is another one from now on."""
        ...
