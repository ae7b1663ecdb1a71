"""An ingest: one publication as it comes in, what is asked back, and how it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from ... import system
from ..contract.calls import Source
from ..contract.statistics import LayerStatistics, PublicationStatistics, SoundStatistics
from ..egress import Egress, Keys, Sink
from ..rtp import rtcp, rtp
from ..rtp.extensions import AUDIO_LEVEL, DEPENDENCIES, ORIENTATION, TRANSPORT_CC
from ..sdp.negotiation import Medium, Negotiated
from ..transport.parameters import Path
from .program import Contender
from .sender_clock import SenderClock
from .silence import Silence
from .track import Track
from .tracks import Tracks
from .trunk_link import TrackLine
from .twcc import Recorder
from .uplink import UplinkEstimate

if TYPE_CHECKING:  # a recorder has no transports, and is up sooner without their libraries
    from ..transport.transport import Transport

REPORT_EVERY_S = 1.0
FEEDBACK_EVERY_S = 0.06
MAX_PACKET_BYTES = 1_600  # larger ones come through no network that viewers have
GONE_AFTER_S = 10.0  # without a packet or a connectivity check

LOSSY_SHARE = 0.05
LOW_VIDEO_BPS = 150_000
OLD_KEYFRAME_S = 10.0  # then another is asked for
UNANSWERED_S = 2.0
REORDERED_FOR_S = 5.0  # since pictures came in another order than they are shown
QUIET_DBOV = -60


class BackChannel(Protocol):
    """The way back to the speaker."""

    def send_rtcp(self, packet: bytes) -> bool: ...

    def close(self) -> None: ...


class IngestListener(Protocol):
    """The part that is told what becomes of ingests."""

    def on_ingest_live(self, ingest: Ingest, now_s: float) -> None:
        """Media can flow."""
        ...

    def on_ingest_changed(self, ingest: Ingest, now_s: float) -> None:
        """A track is new."""
        ...

    def on_ingest_packet(self, ingest: Ingest, data: bytes) -> None:
        """RTP or RTCP came, decrypted; before it is looked at."""
        ...

    def on_ingest_ended(self, ingest: Ingest, reason: str, now_s: float) -> None:
        """It is over: once, and not after `end`."""
        ...


class Ingest:
    """One speaker's connection, or one that another worker lends."""

    def __init__(
        self,
        resource: str,
        session: str,
        person: str,
        source: Source,
        negotiated: Negotiated,
        egress: Egress,
        listener: IngestListener,
        now_s: float,
        *,
        offer: str = "",
    ) -> None:
        """Keep the `offer` that was negotiated for workers that borrow the ingest."""
        self.resource = resource
        self.session = session
        self.person = person
        self.source: Source = source
        self.negotiated = negotiated
        self.offer = offer
        self.stage = ""  # that its session is on
        self.etag = f'"{system.random_id("e")}"'
        self.transport: Transport | None = None
        self.live = False
        self.closing = False  # its session is over
        self.keyframe_requests = 0
        self.packets = 0
        self.ssrc = 1  # of our reports
        self._egress = egress
        self._listener = listener
        self._sink: Sink | None = None
        self._back: BackChannel | None = None
        self._media = {medium.kind: medium for medium in negotiated.media if medium.flows}
        self._extensions = {
            uri: number for m in self._media.values() for uri, number in m.extensions.items()
        }
        self._tracks = Tracks(resource, self._media, self._extensions, self)
        self._clock = SenderClock()
        self._silence = Silence(slides=source == "slides", now_s=now_s)
        self._reported_s = self._feedback_s = now_s
        video = self._media.get("video")
        self._recorder = _recorder(video, self._extensions)
        self._uplink = UplinkEstimate()

    # What the transport tells ------------------------------------------------------------------

    def on_connected(self, keys: Keys, now_s: float) -> None:
        self._sink = self._egress.sink(keys)
        assert self.transport is not None and self.transport.path is not None
        self._sink.aim(*self.transport.path)
        self._back = self._sink
        self.live = True
        self._listener.on_ingest_live(self, now_s)

    def on_path(self, path: Path) -> None:
        if self._sink is not None:
            self._sink.aim(*path)

    def on_closed(self, reason: str, now_s: float) -> None:
        self._listener.on_ingest_ended(self, reason, now_s)

    def on_rtp(self, data: bytes, now_s: float) -> None:
        if len(data) > MAX_PACKET_BYTES:
            return
        self._listener.on_ingest_packet(self, data)
        try:
            packet = rtp.parse(data)
        except ValueError:
            return
        self._silence.note_media(now_s)
        self.packets += 1
        self._record(packet, now_s)
        if (found := self._tracks.find(packet, now_s)) is None:
            return
        track, packet = found
        if track.kind == "audio":
            self._silence.note_sound(now_s)
        sequence = track.reception.add(packet.sequence, packet.timestamp, now_s, len(data))
        if track.reception.restarts:  # it began anew: so does everything that follows it
            track = self._tracks.begin_anew(track, now_s)
            sequence = track.reception.add(packet.sequence, packet.timestamp, now_s, len(data))
        if sequence is not None:
            extensions, ids = packet.extensions, self._extensions
            # one byte each; longer ones would not fit into what viewers are sent
            orientation = extensions.get(ids.get(ORIENTATION, 0), b"")[:1]
            level = extensions.get(ids.get(AUDIO_LEVEL, 0), b"")[:1]
            dependencies = extensions.get(ids.get(DEPENDENCIES, 0), b"")
            track.take(packet, sequence, now_s, (orientation, level, dependencies))

    def on_rtcp(self, data: bytes, now_s: float) -> None:
        self._silence.note_sign(now_s)
        self._listener.on_ingest_packet(self, data)
        try:
            reports = rtcp.parse(data)
        except ValueError:
            return
        for report in reports:
            if isinstance(report, rtcp.SenderReport) and (track := self._tracks.of(report.ssrc)):
                self._note_report(track, report, now_s)

    def _note_report(self, track: Track, report: rtcp.SenderReport, now_s: float) -> None:
        if self._clock.note(report.ntp, now_s):
            track.reception.note_sender_report(report.ntp, report.rtp_timestamp, now_s)
            return
        for each in self._tracks.all():
            each.reception.forget_sender_reports()

    def end(self) -> None:
        """Free everything, and end the lanes of its tracks."""
        if self.transport is not None:
            self.transport.close()
        self._tracks.end()
        if self._back is not None:
            self._back.close()
            self._back = self._sink = None
        self.live = False

    # Lending ------------------------------------------------------------------------------------

    def borrow(self, back: BackChannel, tracks: Iterable[TrackLine], now_s: float) -> None:
        """Begin with media that comes by way of another worker, which knows these tracks already."""
        self._back = back
        self.live = True
        for line in tracks:
            self._tracks.expect(line, now_s)

    def track_lines(self) -> list[TrackLine]:
        """Return the tracks that are known, for workers that borrow them."""
        return self._tracks.lines()

    def track_of(self, ssrc: int) -> Track | None:
        return self._tracks.of(ssrc)

    def on_track(self, track: Track, now_s: float) -> None:
        self._listener.on_ingest_changed(self, now_s)

    # What is asked back -------------------------------------------------------------------------

    def ask_keyframe(self, track: Track, now_s: float) -> None:
        """Ask for a keyframe, at most once in half a second: more wishes become one at the end of it."""
        if track.wishes.ask(now_s):
            self._send_pli(track)

    def tick(self, now_s: float) -> None:
        """Ask for what has to be asked for now; to be called each 20 ms."""
        if self._back is None:
            return
        for track in self.layers:
            if track.wishes.due(now_s):
                self._send_pli(track)
            if missing := track.reception.missing(now_s):
                self._send(rtcp.nack(self.ssrc, track.ssrc, [s & 0xFFFF for s in missing]))
        if self._recorder is not None and now_s - self._feedback_s >= FEEDBACK_EVERY_S:
            self._feedback_s = now_s
            media = self.layers[0].ssrc if self.layers else 0
            if feedback := self._recorder.feedback(self.ssrc, media):
                self._send(feedback)
        if now_s - self._reported_s >= REPORT_EVERY_S:
            self._report(now_s)

    def _report(self, now_s: float) -> None:
        """Send reception reports (RFC 3550 §6.4.2) and, without transport-cc, an estimate of the line."""
        blocks = [track.reception.block(now_s) for track in self._tracks.all()]
        packet = rtcp.receiver_report(self.ssrc, blocks)
        if self._recorder is None and self.layers:
            worst = max(track.reception.lost_share for track in self.layers)
            bps = self._uplink.update(worst, now_s)
            packet += rtcp.remb(self.ssrc, bps, [track.ssrc for track in self.layers])
        self._send(packet)
        passed_s = now_s - self._reported_s
        self._reported_s = now_s
        for track in self.layers:
            track.note_rate(passed_s)
            if track.keyframe_s is None or now_s - track.keyframe_s > OLD_KEYFRAME_S:
                track.ask_keyframe(now_s)
        self._tracks.order(now_s)

    def _send_pli(self, track: Track) -> None:
        self.keyframe_requests += 1
        self._send(rtcp.pli(self.ssrc, track.ssrc))

    def _send(self, packet: bytes) -> None:
        if self._back is not None:
            self._back.send_rtcp(packet)

    def _record(self, packet: rtp.Packet, now_s: float) -> None:
        if self._recorder is None:
            return
        value = packet.extensions.get(self._extensions[TRANSPORT_CC])
        if value is not None and len(value) == 2:
            self._recorder.add(int.from_bytes(value, "big"), now_s)

    # How it does --------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Track]:
        """Tracks of its picture, the best first."""
        return self._tracks.layers

    @property
    def sound(self) -> Track | None:
        return self._tracks.sound

    @property
    def clock_offset_s(self) -> float | None:
        """Seconds that the publisher's clock is ahead of ours, by its sender reports."""
        return self._clock.offset_s

    @property
    def has_video(self) -> bool:
        return "video" in self._media

    def vanished(self, now_s: float) -> bool:
        self._note_signs()
        return self.live and self._silence.gone_s(now_s) > GONE_AFTER_S

    def _note_signs(self) -> None:
        """Take the transport's connectivity checks for signs of life."""
        if self.transport is not None:
            self._silence.note_sign(self.transport.heard_s)

    def contender(self, now_s: float) -> Contender:
        self._note_signs()
        return Contender(
            self.resource,
            self.source,
            self._silence.is_silent(now_s),
            self._silence.steady_s(now_s),
            has_sound=self.sound is not None,
        )

    def statistics(self, now_s: float, on_stage: list[str]) -> PublicationStatistics:
        made = PublicationStatistics(
            publication=self.resource,
            session=self.session,
            person=self.person,
            source=self.source,
            on_stage=on_stage,
            live=self.live,
            silent_s=round(now_s - self._silence.media_s, 3),
            rtt_ms=self._rtt_ms(),
            layers=[self._layer(track, now_s) for track in self.layers],
            sound=_sound(self.sound, now_s) if self.sound else None,
            keyframe_requests=self.keyframe_requests,
        )
        made.problems = self._problems(made, now_s)
        return made

    def _rtt_ms(self) -> float | None:
        """Return the time that repairs took; None while nothing was lost."""
        known = [t.reception.rtt_s for t in self.layers if t.reception.rtt_s is not None]
        return round(min(known) * 1000, 1) if known else None

    def _layer(self, track: Track, now_s: float) -> LayerStatistics:
        reception = track.reception
        age = None if track.keyframe_s is None else round(now_s - track.keyframe_s, 3)
        return LayerStatistics(
            rid=track.rid,
            codec=track.codec.key,
            bitrate_bps=round(reception.bitrate_bps(now_s)),
            frames_per_s=round(track.frames_per_s, 1),
            keyframe_age_s=age,
            lost_share=round(reception.lost_share, 4),
            packets=reception.packets,
            packets_lost=reception.lost,
        )

    def _problems(self, made: PublicationStatistics, now_s: float) -> list[str]:
        if not self.live:
            return []
        if self._silence.is_silent(now_s):
            return ["silent"]
        best, sound = (made.layers[0] if made.layers else None), made.sound
        camera = self.source != "slides"
        found = {
            "no_video": best is None and "video" in self._media,
            "no_sound": sound is None and camera,
            "quiet": sound is not None and (sound.level_dbov or 0) < QUIET_DBOV,
            "lossy": any(p.lost_share > LOSSY_SHARE for p in (best, sound) if p),
            "low_bitrate": best is not None and camera and best.bitrate_bps < LOW_VIDEO_BPS,
            "no_parameter_sets": any(track.lacks_sets for track in self.layers),
            "b_frames": any(_reorders(track, now_s) for track in self.layers),
            "no_keyframe": best is not None and _is_rare(best),
        }
        return [problem for problem, holds in found.items() if holds]


def _recorder(video: Medium | None, extensions: dict[str, int]) -> Recorder | None:
    if video is None or "transport-cc" not in video.feedback or TRANSPORT_CC not in extensions:
        return None
    return Recorder()


def _reorders(track: Track, now_s: float) -> bool:
    return track.reordered_s is not None and now_s - track.reordered_s < REORDERED_FOR_S


def _is_rare(layer: LayerStatistics) -> bool:
    """Return whether keyframes come seldom though they are asked for: a splice would wait for one."""
    age_s = layer.keyframe_age_s
    return age_s is None or age_s > OLD_KEYFRAME_S + UNANSWERED_S


def _sound(track: Track, now_s: float) -> SoundStatistics:
    reception = track.reception
    return SoundStatistics(
        codec=track.codec.key,
        bitrate_bps=round(reception.bitrate_bps(now_s)),
        level_dbov=track.level_dbov(now_s),
        lost_share=round(reception.lost_share, 4),
        packets=reception.packets,
    )
