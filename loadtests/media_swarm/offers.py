"""The SDP that thin clients offer, and what they read of the answer."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from .dtls import own_fingerprint

AUDIO, VIDEO, VIDEO_RTX = 111, 96, 97  # payload types that we offer
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


class Credentials(NamedTuple):
    ufrag: str
    pwd: str

    @classmethod
    def random(cls) -> Credentials:
        return cls(secrets.token_hex(4), secrets.token_hex(16))


class Answer(NamedTuple):
    """A server's answer: its address, how it authenticates, and the payload types that it chose."""

    ufrag: str
    pwd: str
    fingerprint: str
    address: tuple[str, int]
    payload_types: dict[int, str]  # "opus", "vp8", "rtx"
    mids: tuple[str, ...]


def viewer_offer(own: Credentials, *, send_time: bool = False) -> str:
    """WHEP: Opus, and VP8 with RTX; it wants to receive."""
    return _offer(own, "recvonly", ("a=recvonly",) * 2, send_time)


def publisher_offer(own: Credentials, *, audio_ssrc: int, video_ssrc: int) -> str:
    """WHIP: the same, sent; without RTX, so that what is asked for again is sent as it was."""
    tracks = [
        f"a=sendonly\r\na=msid:talk {kind}\r\na=ssrc:{ssrc} cname:swarm\r\na=ssrc:{ssrc} msid:talk {kind}"
        for kind, ssrc in (("audio", audio_ssrc), ("video", video_ssrc))
    ]
    return _offer(own, "sendonly", (tracks[0], tracks[1]), send_time=False)


def _offer(own: Credentials, way: str, tracks: tuple[str, str], send_time: bool) -> str:
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp-mux",
        f"a=ice-ufrag:{own.ufrag}",
        f"a=ice-pwd:{own.pwd}",
        f"a=fingerprint:sha-256 {own_fingerprint()}",
        "a=setup:active",  # whoever offers actpass must be a DTLS server too
    ]
    extension = [f"a=extmap:2 {SEND_TIME_URI}"] if send_time else []
    rtx = way == "recvonly"
    lines = [
        *("v=0", f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1", "s=-", "t=0 0"),
        *("a=group:BUNDLE 0 1", "a=msid-semantic: WMS *"),
        *(f"m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO}", *transport, "a=mid:0", tracks[0]),
        *(f"a=rtpmap:{AUDIO} opus/48000/2", f"a=fmtp:{AUDIO} minptime=10;useinbandfec=1"),
        *extension,
        f"m=video 9 UDP/TLS/RTP/SAVPF {VIDEO}" + (f" {VIDEO_RTX}" if rtx else ""),
        *(*transport, "a=mid:1", tracks[1], f"a=rtpmap:{VIDEO} VP8/90000"),
        *(f"a=rtcp-fb:{VIDEO} {feedback}" for feedback in ("nack", "nack pli", "goog-remb")),
    ]
    if rtx:
        lines += [f"a=rtpmap:{VIDEO_RTX} rtx/90000", f"a=fmtp:{VIDEO_RTX} apt={VIDEO}"]
    return "\r\n".join([*lines, *extension, ""])


_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", re.I)


def read_answer(sdp: str) -> Answer:
    """Raises `ValueError` where something is missing."""

    def first(name: str) -> str:
        found = re.search(rf"^a={name}:(.+?)\r?$", sdp, re.M | re.I)
        if found is None:
            raise ValueError(f"the answer has no a={name}:\n{sdp}")
        return found[1]

    candidates = _CANDIDATE.findall(sdp)
    if not candidates:
        raise ValueError(f"the answer has no UDP host candidate of IPv4:\n{sdp}")
    local = next((c for c in candidates if c[0].startswith("127.")), candidates[0])
    rtpmaps = re.findall(r"^a=rtpmap:(\d+) ([\w-]+)/", sdp, re.M)
    return Answer(
        first("ice-ufrag"),
        first("ice-pwd"),
        first("fingerprint").removeprefix("sha-256 "),
        (local[0], int(local[1])),
        {int(number): name.lower() for number, name in rtpmaps},
        tuple(re.findall(r"^a=mid:(\S+)", sdp, re.M)),
    )
