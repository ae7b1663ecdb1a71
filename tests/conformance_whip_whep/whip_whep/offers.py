"""Offers and fragments as text, each line under control: of browsers' form unless told otherwise."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .sdp import read_sdp

HOST_CANDIDATE = "1 1 udp 2130706431 192.0.2.1 61764 typ host"  # of RFC 5737: nobody is there
MORE_CANDIDATES = (
    "2 1 udp 2130706175 198.51.100.2 61765 typ host",
    "3 1 udp 1694498815 203.0.113.3 61766 typ srflx raddr 192.0.2.1 rport 61764",
)
UNUSABLE_CANDIDATES = (
    "4 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
    "5 1 udp 2130706431 6f1c4c1e-3ca1-4a0c-9a3f-0d6b5ad0c0de.local 61767 typ host",
    "6 1 quic 2130706431 192.0.2.1 61768 typ host",
)
_DIRECTIONS = {"whip": "sendonly", "whep": "recvonly"}
_FORMATS = {
    "audio": ("111", ["rtpmap:111 opus/48000/2", "fmtp:111 minptime=10;useinbandfec=1"]),
    "video": (
        "96 102",
        [
            "rtpmap:96 VP8/90000",
            "rtcp-fb:96 ccm fir",
            "rtcp-fb:96 nack",
            "rtcp-fb:96 nack pli",
            "rtpmap:102 H264/90000",
            "fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            "rtcp-fb:102 ccm fir",
            "rtcp-fb:102 nack",
            "rtcp-fb:102 nack pli",
        ],
    ),
}
UNKNOWN_VIDEO = ("120", ["rtpmap:120 X-NOBODY-HAS-THIS/90000"])
SIMULCAST = ("rid:h send", "rid:m send", "rid:l send", "simulcast:send h;m;l")


class Section(NamedTuple):
    """A media section of an offer; `formats`: payload types, and the attributes that explain them."""

    kind: str
    stream: str = "stream"
    formats: tuple[str, Sequence[str]] | None = None
    more: Sequence[str] = ()


AUDIO, VIDEO = Section("audio"), Section("video")


def make_offer(
    protocol: str,
    sections: Sequence[Section] = (AUDIO, VIDEO),
    *,
    direction: str = "",
    setup: str = "actpass",
    candidates: Sequence[str] = (HOST_CANDIDATE,),
) -> str:
    """An offer to publish (`whip`) or to view (`whep`), with credentials of its own."""
    transport = [
        f"ice-ufrag:{secrets.token_hex(4)}",
        f"ice-pwd:{secrets.token_hex(12)}",
        "ice-options:trickle",
        f"fingerprint:sha-256 {secrets.token_bytes(32).hex(':').upper()}",
        f"setup:{setup}",
    ]
    mids = " ".join(str(number) for number in range(len(sections)))
    lines = ["v=0", f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {mids}", "a=extmap-allow-mixed", "a=msid-semantic: WMS *"]
    for number, section in enumerate(sections):
        lines += _section_lines(section, number, direction or _DIRECTIONS[protocol], transport)
        if number == 0:  # the others are bundled with it (RFC 9429 §5.2.1)
            lines += [f"a=candidate:{candidate}" for candidate in candidates]
    return _joined(lines)


def _section_lines(
    section: Section, number: int, direction: str, transport: Iterable[str]
) -> list[str]:
    formats, explained = section.formats or _FORMATS[section.kind]
    attributes = [
        "rtcp:9 IN IP4 0.0.0.0",
        *transport,
        f"mid:{number}",
        "extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        direction,
        "rtcp-mux",
        "rtcp-mux-only",
        *explained,
        *section.more,
    ]
    if direction in ("sendonly", "sendrecv"):
        ssrc = secrets.randbits(31)
        attributes += [f"msid:{section.stream} track-{number}", f"ssrc:{ssrc} cname:conformance"]
    head = f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {formats}"
    return [head, "c=IN IP4 0.0.0.0", *(f"a={attribute}" for attribute in attributes)]


def fragment(offer: str, candidates: Iterable[str], *, restart: bool = False) -> str:
    """Candidates for the ICE session of `offer`, or for one that is to replace it (RFC 8840 §4.4)."""
    read = read_sdp(offer)
    first = read.sections[0]
    ufrag, password = read.of(first, "ice-ufrag"), read.of(first, "ice-pwd")
    if restart:
        ufrag, password = secrets.token_hex(4), secrets.token_hex(12)
    lines = [] if not (options := read.of(first, "ice-options")) else [f"a=ice-options:{options}"]
    lines += [f"a=group:{group}" for group in read.values("group")]
    lines += [first.line, f"a=mid:{first.value('mid')}"]
    lines += [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}"]
    lines += [f"a=candidate:{candidate}" for candidate in candidates]
    return _joined([*lines, "a=end-of-candidates"])


def without_candidates(sdp: str) -> tuple[str, list[str]]:
    """An SDP without its candidates, and those of its first section."""
    first = read_sdp(sdp).sections[0]
    left_out = ("a=candidate:", "a=end-of-candidates")
    kept = [line for line in sdp.splitlines() if not line.startswith(left_out)]
    return _joined(kept), first.values("candidate")


def _joined(lines: Iterable[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
