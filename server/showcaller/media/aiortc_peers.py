"""Peer connections on aiortc that forward: publications, viewers, and the feed between them.

aiortc decodes what it receives and encodes what it sends. Four of its private attributes are replaced to
stop that (`_tap_receiver`, `_feed_sender`); its certificates and SRTP buffers to serve more peers
(`_connection`, `_carry_large_packets`); and two attributes of aioice's (`Peer._bind`). Nothing else here
leans on their inside: `tests/unit/media/test_aiortc_engine.py` fails when a release moves them.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, cast

from aiortc import (
    RTCBundlePolicy,
    RTCCertificate,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.codecs import CODECS, is_rtx
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket
from aiortc.sdp import candidate_from_sdp, parameters_from_sdp, parse_h264_profile_level_id
from OpenSSL import SSL
from pylibsrtp._binding import ffi

from .. import system
from ..errors import Unprocessable
from . import forward
from .addresses import Addresses
from .engine import MediaEvent
from .sdp import Offer, Role, advertise

MAX_TRICKLED = 100  # candidates of one peer
DEFAULT_VIDEO = "video/vp8"
NO_CODEC = "the offer must have Opus, and for video VP8 or H.264"
_SRTP_BUFFER_BYTES = 2048  # what is received has at most 1500; sending adds to it
_CIPHERS = b":".join(
    f"ECDHE-{certificate}-{cipher}".encode()
    for cipher in ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES256-GCM-SHA384", "AES128-SHA")
    for certificate in ("ECDSA", "RSA")
)
_MORE_H264_PROFILES = ("4d001f", "64001f", "640c1f")  # main, high, constrained high


def forward_more_h264_profiles() -> None:
    """Let aiortc negotiate H.264 profiles that it can't decode: we only forward. Call it once."""
    baseline = next(codec for codec in CODECS["video"] if codec.name == "H264")
    for profile in _MORE_H264_PROFILES:
        parameters = {**baseline.parameters, "profile-level-id": profile}
        CODECS["video"].append(
            RTCRtpCodecParameters(
                mimeType=baseline.mimeType,
                clockRate=baseline.clockRate,
                payloadType=baseline.payloadType,
                rtcpFeedback=baseline.rtcpFeedback,
                parameters=parameters,
            )
        )


def codec_name(codec: RTCRtpCodecParameters) -> str:
    """`video/vp8`, `audio/opus`, or `video/h264 PROFILE`: what a viewer must be able to decode."""
    name = str(codec.mimeType).lower()
    if name != "video/h264":
        return name
    level_id = str(codec.parameters.get("profile-level-id", "42e01f"))
    return f"{name} {parse_h264_profile_level_id(level_id)[0].name.lower()}"


# What is replaced inside aiortc -----------------------------------------------------------------


class _Tap:
    """Stands where aiortc has its jitter buffer; hands every packet on and yields no frame to decode."""

    def __init__(self, on_packet: Callable[[RtpPacket], None]) -> None:
        self._on_packet = on_packet

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        self._on_packet(packet)
        return False, None


class _Passthrough:
    """Stands where aiortc has its encoder; a frame brings its payloads along."""

    @staticmethod
    def pack(frame: forward.Frame) -> tuple[list[bytes], int]:
        return frame.payloads, frame.timestamp


def _tap_receiver(receiver: Any, on_packet: Callable[[RtpPacket], None]) -> None:
    receiver._RTCRtpReceiver__jitter_buffer = _Tap(on_packet)


def _carry_large_packets(dtls: Any) -> None:
    """Let SRTP send what it can receive; a packet that is too long would end the track."""
    session = dtls._tx_srtp
    session._cdata = ffi.new("char[]", _SRTP_BUFFER_BYTES)
    session._buffer = ffi.buffer(session._cdata)


def _feed_sender(sender: Any, on_keyframe_wanted: Callable[[], None]) -> None:
    sender._RTCRtpSender__encoder = _Passthrough()
    sender._send_keyframe = on_keyframe_wanted  # called for a viewer's PLI or FIR


class _Certificate(RTCCertificate):
    """Meets RSA certificates too, such as GStreamer's and many an encoder's; aiortc asks for ECDSA."""

    def _create_ssl_context(self, *args: Any, **kwargs: Any) -> SSL.Context:
        context = super()._create_ssl_context(*args, **kwargs)
        context.set_cipher_list(_CIPHERS)
        return context


def _connection() -> RTCPeerConnection:
    pc: Any = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    pc._RTCPeerConnection__certificates = [_Certificate.generateCertificate()]
    return cast(RTCPeerConnection, pc)


