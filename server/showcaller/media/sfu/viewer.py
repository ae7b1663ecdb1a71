"""A viewer: the streams to somebody who watches, and the consequences of their reports."""

from __future__ import annotations

from typing import Protocol

from ... import system
from ..contract.calls import Layer
from ..contract.statistics import ViewerStatistics
from ..egress import Egress, Keys, Sink
from ..egress.batches import send_time
from ..rtp import rtcp, rtp
from ..sdp.negotiation import Negotiated
from ..transport.parameters import Path
from ..transport.transport import Transport
from .downtrack import DownTrack
from .layers import LayerChooser
from .loss import LossMeter
from .quality import Counts
from .repairs import Repairs
from .wishes import Wishes

MAX_RTT_S = 16.0  # a longer one is no echo of a report of ours
CNAME = "showcaller"
REPORT_EVERY_S = 5  # to a receiver that knows the clocks of what it gets; else each second
KNOWN_AFTER_S = 5.0


class ViewerListener(Protocol):
    """The part that is told what becomes of viewers."""

    def on_viewer_live(self, viewer: Viewer, now_s: float) -> None:
        """Media can flow."""
        ...

    def on_viewer_reported(self, viewer: Viewer, now_s: float) -> None:
        """A report came: the viewer reads what it is sent, or would."""
        ...

    def on_keyframe_wanted(self, viewer: Viewer, now_s: float) -> None:
        """The viewer can't go on without a keyframe."""
        ...

    def on_viewer_ended(self, viewer: Viewer, reason: str, now_s: float) -> None:
        """It has gone: once, and not after `end`."""
        ...


