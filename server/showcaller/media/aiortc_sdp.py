"""Offers, answers and fragments as text: read liberally, passed on strictly.

An offer is rebuilt from the lines that we know; what a browser, an encoder or a stranger wrote otherwise
never reaches the WebRTC stack. Rubbish raises `BadInput`; what is well-formed but can't be served raises
`Unprocessable` (RFC 9725 §4.4: an offer is taken whole or not at all).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ..errors import BadInput, Unprocessable

Role = Literal["publish", "view"]

MAX_CANDIDATES = 40  # of one offer or fragment
MAX_LINES = 2_000

_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_FINGERPRINTS = ("sha-256 ", "sha-384 ", "sha-512 ")  # those that the DTLS stack verifies
_FORBIDDEN_PAYLOAD_TYPES = range(72, 77)  # would be taken for RTCP (RFC 5761 §4)
_PLAIN_H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
_INTEGER_PARAMETERS = {"apt", "max-fr", "max-fs", "maxplaybackrate", "minptime", "stereo"} | {
    "useinbandfec"
}


def _patterns(**patterns: str) -> dict[str, re.Pattern[str]]:
    flags = re.ASCII | re.IGNORECASE
    return {name.replace("_", "-"): re.compile(p, flags) for name, p in patterns.items()}


_TOKEN = r"[!#-'*+\-.0-9A-Z^-~]+"  # RFC 8866 §9
_TRANSPORT = _patterns(
    ice_ufrag=r"[A-Z0-9+/]{4,256}",
    ice_pwd=r"[A-Z0-9+/]{22,256}",
    fingerprint=r"sha-\d{1,3} [0-9A-F]{2}(?::[0-9A-F]{2}){15,63}",
    setup="actpass|active|passive",
)
_SESSION = _TRANSPORT | _patterns(
    group=rf"BUNDLE(?: {_TOKEN})+",
    msid_semantic=r" ?WMS(?: \S+)*",
)
_MEDIA = _TRANSPORT | _patterns(
    mid=_TOKEN,
    msid=r"\S{1,64}(?: \S{1,64})?",
    rtcp_mux="",
    rtpmap=r"\d{1,3} [\w.-]{1,32}/\d{1,6}(?:/\d{1,2})?",
    fmtp=r"\d{1,3} .{1,500}",
    rtcp_fb=r"(?:\*|\d{1,3}) [\w-]{1,32}(?: [\w -]{1,32})?",
    extmap=r"\d{1,3}(?:/\w{1,8})? \S{1,256}",
    ssrc=r"\d{1,10} (?:cname|msid|mslabel|label):.{0,256}",
    ssrc_group=r"[\w-]{1,16}(?: \d{1,10}){1,8}",
    sctp_port=r"\d{1,5}",
    max_message_size=r"\d{1,12}",
)
_MEDIA_LINE = re.compile(
    r"m=(audio|video|application) \d{1,5} ([A-Z]+(?:/[A-Z]+)*) ([\w-]+(?: [\w-]+)*) ?", re.ASCII
)
_CANDIDATE = re.compile(
    r"[A-Z0-9+/-]{1,64} 1 udp \d{1,10} ([0-9A-F.:]{2,45}) (\d{1,5}) typ (?:host|srflx|prflx|relay)"
    r"(?: [\w.:+/-]+)*",
    re.ASCII | re.IGNORECASE,
)


class Media(NamedTuple):
    """One media section of an offer: its attributes as we pass them on."""

    kind: str
    direction: str
    mid: str
    lines: list[str]


class Offer(NamedTuple):
    """An offer that the engine may take: `sdp` is rebuilt; `kinds` are those media that flow.

    `parameters` are the `fmtp` texts by payload type: an answer repeats them, for we take what comes.
    """

    sdp: str
    kinds: tuple[str, ...]
    ufrag: str
    parameters: dict[int, str]


class Fragment(NamedTuple):
    """A trickled fragment (RFC 8840): the `ufrag` that it names, and candidates (all is bundled)."""

    ufrag: str | None
    candidates: list[str]


# Offers -----------------------------------------------------------------------------------------


def read_offer(text: str, role: Role) -> Offer:
    """The offer of a publisher or a viewer. Raises `BadInput`, `Unprocessable`."""
    session_lines, sections = _split(text)
    session = _known(session_lines, _SESSION)
    default = next((line[2:] for line in session_lines if line[2:] in _DIRECTIONS), "sendrecv")
    medias = [_media(lines, str(index), default) for index, lines in enumerate(sections)]
    _check_shape(session, medias)
    if len(medias) == 1:  # nothing to bundle, whatever it names
        session = [line for line in session if not line.startswith("a=group:")]
    for media in medias:
        _complete_transport(session, media)
    # A client that says lite but tells no address can only be waited for (RFC 8445 §2.5).
    if "a=ice-lite" in session_lines and any(_has(media.lines, "candidate") for media in medias):
        session.append("a=ice-lite")
    lines = ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0", *session]
    lines += [line for media in medias for line in media.lines]
    parameters = {int(v.split()[0]): v.partition(" ")[2] for v in _values(lines, "fmtp")}
    text = "\r\n".join(lines) + "\r\n"
    return Offer(text, _flowing(medias, role), _value(lines, "ice-ufrag"), parameters)


def _flowing(medias: list[Media], role: Role) -> tuple[str, ...]:
    """The kinds of media that the offer sends (to publish) or receives (to view)."""
    wanted = "sendonly" if role == "publish" else "recvonly"
    flowing = [media for media in medias if media.direction in (wanted, "sendrecv")]
    kinds = tuple(media.kind for media in flowing if media.kind != "application")
    if not kinds:
        raise Unprocessable(f"to {role}, audio or video of the offer must be {wanted}")
    return kinds


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > MAX_LINES:
        raise BadInput(f"this SDP has more than {MAX_LINES} lines")
    if any(len(line.splitlines()) != 1 for line in lines):
        raise BadInput("this is not SDP: it has empty lines or control characters")
    return lines


def _split(text: str) -> tuple[list[str], list[list[str]]]:
    """The lines of the session, and those of each media section."""
    lines = _lines(text)
    if lines[0].rstrip() != "v=0":
        raise BadInput("this is not SDP: it does not begin with v=0 (RFC 8866 §5.1)")
    session: list[str] = []
    sections: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            sections.append([])
        (sections[-1] if sections else session).append(line)
    return session, sections


def _known(lines: list[str], patterns: dict[str, re.Pattern[str]]) -> list[str]:
    """The attributes that we know. Raises `BadInput` where one that matters is not well-formed."""
    known = []
    for line in lines:
        name, _, value = line.removeprefix("a=").partition(":")
        pattern = patterns.get(name) if line.startswith("a=") else None
        if pattern is None:
            continue
        if pattern.fullmatch(value):
            known.append(line)
        elif name in _TRANSPORT or name == "mid":
            raise BadInput(f"a={name} is not well-formed", field=name)
    return known


def _media(lines: list[str], default_mid: str, default_direction: str) -> Media:
    found = _MEDIA_LINE.fullmatch(lines[0])
    if found is None:
        raise BadInput("a media line (m=) is not well-formed or of an unknown kind")
    kind, protocol, formats = found.groups()
    known = _known(lines[1:], _MEDIA)
    direction = next((line[2:] for line in lines if line[2:] in _DIRECTIONS), default_direction)
    mid = _value(known, "mid") or default_mid
    kept = [line for line in known if not line.startswith(("a=mid:", "a=rtpmap:", "a=fmtp:"))]
    kept += [f"a=mid:{mid}", f"a={direction}", *_usable_candidates(lines)]
    if kind == "application":
        kept += _data_channel(protocol, formats, known)
    else:
        kept += _formats(formats.split(), known)
        if not _has(kept, "rtcp-mux"):
            raise Unprocessable("the offer must multiplex RTP and RTCP (a=rtcp-mux)")
    return Media(kind, direction, mid, [f"m={kind} 9 {protocol} {formats}", *kept])


def _data_channel(protocol: str, formats: str, known: list[str]) -> list[str]:
    if formats != "webrtc-datachannel" or not protocol.endswith("DTLS/SCTP"):
        raise Unprocessable("a data channel must be offered as RFC 8841 has it")
    defaults = {"sctp-port": "5000", "max-message-size": "65536"}
    return [f"a={name}:{value}" for name, value in defaults.items() if not _has(known, name)]


def _formats(formats: list[str], known: list[str]) -> list[str]:
    """The codecs: `rtpmap` and `fmtp` lines of those payload types that are offered.

    H.264 without parameters stands for what all senders make, as GStreamer's viewers mean it; to the
    letter of RFC 6184 §8.1 it would be a mode that none sends.
    """
    if not all(f.isascii() and f.isdigit() and int(f) < 128 for f in formats):
        raise BadInput("a payload type is not a number from 0 to 127")
    if any(int(f) in _FORBIDDEN_PAYLOAD_TYPES for f in formats):
        raise BadInput("payload types 72 to 76 are taken by RTCP (RFC 5761 §4)")
    maps = {v.split()[0]: v for v in _values(known, "rtpmap") if v.split()[0] in formats}
    told = [v.partition(" ") for v in _values(known, "fmtp")]
    parameters = [(kind, sound) for kind, _, text in told if (sound := _parameters(text))]
    for kind, value in maps.items():
        if "H264/" in value.upper() and kind not in dict(parameters):
            parameters.append((kind, _PLAIN_H264))
    return [f"a=rtpmap:{value}" for value in maps.values()] + [
        f"a=fmtp:{kind} {text}" for kind, text in parameters if kind in maps
    ]


def _parameters(text: str) -> str:
    """`name=value` pairs without the spaces that some write, and without numbers that are none."""
    pairs = [pair.strip() for pair in text.split(";") if pair.strip()]
    return ";".join(pair for pair in pairs if _sound(*pair.partition("=")[::2]))


def _sound(name: str, value: str) -> bool:
    return name not in _INTEGER_PARAMETERS or (value.isascii() and value.isdigit())


def _check_shape(session: list[str], medias: list[Media]) -> None:
    kinds = [media.kind for media in medias]
    if not {"audio", "video"} & set(kinds):
        raise Unprocessable("the offer has neither audio nor video")
    if len(set(kinds)) < len(kinds):
        raise Unprocessable("the offer has more than one audio, video or data section")
    mids = [media.mid for media in medias]
    if len(set(mids)) < len(mids):
        raise BadInput("two media sections have the same a=mid")
    bundled = next(iter(_values(session, "group")), "").split()[1:]
    if len(mids) > 1 and set(bundled) != set(mids):
        raise Unprocessable("the offer must bundle all its media (a=group:BUNDLE)")


def _complete_transport(session: list[str], media: Media) -> None:
    """Every section has credentials and a fingerprint, of its own or the session's."""
    both = session + media.lines
    for name in ("ice-ufrag", "ice-pwd", "fingerprint"):
        if not _has(both, name):
            raise BadInput(f"the offer has no a={name}", field=name)
    if not any(value.lower().startswith(_FINGERPRINTS) for value in _values(both, "fingerprint")):
        raise Unprocessable("the offer's fingerprint must be SHA-256 or stronger")
    if not _has(both, "setup"):
        media.lines.append("a=setup:actpass")


