"""A speaker: what comes in, what is asked back, and how it does before it goes on the stage."""

from __future__ import annotations

from collections.abc import Callable

from .. import system
from . import rtcp, rtp
from .codec_choice import Codec
from .engine import Source
from .kernel import Kernel, Keys, Sink
from .negotiation import Medium, Negotiated
from .outlet import LEVEL, ORIENTATION
from .parameters import Path
from .program import SILENT_AFTER_S, Candidate
from .reception import RATE_WINDOW_S
from .statistics import LayerStatistics, PublicationStatistics, SoundStatistics
from .throttle import Throttle
from .track import Track
from .transport import Transport
from .twcc import Recorder
from .uplink import UplinkEstimate

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

KEYFRAME_EVERY_S = 0.5  # requests of many viewers become one
REPORT_EVERY_S = 1.0
FEEDBACK_EVERY_S = 0.06
MAX_TRACKS = 8
STOPPED_AFTER_S = 0.6  # a layer without a packet while others go on
GONE_AFTER_S = 10.0  # without a packet or a connectivity check

LOSSY_SHARE = 0.05
LOW_VIDEO_BPS = 150_000
OLD_KEYFRAME_S = 10.0
QUIET_DBOV = -60


class Publication:
    """`began` is called when media can flow, `changed` for each new track, `ended` when it is over."""

    def __init__(
        self,
        resource: str,
        session: str,
        person: str,
        source: Source,
        negotiated: Negotiated,
        kernel: Kernel,
    ) -> None:
        self.resource = resource
        self.session = session
        self.person = person
        self.source: Source = source
        self.negotiated = negotiated
        self.etag = f'"{system.random_id("e")}"'
        self.transport: Transport | None = None
        self.live = False
        self.layers: list[Track] = []  # of video, the best first
        self.sound: Track | None = None
        self.keyframe_requests = 0
        self.packets = 0
        self.ssrc = 1  # of our reports
        self.began: Callable[[Publication], None] = lambda publication: None
        self.changed: Callable[[Publication], None] = lambda publication: None
        self.ended: Callable[[Publication, str], None] = lambda publication, reason: None
        self._kernel = kernel
        self._sink: Sink | None = None
        self._tracks: dict[int, Track] = {}
        self._repairs: dict[int, Track] = {}
        self._media = {medium.kind: medium for medium in negotiated.media if medium.flows}
        self._codecs = _by_payload_type(self._media)
        self._extensions = {
            uri: number for m in self._media.values() for uri, number in m.extensions.items()
        }
        self._throttles: dict[int, Throttle] = {}
        self._clock_offset_s: float | None = None  # the publisher's NTP clock less ours
        self._heard_s = system.monotonic_s()
        self._steady_since_s = self._heard_s
        self._reported_s = self._heard_s
        self._unmeasured_s = self._heard_s  # when some layer's bitrate was not known
        self._feedback_s = self._heard_s
        video = self._media.get("video")
        self._recorder = _recorder(video, self._extensions)
        self._uplink = UplinkEstimate()
        self._frames_before: dict[int, int] = {}
        self._frames_per_s: dict[int, float] = {}

    # What the transport tells ------------------------------------------------------------------

    def on_connected(self, keys: Keys) -> None:
        self._sink = self._kernel.sink(keys)
        assert self.transport is not None and self.transport.path is not None
        self._sink.aim(*self.transport.path)
        self.live = True
        self.began(self)

    def on_path(self, path: Path) -> None:
        if self._sink is not None:
            self._sink.aim(*path)

    def on_closed(self, reason: str) -> None:
        self.ended(self, reason)

    def on_rtp(self, data: bytes, now_s: float) -> None:
        try:
            packet = rtp.parse(data)
        except ValueError:
            return
        if now_s - self._heard_s > SILENT_AFTER_S:
            self._steady_since_s = now_s
        self._heard_s = now_s
        self.packets += 1
        self._record(packet, now_s)
        track = self._tracks.get(packet.ssrc)
        if track is None:
            if (repaired := self._repaired(packet)) is None:
                return
            track, packet = repaired
        elif packet.payload_type != track.codec.payload_type:
            self._change_codec(track, packet.payload_type)
        sequence = track.reception.add(packet.sequence, packet.timestamp, now_s, len(data))
        if track.reception.restarts:  # it began anew: so does everything that follows it
            track = self._add_track(track.kind, track.ssrc, track.rid, track.codec)
            sequence = track.reception.add(packet.sequence, packet.timestamp, now_s, len(data))
        if sequence is not None:
            extensions, ids = packet.extensions, self._extensions
            orientation = extensions.get(ids.get(ORIENTATION, 0), b"")
            level = extensions.get(ids.get(LEVEL, 0), b"")
            track.take(packet, sequence, now_s, (orientation, level))

    def on_rtcp(self, data: bytes, now_s: float) -> None:
        try:
            reports = rtcp.parse(data)
        except ValueError:
            return
        for report in reports:
            if isinstance(report, rtcp.SenderReport) and report.ssrc in self._tracks:
                track = self._tracks[report.ssrc]
                track.reception.note_sender_report(report.ntp, report.rtp_timestamp, now_s)
                if self._clock_offset_s is None:
                    self._clock_offset_s = report.ntp / (1 << 32) - now_s

    def end(self) -> None:
        """Free everything; lanes of its tracks end."""
        if self.transport is not None:
            self.transport.close()
        for track in self._tracks.values():
            track.end()
        self._tracks.clear()
        if self._sink is not None:
            self._sink.close()
            self._sink = None
        self.live = False

    # Tracks -------------------------------------------------------------------------------------

    def _repaired(self, packet: rtp.Packet) -> tuple[Track, rtp.Packet] | None:
        """The track and the packet of an SSRC that is no known track: a repair, or a new track."""
        if packet.payload_type in self._codecs:
            if (track := self._new_track(packet)) is None:
                return None
            return track, packet
        track = self._repairs.get(packet.ssrc) or self._repaired_track(packet)
        if track is None or track.codec.rtx != packet.payload_type:
            return None
        unwrapped = rtp.unwrap_rtx(packet, track.codec.payload_type, track.ssrc)
        return (track, unwrapped) if unwrapped is not None else None

    def _new_track(self, packet: rtp.Packet) -> Track | None:
        if len(self._tracks) >= MAX_TRACKS:
            return None
        kind, codec = self._codecs[packet.payload_type]
        rid = packet.extensions.get(self._extensions.get(RID, 0), b"").decode("ascii", "replace")
        if kind == "video" and self._media[kind].rids and rid not in self._media[kind].rids:
            return None  # until a packet tells which layer it is
        return self._add_track(kind, packet.ssrc, rid, codec)

    def _add_track(self, kind: str, ssrc: int, rid: str, codec: Codec) -> Track:
        track = Track(self, kind, ssrc, rid, codec)
        throttle = self._throttles[ssrc] = Throttle(KEYFRAME_EVERY_S)
        track.on_keyframe = throttle.forget
        track.ask_keyframe = lambda: self.ask_keyframe(track)
        if kind == "audio":
            self._replace_sound(track)
        else:
            self._replace_layer(track)
        self._tracks[ssrc] = track
        self.changed(self)
        return track

    def _replace_sound(self, track: Track) -> None:
        if self.sound is not None:
            self._tracks.pop(self.sound.ssrc, None)
            self.sound.end()
        self.sound = track

    def _replace_layer(self, track: Track) -> None:
        """The newest SSRC is the layer's; without RIDs there is only one."""
        for old in [t for t in self.layers if t.rid == track.rid]:
            self.layers.remove(old)
            self._tracks.pop(old.ssrc, None)
            old.end()
        self.layers.append(track)
        self._unmeasured_s = system.monotonic_s()
        self.layers.sort(key=self._quality)

    def _quality(self, track: Track) -> tuple[float, int]:
        """For sorting, the best first: as offered until their bitrates are known."""
        rids = self._media["video"].rids
        order = rids.index(track.rid) if track.rid in rids else 0
        return 0.0, order

    def _repaired_track(self, packet: rtp.Packet) -> Track | None:
        """Which track an unknown SSRC with a retransmission repairs (RFC 8853, RFC 5576)."""
        rid = packet.extensions.get(self._extensions.get(REPAIRED_RID, 0), b"").decode(
            "ascii", "replace"
        )
        named = {
            main
            for m in self._media.values()
            for main, r in m.rtx_ssrcs.items()
            if r == packet.ssrc
        }
        for track in self.layers:
            if (rid and track.rid == rid) or track.ssrc in named or len(self.layers) == 1:
                self._repairs[packet.ssrc] = track
                return track
        return None

    def _change_codec(self, track: Track, payload_type: int) -> None:
        kind, codec = self._codecs.get(payload_type, ("", track.codec))
        if kind == track.kind:
            track.change_codec(codec)

    # What is asked back -------------------------------------------------------------------------

    def ask_keyframe(self, track: Track) -> None:
        """At most one in `KEYFRAME_EVERY_S`; more become one at the end of it."""
        if self._throttles[track.ssrc].ask(system.monotonic_s()):
            self._send_pli(track)

    def tick(self, now_s: float) -> None:
        """Each 20 ms: what has to be asked for now."""
        if self._sink is None:
            return
        for track in self.layers:
            if self._throttles[track.ssrc].due(now_s):
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
        """Reception reports (RFC 3550 §6.4.2) and, without transport-cc, an estimate of the line."""
        blocks = [track.reception.block(now_s) for track in self._tracks.values()]
        packet = rtcp.receiver_report(self.ssrc, blocks)
        if self._recorder is None and self.layers:
            worst = max(track.reception.lost_share for track in self.layers)
            bps = self._uplink.update(worst, now_s)
            packet += rtcp.remb(self.ssrc, bps, [track.ssrc for track in self.layers])
        self._send(packet)
        passed_s = now_s - self._reported_s
        self._reported_s = now_s
        for track in self.layers:
            before = self._frames_before.get(track.ssrc, track.frames)
            self._frames_per_s[track.ssrc] = (track.frames - before) / passed_s
            self._frames_before[track.ssrc] = track.frames
        self._order_layers(now_s)

    def _order_layers(self, now_s: float) -> None:
        """By bitrate once it is known of all; one that has stopped keeps its place."""
        if not all(map(self.flows, self.layers)):
            self._unmeasured_s = now_s
        elif now_s - self._unmeasured_s > RATE_WINDOW_S:
            self.layers.sort(
                key=lambda t: (-_rounded(t.reception.bitrate_bps(now_s)), *self._quality(t))
            )

    def _send_pli(self, track: Track) -> None:
        self.keyframe_requests += 1
        self._send(rtcp.pli(self.ssrc, track.ssrc))

    def _send(self, packet: bytes) -> None:
        if self._sink is not None:
            self._sink.send_rtcp(packet)

    def _record(self, packet: rtp.Packet, now_s: float) -> None:
        if self._recorder is None:
            return
        value = packet.extensions.get(self._extensions[TRANSPORT_CC])
        if value is not None and len(value) == 2:
            self._recorder.add(int.from_bytes(value, "big"), now_s)

    # How it does --------------------------------------------------------------------------------

    def capture_s(self, now_s: float) -> float | None:
        """What the publisher's clock shows now, as its sender reports told."""
        return None if self._clock_offset_s is None else now_s + self._clock_offset_s

    @property
    def has_video(self) -> bool:
        return "video" in self._media

    def flows(self, track: Track) -> bool:
        """Whether a layer goes on as others do: senders drop the best where line or CPU is short."""
        newest_s = max((layer.last_s for layer in self.layers), default=0.0)
        return track.last is None or newest_s - track.last_s < STOPPED_AFTER_S

    def vanished(self, now_s: float) -> bool:
        heard_s = self._heard_s
        if self.transport is not None:
            heard_s = max(heard_s, self.transport.heard_s)
        return self.live and now_s - heard_s > GONE_AFTER_S

    def candidate(self, now_s: float) -> Candidate:
        silent_s = now_s - self._heard_s
        steady_s = 0.0 if silent_s > SILENT_AFTER_S else now_s - self._steady_since_s
        return Candidate(
            self.resource, self.source, silent_s, steady_s, has_sound=self.sound is not None
        )

    def statistics(self, now_s: float, on_stage: list[str]) -> PublicationStatistics:
        made = PublicationStatistics(
            publication=self.resource,
            session=self.session,
            person=self.person,
            source=self.source,
            on_stage=on_stage,
            live=self.live,
            silent_s=round(now_s - self._heard_s, 3),
            rtt_ms=self._rtt_ms(),
            layers=[self._layer(track, now_s) for track in self.layers],
            sound=_sound(self.sound, now_s) if self.sound else None,
            keyframe_requests=self.keyframe_requests,
        )
        made.problems = self._problems(made)
        return made

    def _rtt_ms(self) -> float | None:
        """As repairs took; None while nothing was lost."""
        known = [t.reception.rtt_s for t in self.layers if t.reception.rtt_s is not None]
        return round(min(known) * 1000, 1) if known else None

    def _layer(self, track: Track, now_s: float) -> LayerStatistics:
        reception = track.reception
        age = None if track.keyframe_s is None else round(now_s - track.keyframe_s, 3)
        return LayerStatistics(
            rid=track.rid,
            codec=track.codec.key,
            bitrate_bps=round(reception.bitrate_bps(now_s)),
            frames_per_s=round(self._frames_per_s.get(track.ssrc, 0.0), 1),
            keyframe_age_s=age,
            lost_share=round(reception.lost_share, 4),
            packets=reception.packets,
            packets_lost=reception.lost,
        )

    def _problems(self, made: PublicationStatistics) -> list[str]:
        if not self.live:
            return []
        if made.silent_s > SILENT_AFTER_S:
            return ["silent"]
        best, sound = (made.layers[0] if made.layers else None), made.sound
        camera = self.source != "slides"
        found = {
            "no_video": best is None and "video" in self._media,
            "no_sound": sound is None and camera,
            "quiet": sound is not None and (sound.level_dbov or 0) < QUIET_DBOV,
            "lossy": any(p.lost_share > LOSSY_SHARE for p in (best, sound) if p),
            "low_bitrate": best is not None and camera and best.bitrate_bps < LOW_VIDEO_BPS,
            "no_keyframe": best is not None and best.keyframe_age_s is None,
        }
        return [problem for problem, holds in found.items() if holds]


def _by_payload_type(media: dict[str, Medium]) -> dict[int, tuple[str, Codec]]:
    return {
        codec.payload_type: (kind, codec)
        for kind, medium in media.items()
        for codec in medium.codecs
    }


def _recorder(video: Medium | None, extensions: dict[str, int]) -> Recorder | None:
    if video is None or "transport-cc" not in video.feedback or TRANSPORT_CC not in extensions:
        return None
    return Recorder()


def _sound(track: Track, now_s: float) -> SoundStatistics:
    reception = track.reception
    return SoundStatistics(
        codec=track.codec.key,
        bitrate_bps=round(reception.bitrate_bps(now_s)),
        level_dbov=track.level_dbov(now_s),
        lost_share=round(reception.lost_share, 4),
        packets=reception.packets,
    )


def _rounded(bps: float) -> int:
    """Layers differ by factors: noise must not change their order."""
    return round(bps).bit_length()