class _OutletTrack(MediaStreamTrack):
    """What a viewer's sender reads: the frames of its outlet."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.outlet = forward.Outlet(video=kind == "video")
        self._more = asyncio.Event()

    def offer(self, frame: forward.Frame) -> None:
        if self.outlet.offer(frame):
            self._more.set()

    async def recv(self) -> Any:
        while not self.outlet:
            self._more.clear()
            await self._more.wait()
        return self.outlet.take()


# Peers -------------------------------------------------------------------------------------------


class Peer(ABC):
    """One peer connection, answering one offer."""

    role: Role

    def __init__(self, resource: str, person: str, offer: Offer) -> None:
        self.resource = resource
        self.person = person
        self.offer = offer
        self.etag = f'"{system.random_id("e")}"'
        self.live = False  # media can flow
        self.heard_s = system.monotonic_s()
        self.codecs: dict[str, str] = {}  # by kind, as `codec_name` has them
        self.pc = _connection()

    @abstractmethod
    def event(self, kind: str) -> MediaEvent:
        """What to tell of this peer."""

    @abstractmethod
    def prepare(self, transceiver: RTCRtpTransceiver) -> None:
        """Make the transceiver of a flowing medium forward instead of decoding or encoding."""

    def preferred(self, kind: str) -> str:
        """The codec to choose if the offer has it."""
        return ""

    async def answer(self, addresses: Addresses) -> str:
        """Negotiate and gather. Raises `Unprocessable`, and whatever aiortc makes of rubbish."""
        await self.pc.setRemoteDescription(RTCSessionDescription(self.offer.sdp, "offer"))
        for transceiver in self.pc.getTransceivers():
            self._choose_codec(transceiver)
            if transceiver.kind in self.offer.kinds:
                self.prepare(transceiver)
            else:
                transceiver.direction = "inactive"
        self._bind(addresses.bound)
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return advertise(self.pc.localDescription.sdp, addresses.advertised)

    async def trickle(self, candidates: list[str]) -> None:
        ice = self._ice_transport()
        known = len(ice.getRemoteCandidates())
        for candidate in candidates[: max(0, MAX_TRICKLED - known)]:
            await ice.addRemoteCandidate(candidate_from_sdp(candidate))

    def _choose_codec(self, transceiver: RTCRtpTransceiver) -> None:
        """Negotiate exactly one codec (and its retransmission), so that both sides know what flows."""
        wanted = "audio/opus" if transceiver.kind == "audio" else "video/"
        usable = [
            codec
            for codec in transceiver._codecs
            if not is_rtx(codec) and codec_name(codec).startswith(wanted)
        ]
        if not usable:
            raise Unprocessable(NO_CODEC)
        preferred = self.preferred(transceiver.kind)
        chosen = next((codec for codec in usable if codec_name(codec) == preferred), usable[0])
        self.codecs[transceiver.kind] = codec_name(chosen)
        transceiver._codecs = [chosen] + [
            codec
            for codec in transceiver._codecs
            if is_rtx(codec) and codec.parameters.get("apt") == chosen.payloadType
        ]
        if text := self.offer.parameters.get(chosen.payloadType or 0):
            chosen.parameters = parameters_from_sdp(text)

    def _ice_transport(self) -> Any:
        return self.pc.getTransceivers()[0].receiver.transport.transport

    def _bind(self, hosts: tuple[str, ...]) -> None:
        """Bind sockets to `hosts` only, and note each connectivity check of the other side."""
        connection = self._ice_transport().iceGatherer._connection
        gather, check = connection.get_component_candidates, connection.request_received

        async def gather_on_hosts(component: int, addresses: list[str], timeout: int = 5) -> Any:
            return await gather(component=component, addresses=list(hosts), timeout=timeout)

        def note_check(*args: Any) -> None:
            self.heard_s = system.monotonic_s()
            check(*args)

        connection.get_component_candidates = gather_on_hosts
        connection.request_received = note_check


class Publication(Peer):
    """A speaker: its packets become frames for the stages that its room is led to."""

    role: Role = "publish"

    def __init__(self, resource: str, session: str, person: str, offer: Offer) -> None:
        super().__init__(resource, person, offer)
        self.session = session
        self.feeds: set[Feed] = set()
        self.packets = 0
        self.keyframe_requests = 0
        self._throttle = forward.Throttle(forward.KEYFRAME_EVERY_S)
        self._video: RTCRtpReceiver | None = None
        self._video_ssrc: int | None = None
        self._asking: asyncio.Task[None] | None = None

    def event(self, kind: str) -> MediaEvent:
        name = "published" if kind == "live" else "unpublished"
        return MediaEvent(
            kind=name, resource=self.resource, session=self.session, person=self.person
        )

    def prepare(self, transceiver: RTCRtpTransceiver) -> None:
        kind = transceiver.kind
        assembler: forward.VideoAssembler | forward.AudioOrder = forward.AudioOrder()
        if kind == "video":
            self._video = transceiver.receiver
            test = forward.KEYFRAME_TESTS[self.codecs[kind].split()[0]]
            assembler = forward.VideoAssembler(test)

        def on_packet(packet: RtpPacket) -> None:
            self._receive(kind, assembler, packet)

        _tap_receiver(transceiver.receiver, on_packet)

    def _receive(
        self,
        kind: str,
        assembler: forward.VideoAssembler | forward.AudioOrder,
        packet: RtpPacket,
    ) -> None:
        self.heard_s = system.monotonic_s()
        self.packets += 1
        if kind == "video":
            self._video_ssrc = packet.ssrc
        plain = forward.Packet(
            packet.sequence_number, packet.timestamp, bool(packet.marker), packet.payload
        )
        for frame in assembler.add(plain):
            for feed in self.feeds:
                feed.forward(kind, frame, self.heard_s)
        if assembler.broken:
            self.ask_keyframe()

    def ask_keyframe(self) -> None:
        """Ask the publisher for a keyframe, at most once in `KEYFRAME_EVERY_S`."""
        delay_s = self._throttle.ask(system.monotonic_s())
        if delay_s is not None:
            asyncio.get_running_loop().call_later(delay_s, self._send_keyframe_request)

    def _send_keyframe_request(self) -> None:
        if self._video is not None and self._video_ssrc is not None:
            self.keyframe_requests += 1
            self._asking = asyncio.create_task(self._video._send_rtcp_pli(self._video_ssrc))


class Viewer(Peer):
    """Somebody who watches a stage."""

    role: Role = "view"

    def __init__(self, resource: str, feed: Feed, person: str, offer: Offer) -> None:
        super().__init__(resource, person, offer)
        self.feed = feed
        self.tracks = {kind: _OutletTrack(kind) for kind in offer.kinds}
        self.transceivers = [
            self.pc.addTransceiver(track, "sendonly") for track in self.tracks.values()
        ]

    def event(self, kind: str) -> MediaEvent:
        name = "viewed" if kind == "live" else "left"
        return MediaEvent(
            kind=name, resource=self.resource, stage=self.feed.stage, person=self.person
        )

    def prepare(self, transceiver: RTCRtpTransceiver) -> None:
        _feed_sender(transceiver.sender, self.feed.ask_keyframe)

    def preferred(self, kind: str) -> str:
        return self.feed.codec(kind) or (DEFAULT_VIDEO if kind == "video" else "")

    def begin(self) -> None:
        """Take what the stage shows from now on."""
        _carry_large_packets(self.transceivers[0].sender.transport)
        self.feed.viewers.add(self)
        self.feed.ask_keyframe()

    def can_decode(self, publication: Publication) -> bool:
        both = self.codecs.keys() & publication.codecs.keys()
        return all(self.codecs[kind] == publication.codecs[kind] for kind in both)


class Feed:
    """A stage: one source at a time, spliced into one timeline for all its viewers."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.session: str | None = None
        self.source: Publication | None = None
        self.viewers: set[Viewer] = set()  # those that are connected
        self.frames = 0
        self._splices = {
            "audio": forward.Splice(forward.AUDIO_CLOCK_HZ),
            "video": forward.Splice(forward.VIDEO_CLOCK_HZ),
        }

    def codec(self, kind: str) -> str:
        return self.source.codecs.get(kind, "") if self.source else ""

    def forward(self, kind: str, frame: forward.Frame, now_s: float) -> None:
        timestamp = self._splices[kind].map(self.source, frame.timestamp, now_s)
        spliced = frame._replace(timestamp=timestamp)
        self.frames += 1
        for viewer in self.viewers:
            if (track := viewer.tracks.get(kind)) is not None:
                track.offer(spliced)

    def lead(self, source: Publication | None) -> list[Viewer]:
        """Show `source` from its next keyframe on; returns those viewers who can't decode it."""
        if source is self.source:
            return []
        if self.source is not None:
            self.source.feeds.discard(self)
        self.source = source
        if source is None:
            return []
        source.feeds.add(self)
        for viewer in self.viewers:
            if (track := viewer.tracks.get("video")) is not None:
                track.outlet.wants_keyframe = True
        self.ask_keyframe()
        return [viewer for viewer in self.viewers if not viewer.can_decode(source)]

    def ask_keyframe(self) -> None:
        if self.source is not None:
            self.source.ask_keyframe()