class Viewer:
    """One connection to somebody who watches.

    `wall_ahead_s` is how far the wall clock is ahead of the monotonic one.
    """

    def __init__(
        self,
        resource: str,
        person: str,
        negotiated: Negotiated,
        ssrcs: dict[str, tuple[int, int]],
        egress: Egress,
        listener: ViewerListener,
        now_s: float,
        wall_ahead_s: float,
    ) -> None:
        self.resource = resource
        self.person = person
        self.negotiated = negotiated
        self.ssrcs = ssrcs  # by kind: of the media, and of its repairs
        self.etag = f'"{system.random_id("e")}"'
        self.transport: Transport | None = None
        self.live = False
        self.asked_s = now_s
        self.live_s = 0.0
        self.first_picture_ms: float | None = None
        self.downtracks: dict[str, DownTrack] = {}
        self._seconds = 0
        self.chooser = LayerChooser()
        self.nacks = 0
        self.retransmitted = 0
        self.keyframe_requests = 0
        self.packets_lost = 0
        self.lost_share = 0.0
        self.rtt_ms: float | None = None
        self.jitter_ms: float | None = None
        self.estimate_bps: int | None = None
        self._egress = egress
        self._listener = listener
        self._wall_ahead_s = wall_ahead_s
        self._sink: Sink | None = None
        self._rtx_sequence = system.random_bits(15)
        self._repairs = Repairs(now_s)
        self._wishes = Wishes()
        self._lost: dict[int, int] = {}  # packets, as reported by SSRC
        self._losses: dict[int, LossMeter] = {}  # by SSRC

    # What the transport tells ------------------------------------------------------------------

    def on_connected(self, keys: Keys, now_s: float) -> None:
        assert self.transport is not None and self.transport.path is not None
        self._sink = self._egress.sink(keys)
        self._sink.aim(*self.transport.path)
        for medium in self.negotiated.media:
            if medium.flows:
                ssrc, rtx = self.ssrcs[medium.kind]
                begin = 1 + system.random_bits(15)
                self.downtracks[medium.kind] = DownTrack(medium, self._sink, ssrc, rtx, begin)
        self.live = True
        self.live_s = now_s
        self._listener.on_viewer_live(self, now_s)

    def on_path(self, path: Path) -> None:
        if self._sink is not None:
            self._sink.aim(*path)

    def on_closed(self, reason: str, now_s: float) -> None:
        self._listener.on_viewer_ended(self, reason, now_s)

    def on_rtp(self, packet: bytes, now_s: float) -> None:
        """Drop it: viewers send no media."""

    def on_rtcp(self, data: bytes, now_s: float) -> None:
        try:
            reports = rtcp.parse(data)
        except ValueError:
            return
        self._listener.on_viewer_reported(self, now_s)
        for report in reports:
            match report:
                case rtcp.ReceiverReport() | rtcp.SenderReport():
                    self._note_blocks(report.blocks, now_s)
                case rtcp.Nack():
                    self._send_again(report.ssrc, report.sequences, now_s)
                case rtcp.KeyframeRequest():
                    self._wish_keyframe(now_s)
                case rtcp.Remb():
                    self.estimate_bps = report.bps
                    self.chooser.note_estimate(report.bps, now_s)

    def end(self) -> None:
        """Free everything."""
        if self.transport is not None:
            self.transport.close()
        for downtrack in self.downtracks.values():
            downtrack.pause()
        if self._sink is not None:
            self._sink.close()
            self._sink = None
        self.live = False

    # Reports ------------------------------------------------------------------------------------

    def each_second(self, clock_offsets_s: dict[str, float | None], now_s: float) -> None:
        """Send a report if one is due; each source's clock less ours, by kind."""
        self._seconds += 1
        known = True
        for downtrack in self.downtracks.values():
            downtrack.age()
            known &= now_s - downtrack.followed_s > KNOWN_AFTER_S
        if not known or self._seconds % REPORT_EVERY_S == 0:
            self._report(clock_offsets_s, now_s)

    def _report(self, clock_offsets_s: dict[str, float | None], now_s: float) -> None:
        """Send sender reports (RFC 3550 §6.4.1).

        NTP and RTP are those of one instant; so are the picture's and the sound's.
        """
        ntp, packets = rtcp.ntp(now_s + self._wall_ahead_s), []
        for kind, downtrack in self.downtracks.items():
            timestamp = downtrack.timestamp_at(now_s, clock_offsets_s.get(kind))
            if timestamp is not None:
                stream = downtrack.stream
                packets.append(
                    rtcp.sender_report(
                        downtrack.ssrc, ntp, timestamp, stream.packets, stream.octets
                    )
                )
                packets.append(rtcp.sdes(downtrack.ssrc, CNAME))
        if packets and self._sink is not None:
            self._sink.send_rtcp(b"".join(packets))

    def _note_blocks(self, blocks: tuple[rtcp.Block, ...] | list[rtcp.Block], now_s: float) -> None:
        """Take in reports: the picture's decides about layers, or the sound's while there is no picture."""
        video = self.downtracks.get("video")
        for block in blocks:
            downtrack = next((o for o in self.downtracks.values() if o.ssrc == block.ssrc), None)
            if downtrack is None:
                continue
            # receivers take losses back when a repair comes late (RFC 3550 §6.4.1); our counts only grow
            self._lost[block.ssrc] = max(self._lost.get(block.ssrc, 0), block.lost)
            self._note_rtt(block, now_s)
            share = self._losses.setdefault(block.ssrc, LossMeter()).note(block, now_s)
            if downtrack is video or video is None or video.lane is None:
                if share is not None:
                    self.lost_share = share
                    self.chooser.note_report(share, now_s)
                clock_hz = downtrack.medium.codecs[0].clock_hz
                self.jitter_ms = round(block.jitter * 1000 / clock_hz, 1)
        self.packets_lost = sum(self._lost.values())

    def _note_rtt(self, block: rtcp.Block, now_s: float) -> None:
        rtt_s = rtcp.round_trip_s(block, rtcp.ntp(now_s + self._wall_ahead_s))
        if rtt_s is not None and rtt_s < MAX_RTT_S:
            self.rtt_ms = round(rtt_s * 1000, 1)

    # Repairs ------------------------------------------------------------------------------------

    def _send_again(self, ssrc: int, sequences: list[int] | tuple[int, ...], now_s: float) -> None:
        downtrack = next((o for o in self.downtracks.values() if o.ssrc == ssrc), None)
        if downtrack is None or self._sink is None:
            return
        self.nacks += len(sequences)
        self._repairs.refill(now_s)
        rtt_s = (self.rtt_ms or 0.0) / 1000
        for sequence in sequences:
            if self._repairs.spent:
                return
            if self._repairs.allow(ssrc, sequence, now_s, rtt_s):
                self._repair(downtrack, sequence, now_s)

    def _repair(self, downtrack: DownTrack, sequence: int, now_s: float) -> None:
        found = downtrack.again(sequence)
        if found is None:
            return
        codec, packet, send_time_at = found
        self._repairs.note(downtrack.ssrc, sequence, len(packet), now_s)
        assert self._sink is not None
        if codec.rtx is None:
            sent = downtrack.stream.send_again(packet, send_time_at)
        else:
            self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
            repair = rtp.wrap_rtx(packet, codec.rtx, downtrack.rtx_ssrc, self._rtx_sequence)
            if send_time_at:  # receivers' estimates look at repairs too
                repair[send_time_at : send_time_at + 3] = send_time(now_s).to_bytes(3)
            sent = self._sink.send(bytes(repair))
        self.retransmitted += sent

    def _wish_keyframe(self, now_s: float) -> None:
        self.keyframe_requests += 1
        if self._wishes.grant(now_s):
            self._listener.on_keyframe_wanted(self, now_s)

    # How it does --------------------------------------------------------------------------------

    @property
    def packets_sent(self) -> int:
        return sum(downtrack.stream.packets for downtrack in self.downtracks.values())

    @property
    def bytes_sent(self) -> int:
        return sum(downtrack.stream.octets for downtrack in self.downtracks.values())

    @property
    def packets_dropped(self) -> int:
        return sum(downtrack.stream.dropped for downtrack in self.downtracks.values())

    @property
    def freezes(self) -> tuple[int, float]:
        """Number of times that the picture stood still, and the seconds that it did in all."""
        video = self.downtracks.get("video")
        return video.freezes if video else (0, 0.0)

    def counts(self) -> Counts:
        """Return all that the viewer had so far."""
        return Counts(
            self.packets_sent,
            self.bytes_sent,
            self.packets_lost,
            self.retransmitted,
            self.nacks,
            *self.freezes,
        )

    def statistics(self, stage: str, layer: str, now_s: float) -> ViewerStatistics:
        return ViewerStatistics(
            resource=self.resource,
            person=self.person,
            stage=stage,
            connected_s=round(now_s - self.live_s, 1) if self.live else 0.0,
            packets_sent=self.packets_sent,
            bytes_sent=self.bytes_sent,
            packets_lost=self.packets_lost,
            lost_share=self.lost_share,
            rtt_ms=self.rtt_ms,
            jitter_ms=self.jitter_ms,
            nacks=self.nacks,
            retransmitted=self.retransmitted,
            keyframe_requests=self.keyframe_requests,
            freezes=self.freezes[0],
            layer=layer,
            asked_layer=self.chooser.asked,
            estimate_bps=self.estimate_bps,
        )

    def ask(self, layer: Layer) -> None:
        self.chooser.asked = layer

    def catching_up(self) -> bool:
        return any(downtrack.catching_up for downtrack in self.downtracks.values())

    def step(self, now_s: float) -> None:
        """Send the next of the past, each `CATCH_UP_EVERY_S`."""
        for downtrack in self.downtracks.values():
            if downtrack.catching_up:
                downtrack.step(now_s)
