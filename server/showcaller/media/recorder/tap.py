"""A tap: what one track carries, as samples in server time for whoever writes them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from ...recording.part import InitSection, Sample
from ..rtp.opus import SILENCE, SILENCE_SAMPLES, opus_samples
from ..sfu.ingest import Ingest
from ..sfu.packet import MediaPacket
from ..sfu.track import Track
from .assembler import Assembled, Assembler
from .depacketise import Frame, frame_of
from .descriptions import describe_sound
from .placing import Placing

log = logging.getLogger(__name__)

MAX_FILLED_S = 30.0  # a longer pause of sound is left as it is
CHANNELS = 2

ToServerMs = Callable[[float], float]  # of a time of the monotonic clock


class TapListener(Protocol):
    """A writer of samples."""

    def on_sample(self, tap: TrackTap, sample: Sample, init: InitSection) -> None:
        """Take the next sample; `init` describes it: while it is equal, one take can hold them all."""
        ...

    def on_tap_ended(self, tap: TrackTap) -> None:
        """Learn that no more samples will come."""
        ...


class TrackTap:
    """A taker of one track's packets (`sfu.track.Taker`). Made, it is at work until `close`."""

    def __init__(
        self, ingest: Ingest, track: Track, to_server_ms: ToServerMs, listener: TapListener
    ) -> None:
        self.ingest = ingest
        self.track = track
        self.unreadable = 0  # frames
        self._to_server_ms = to_server_ms
        self._listener = listener
        self._begin_again()
        track.lanes.append(self)

    @property
    def kind(self) -> str:
        return self.track.kind

    def close(self) -> None:
        """Let go of the track."""
        if self in self.track.lanes:
            self.track.lanes.remove(self)

    def tick(self, now_s: float) -> None:
        """Ask for a keyframe while nothing can be written without; to be called each 100 ms."""
        if self._sound:
            return
        if self._init is None or self._assembler.broken:
            self.track.ask_keyframe(now_s)

    # What the track tells -----------------------------------------------------------------------

    def forward(self, packets: list[MediaPacket], now_s: float) -> None:
        for frame in self._assembler.add(packets, now_s):
            self._take(frame, now_s)

    def end(self) -> None:
        self.close()
        self._listener.on_tap_ended(self)

    def begin_anew(self) -> None:
        self._begin_again()

    def _begin_again(self) -> None:
        self._sound = self.track.kind == "audio"
        self._assembler = Assembler(sound=self._sound)
        self._placing = Placing(self.track.codec.clock_hz)
        self._init: InitSection | None = None
        self._goes_on_at: int | None = None  # RTP time at which the last sound ended

    # Samples ------------------------------------------------------------------------------------

    def _take(self, assembled: Assembled, now_s: float) -> None:
        first = assembled.packets[0]
        time_ms = self._placing.place(
            first.timestamp, self._to_server_ms(now_s), self._told_ms(first.timestamp)
        )
        try:
            if self._sound:
                self._take_sound(first, time_ms)
            else:
                self._take_picture(assembled, time_ms)
        except ValueError as error:
            self.unreadable += 1
            self._init = None if not self._sound else self._init
            log.debug(str(error), extra={"action": "recording.unreadable"})

    def _told_ms(self, timestamp: int) -> float | None:
        """Return the server time of an RTP time as sender reports tell it, if they are to be believed."""
        ahead_s = self.ingest.clock_offset_s
        told_s = self.track.reception.ntp_of(timestamp)
        if ahead_s is None or told_s is None:
            return None
        return self._to_server_ms(told_s - ahead_s)

    def _take_picture(self, assembled: Assembled, time_ms: float) -> None:
        payloads = [packet.payload for packet in assembled.packets]
        frame = frame_of(self.track.codec.name, payloads)
        if frame.init is not None:
            self._init = frame.init
        elif assembled.lost_before and not frame.keyframe:
            self._init = None
        if self._init is not None:
            self._hand_on(frame, assembled.packets[0].timestamp, time_ms, self._init)

    def _hand_on(self, frame: Frame, rtp_time: int, time_ms: float, init: InitSection) -> None:
        sample = Sample(time_ms, rtp_time, frame.keyframe, frame.data)
        self._listener.on_sample(self, sample, init)

    def _take_sound(self, packet: MediaPacket, time_ms: float) -> None:
        """Hand on sound, with silence where none was sent: players lose their place in gaps."""
        samples = opus_samples(packet.payload)
        init = self._init = describe_sound(CHANNELS)
        self._fill(packet.timestamp, time_ms, init)
        self._goes_on_at = (packet.timestamp + samples) & 0xFFFFFFFF
        self._listener.on_sample(
            self, Sample(time_ms, packet.timestamp, True, packet.payload), init
        )

    def _fill(self, rtp_time: int, time_ms: float, init: InitSection) -> None:
        if self._goes_on_at is None:
            return
        hz = self.track.codec.clock_hz
        missing = (rtp_time - self._goes_on_at) & 0xFFFFFFFF
        if not SILENCE_SAMPLES <= missing <= MAX_FILLED_S * hz:
            return
        for left in range(missing, SILENCE_SAMPLES - 1, -SILENCE_SAMPLES):
            at = Sample(time_ms - left * 1000 / hz, (rtp_time - left) & 0xFFFFFFFF, True, SILENCE)
            self._listener.on_sample(self, at, init)
