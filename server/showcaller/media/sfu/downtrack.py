"""A down track: one viewer's picture or sound, one RTP stream without seams, whatever lane it follows.

Offsets are added to the sequence numbers, timestamps and picture ids of each lane, so that they go on
where the last one ended. A newcomer is sent what came since the newest
keyframe, quickly and with its timestamps drawn together, so that it sees a picture at once and is not
behind afterwards.
"""

from __future__ import annotations

from math import ceil

from ..egress import Sink
from ..rtp import rtp
from ..rtp.extensions import AUDIO_LEVEL, DEPENDENCIES, ORIENTATION, SEND_TIME
from ..sdp.codec_choice import Codec, decoder_of
from ..sdp.negotiation import Medium
from .dialect import Dialect
from .followed import CATCH_UP_SPEED, Drawn, Followed, drawn_together
from .frame_numbers import is_older
from .lane import GAP_S, Lane
from .packet import MediaPacket
from .splice import Offsets, Place, offsets_to

CATCH_UP_WITHIN_S = 1.5  # a longer past goes by faster
CATCH_UP_EVERY_S = 0.005
CATCH_UP_PACKETS = 24  # at a time: receivers' buffers are small


class DownTrack:
    """One stream to one viewer; `medium` is what was negotiated with it."""

    def __init__(self, medium: Medium, sink: Sink, ssrc: int, rtx_ssrc: int, begin: int) -> None:
        self.medium = medium
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.stream = sink.stream(ssrc)
        self.lane: Lane | None = None  # the one it follows
        self.joining: Lane | None = None  # the one that it goes to at its next beginning
        self.began_s: float | None = None
        self.followed_s = float("-inf")  # since when it follows the present lane, or the last one
        self._codecs: dict[str, Codec | None] = {}
        self._place = Place(begin, 0)
        self._offsets = Offsets()
        self._history: list[Followed] = []  # the present one, if any, comes last
        self._keyframe: MediaPacket | None = None  # the newest of the lane that was left
        self._aged = 0  # how many of them had been left when they were looked at
        self._catching: int | None = None  # the lane's sequence to be sent next
        self._caught: MediaPacket | None = None  # the last that was sent by catching up
        self._freezes = 0, 0.0  # of lanes that were left
        self._gaps_before = 0, 0.0
        self._stood_s: float | None = None  # the last picture of the lane that was left
        self._calm = False

    # Its present place --------------------------------------------------------------------------

    @property
    def catching_up(self) -> bool:
        return self._catching is not None

    def codec(self, track_codec: Codec) -> Codec | None:
        """Return the viewer's own numbers for that codec; None if it can't decode it."""
        key = track_codec.key
        if key not in self._codecs:
            self._codecs[key] = decoder_of(self.medium.codecs, key)
        return self._codecs[key]

    def dialect(self, track_codec: Codec) -> Dialect | None:
        codec = self.codec(track_codec)
        if codec is None:
            return None
        ids = self.medium.extensions
        sound = self.medium.kind == "audio"
        return Dialect(
            codec.payload_type,
            codec.rtx is not None,
            ids.get(SEND_TIME, 0),
            0 if sound else ids.get(ORIENTATION, 0),
            ids.get(AUDIO_LEVEL, 0) if sound else 0,
            ids.get(DEPENDENCIES, 0) if codec.name == "AV1" else 0,
        )

    def timestamp_at(self, now_s: float, clock_offset_s: float | None) -> int | None:
        """Return what this stream's RTP clock shows, for a sender report."""
        stands = self.lane.timestamp_at(now_s, clock_offset_s) if self.lane else None
        return None if stands is None else (stands + self._offsets.timestamp) & 0xFFFFFFFF

    @property
    def freezes(self) -> tuple[int, float]:
        """Number of times that the picture stood still, and the seconds that it did in all."""
        (count, seconds), (count_before, before_s) = self._freezes, self._gaps_before
        if self.lane is None:
            return count, seconds
        return count + self.lane.gaps - count_before, seconds + self.lane.gap_s - before_s

    # From lane to lane ------------------------------------------------------------------------

    def join(self, lane: Lane) -> None:
        """Go over to `lane` with its next beginning; until then go on with the present one."""
        self._stop_waiting()
        if lane is not self.lane:
            self.joining = lane
            lane.waiting.add(self)

    def stay(self) -> None:
        """Go on with the present lane after all."""
        self._stop_waiting()

    def begin(
        self, lane: Lane, first: MediaPacket, now_s: float, drawn: Drawn | None = None
    ) -> None:
        """Follow `lane` from its packet `first` on."""
        place = self._leave_current()
        self._stop_waiting()
        self._offsets = offsets_to(
            place, first, drawn_together(lane.timestamp(first), first, drawn)
        )
        followed = Followed(place.sequence + 1, lane, lane.track.codec, self._offsets, drawn)
        self._history.append(followed)
        self.stream.shift(
            sequence=self._offsets.sequence & 0xFFFF,
            timestamp=self._offsets.timestamp,
            picture=self._offsets.picture,
            tl0=self._offsets.tl0,
        )
        self.lane = lane
        self.followed_s = now_s
        self.began_s = self.began_s or self.followed_s
        self._end_freeze(lane, now_s)
        if drawn is None:
            lane.add(self, first.sequence)
        else:
            lane.reserve(self)
            self._catching, self._caught = first.sequence, None

    def leave(self, lane: Lane) -> None:
        """Keep the place when `lane` ends."""
        if lane is self.joining:
            self._stop_waiting()
        if lane is self.lane:
            self._leave_current()

    def pause(self) -> None:
        """Send nothing until it joins a lane again."""
        self._stop_waiting()
        self._leave_current()
        self.forget_freeze()

    def forget_freeze(self) -> None:
        """Count no freeze before the next lane begins: that nothing comes until then is meant."""
        self._calm = True

    def age(self) -> None:
        """Forget the lanes that were left before the last call; to be called once a second.

        Nobody asks again for packets that old.
        """
        del self._history[: self._aged]
        self._aged = len(self._history) - (self.lane is not None)

    def _stop_waiting(self) -> None:
        if self.joining is not None:
            self.joining.waiting.discard(self)
            self.joining = None

    def _leave_current(self) -> Place:
        """Stop following the present lane; return the place after all that was sent."""
        lane = self.lane
        if lane is None:
            return self._place
        last = lane.track.last if self._catching is None else self._caught
        followed = self._history[-1]
        if last is not None and self.codec(followed.codec) is not None:
            self._place = followed.place_of(last)
        self._freezes, self._stood_s = self.freezes, lane.sent_s
        self._keyframe = lane.track.keyframe
        lane.discard(self)
        self.lane = self._catching = self._caught = None
        return self._place

    def _end_freeze(self, lane: Lane, now_s: float) -> None:
        """Count the time without a picture before `lane` began as a freeze, if it was long."""
        stood_s = now_s - self._stood_s if self._stood_s is not None else 0.0
        if stood_s >= GAP_S and not self._calm:
            self._freezes = self._freezes[0] + 1, self._freezes[1] + stood_s
        self._gaps_before = lane.gaps, lane.gap_s
        self._stood_s, self._calm = None, False

    # Catching up ------------------------------------------------------------------------------

    def catch_up(self, lane: Lane, now_s: float) -> bool:
        """Begin with the newest keyframe of the past; return false if there is none to begin with."""
        first, last = lane.track.gop(now_s), lane.track.last
        if first is None or last is None or self.dialect(lane.track.codec) is None:
            return False
        if self._had_newer(first):
            return False
        past_s = ((last.timestamp - first.timestamp) & 0xFFFFFFFF) / lane.track.codec.clock_hz
        speed = max(CATCH_UP_SPEED, ceil(past_s / CATCH_UP_WITHIN_S))
        self.begin(lane, first, now_s, Drawn(last.sequence, lane.timestamp(last), speed))
        return True

    def _had_newer(self, first: MediaPacket) -> bool:
        """Return whether receivers would drop this keyframe of AV1: they had a newer one from elsewhere."""
        had = self.lane.track.keyframe if self.lane is not None else self._keyframe
        if had is None or not (had.dependencies and first.dependencies):
            return False
        return is_older(first.dependencies, had.dependencies)

    def step(self, now_s: float) -> bool:
        """Send the next packets of the past; return true when the viewer has caught up."""
        lane = self.lane
        if lane is None or self._catching is None or lane.track.last is None:
            return True
        self._skip_to_newer_keyframe(lane, now_s)
        followed = self._history[-1]
        assert followed.drawn is not None
        packets = self._next_packets(lane, lane.track.last.sequence, followed.drawn.speed)
        if packets and (dialect := self.dialect(followed.codec)):
            self.stream.send_one(dialect.render(packets, followed.timestamp))
            self._caught = packets[-1]
        if self._catching <= lane.track.last.sequence:
            return False
        self._catching = self._caught = None
        lane.add(self, followed.drawn.sequence + 1)
        return True

    def _skip_to_newer_keyframe(self, lane: Lane, now_s: float) -> None:
        """Begin once more with a keyframe that came meanwhile, if the last frame sent is whole."""
        caught, newest = self._caught, lane.track.gop(now_s)
        if caught is not None and caught.marker and newest and newest.sequence > caught.sequence:
            self.catch_up(lane, now_s)

    def _next_packets(self, lane: Lane, last: int, speed: int) -> list[MediaPacket]:
        span = CATCH_UP_EVERY_S * speed * lane.track.codec.clock_hz
        packets: list[MediaPacket] = []
        assert self._catching is not None
        sequence = self._catching
        while sequence <= last and len(packets) < CATCH_UP_PACKETS:
            packet = lane.track.kept(sequence)
            if packet is not None:
                if packets and (packet.timestamp - packets[0].timestamp) & 0xFFFFFFFF > span:
                    break
                packets.append(packet)
            sequence += 1
        self._catching = sequence
        return packets

    # Sending again ----------------------------------------------------------------------------

    def again(self, sequence: int) -> tuple[Codec, bytes, int] | None:
        """Return a packet (16-bit `sequence`) as the viewer should have got it, its codec, and the offset
        of its send time (0: it has none).

        None if it is no longer kept. The payload is the publisher's but for picture ids.
        """
        if not self._history:
            return None
        asked = rtp.unwrap(sequence, self._newest_sequence())
        followed = next((f for f in reversed(self._history) if f.begin <= asked), None)
        if followed is None:
            return None
        lane, offsets = followed.lane, followed.offsets
        packet = lane.track.kept(asked - offsets.sequence)
        codec, dialect = self.codec(followed.codec), self.dialect(followed.codec)
        if packet is None or codec is None or dialect is None:
            return None

        def stamp(made: MediaPacket) -> int:
            return (followed.timestamp(packet) + offsets.timestamp) & 0xFFFFFFFF

        made = packet._replace(sequence=asked)
        packed = offsets.apply(dialect.render([made], stamp), self.ssrc)
        return codec, packed, dialect.send_time_at

    def _newest_sequence(self) -> int:
        if self.lane is None or self.lane.track.last is None:
            return self._place.sequence
        return self.lane.track.last.sequence + self._offsets.sequence