def _has(lines: list[str], name: str) -> bool:
    return any(line == f"a={name}" or line.startswith(f"a={name}:") for line in lines)


def _values(lines: list[str], name: str) -> list[str]:
    prefix = f"a={name}:"
    return [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]


def _value(lines: list[str], name: str) -> str:
    return next(iter(_values(lines, name)), "")


# Candidates and fragments -----------------------------------------------------------------------


def _usable_candidates(lines: list[str]) -> list[str]:
    """UDP candidates with an address.

    Names (`….local`, behind which browsers hide addresses), TCP and the end of candidates are left out:
    such a peer is found when it connects to us (RFC 8445 §7.3.1.3), so its list never ends.
    """
    usable = [f"a=candidate:{v}" for v in _values(lines, "candidate") if is_usable_candidate(v)]
    return usable[:MAX_CANDIDATES]


def is_usable_candidate(value: str) -> bool:
    """Whether the value of `a=candidate:` is a UDP address that we may try."""
    found = _CANDIDATE.fullmatch(value)
    if found is None or not 0 < int(found.group(2)) < 65_536:
        return False
    try:
        ipaddress.ip_address(found.group(1))
    except ValueError:
        return False
    return True


def read_fragment(text: str) -> Fragment:
    """A PATCH's body, `application/trickle-ice-sdpfrag`. Raises `BadInput`."""
    ufrag: str | None = None
    candidates: list[str] = []
    for line in _lines(text):
        if not re.match(r"[a-z]=.", line):
            raise BadInput("this is no SDP fragment (RFC 8840 §9)")
        name, _, value = line.removeprefix("a=").partition(":")
        if name == "ice-ufrag":
            ufrag = value
        elif name == "candidate" and is_usable_candidate(value):
            candidates.append(value)
    if ufrag is not None and not _TRANSPORT["ice-ufrag"].fullmatch(ufrag):
        raise BadInput("a=ice-ufrag is not well-formed", field="ice-ufrag")
    return Fragment(ufrag, candidates[:MAX_CANDIDATES])


# Answers ----------------------------------------------------------------------------------------


def advertise(answer: str, addresses: Sequence[str]) -> str:
    """The answer with the addresses that clients reach us at in place of those we are bound to.

    It says too that RTP and RTCP share one transport and nothing else is possible (RFC 9725 §4.4.1).
    """
    lines: list[str] = []
    for line in answer.splitlines():
        found = _CANDIDATE.fullmatch(line.removeprefix("a=candidate:"))
        if line.startswith("a=candidate:") and found and addresses:
            lines += _advertised(line, found.group(1), addresses)
        else:
            lines += [line, "a=rtcp-mux-only"] if line == "a=rtcp-mux" else [line]
    return "\r\n".join(lines) + "\r\n"


def _advertised(line: str, bound: str, addresses: Sequence[str]) -> list[str]:
    version = ipaddress.ip_address(bound).version
    same = [a for a in addresses if ipaddress.ip_address(a).version == version]
    return [line.replace(f" {bound} ", f" {address} ", 1) for address in same]
