"""The agreement with a client on codecs, extensions, feedback and layers, and the answer that says it.

A publisher may send whatever we can pass on. A viewer gets every codec that its offer has, for a stage may
change codec from talk to talk and nothing is negotiated anew. An offer is taken whole or refused
(RFC 9725 §4.4.3); only data channels, and media that the offer itself disabled, are rejected alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...errors import BadInput, Unprocessable
from ..rtp.extensions import (
    AUDIO_LEVEL,
    DEPENDENCIES,
    MID,
    ORIENTATION,
    REPAIRED_RID,
    RID,
    SEND_TIME,
    TRANSPORT_CC,
)
from ..transport.parameters import Local, Remote
from .codec_choice import Codec, choose_codecs
from .sdp import Attributes, Description, Role, Section, is_usable_candidate, read_description
from .simulcast import layer_lines, read_layers

NO_CODEC = "the offer must have Opus, and for video VP8, H.264, VP9 or AV1"

_EXTENSIONS = {
    "publish": {
        *(MID, RID, REPAIRED_RID, AUDIO_LEVEL, ORIENTATION, DEPENDENCIES, SEND_TIME, TRANSPORT_CC),
    },
    "view": {AUDIO_LEVEL, ORIENTATION, DEPENDENCIES, SEND_TIME},
}
_ONE_BYTE_IDS = range(1, 15)  # RFC 8285 §4.2
_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_OFFERED = {"publish": "sendonly", "view": "recvonly"}
_ANSWERED = {"publish": "recvonly", "view": "sendonly"}
_FINGERPRINTS = ("sha-256", "sha-384", "sha-512")  # those that the DTLS stack verifies
_STEREO = ("stereo=1", "sprop-stereo=1")  # what we take; what we send
_STREAM = "showcaller"  # of the one MediaStream that every answer has
_TCP_PREFERENCE = 90  # of the type: below UDP's 126, above what a relay has
_ICE = ("a=ice-lite", "a=ice-options:ice2 trickle")
_EXTMAP = re.compile(r"(\d{1,3})(?:/(\w{1,8}))? (\S{1,256})(?: .*)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)


class Medium(NamedTuple):
    """One audio or video section, as both sides have it."""

    kind: str  # audio | video
    mid: str
    flows: bool  # to us from a publisher, from us to a viewer
    codecs: tuple[Codec, ...]  # as answered
    extensions: dict[str, int]  # id by URI
    feedback: frozenset[str]  # of all codecs together
    rids: tuple[str, ...]  # simulcast layers as offered
    rtx_ssrcs: dict[int, int]  # the SSRC of the retransmissions by that of the stream
    ssrcs: tuple[int, ...]  # of streams, not of retransmissions; many offers name none
    lines: tuple[str, ...]  # what the answer says of all this


class Negotiated(NamedTuple):
    """An offer that can be served."""

    remote: Remote
    media: tuple[Medium, ...]  # in the offer's order
    bundle: tuple[str, ...]  # the mids that share the transport, its section's first
    grouped: bool  # whether the offer says so; a lone section needs no group
    rejected: dict[int, tuple[str, ...]]  # the answer's lines by place among all sections
    mixed: bool = False  # header extensions of both forms in one stream (RFC 8285 §6)


class Outgoing(NamedTuple):
    """The stream of one kind that we send to a viewer."""

    ssrc: int
    rtx_ssrc: int


# Negotiating ------------------------------------------------------------------------------------


def negotiate(offer: str, role: Role, first: str = "") -> Negotiated:
    """Return what an offer and we agree on; senders use the codec that is answered first.

    That is the first of the offer, or one of the name `first`, if it has one. Raises `BadInput`,
    `Unprocessable`.
    """
    described = read_description(offer)
    sections = dict(zip(_mids(described), described.sections, strict=True))
    bundle = _bundle(described, sections)
    kept = {mid: s for mid, s in sections.items() if not _is_rejected(s, mid in bundle)}
    _check_shape(kept, bundle)
    default = _direction(described.session, "sendrecv")
    media = tuple(_medium(section, mid, role, default, first) for mid, section in kept.items())
    _check_media(media, role)
    grouped = tuple(mid for mid in bundle if mid in kept)
    together = grouped or tuple(kept)
    places = [kept[together[0]].attributes, described.session]
    places += [sections[mid].attributes for mid in bundle[:1]]
    return Negotiated(
        _remote(places),
        media,
        together,
        bool(grouped),
        {at: _rejection(s) for at, (mid, s) in enumerate(sections.items()) if mid not in kept},
        "extmap-allow-mixed" in described.session,
    )


def _bundle(described: Description, sections: dict[str, Section]) -> list[str]:
    """Return the mids of the offer's BUNDLE group (RFC 9143 §7) that sections have."""
    groups = [value.split() for value in described.session.get("group", ())]
    mids = next((words[1:] for words in groups if words[:1] == ["BUNDLE"]), [])
    named = [mid for mid in mids if mid in sections and "mid" in sections[mid].attributes]
    return list(dict.fromkeys(named))


def _mids(described: Description) -> list[str]:
    """Return each section's mid; one without is known by its place."""
    mids = [s.attributes.get("mid", [str(at)])[0] for at, s in enumerate(described.sections)]
    if len(set(mids)) < len(mids):
        raise BadInput("two media sections have the same a=mid")
    return mids


def _is_rejected(section: Section, bundled: bool) -> bool:
    """Return whether to reject a section: a data channel, or one without any port (RFC 9143 §6)."""
    return section.kind == "application" or (section.port == 0 and not bundled)


def _rejection(section: Section) -> tuple[str, ...]:
    line = f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}"
    return (line, "c=IN IP4 0.0.0.0", *_mid_lines(section), "a=inactive")


def _mid_lines(section: Section) -> list[str]:
    return [f"a=mid:{value}" for value in section.attributes.get("mid", ())[:1]]


def _check_shape(kept: dict[str, Section], bundle: Sequence[str]) -> None:
    kinds = [section.kind for section in kept.values()]
    if not kinds:
        raise Unprocessable("the offer has neither audio nor video")
    if len(set(kinds)) < len(kinds):
        raise Unprocessable("the offer has more than one audio or video section")
    if len(kept) > 1 and not set(kept) <= set(bundle):
        raise Unprocessable("the offer must bundle all its media (a=group:BUNDLE)")


def _check_media(media: Sequence[Medium], role: Role) -> None:
    if not any(medium.flows for medium in media):
        raise Unprocessable(f"to {role}, audio or video of the offer must be {_OFFERED[role]}")
    used = [number for medium in media for number in _payload_types(medium.codecs)]
    if len(set(used)) < len(used):
        raise Unprocessable("a payload type has two meanings in one bundle (RFC 9143 §9.1)")


def _remote(places: Sequence[Attributes]) -> Remote:
    """Return the transport of all that is bundled; the session says what its section does not."""

    def value(name: str) -> str:
        found = next((place[name][0] for place in places if name in place), None)
        if found is None:
            raise BadInput(f"the offer has no a={name}", field=name)
        return found

    if not any("rtcp-mux" in place for place in places):
        raise Unprocessable("the offer must multiplex RTP and RTCP (a=rtcp-mux)")
    if any("ice-lite" in place for place in places) and _candidates(places):
        # One without addresses, as FFmpeg's, does check ours.
        raise Unprocessable("both sides are ICE-lite: nobody would check the connection")
    setup = next((place["setup"][0] for place in places if "setup" in place), "actpass")
    value("fingerprint")
    return Remote(value("ice-ufrag"), value("ice-pwd"), _fingerprints(places), setup)


def _candidates(places: Sequence[Attributes]) -> list[str]:
    return [v for place in places for v in place.get("candidate", ()) if is_usable_candidate(v)]


def _fingerprints(places: Sequence[Attributes]) -> tuple[tuple[str, str], ...]:
    values = next((place["fingerprint"] for place in places if "fingerprint" in place), [])
    pairs = [value.split(" ") for value in values]
    strong = tuple((a.lower(), v.upper()) for a, v in pairs if a.lower() in _FINGERPRINTS)
    if not strong:
        raise Unprocessable("the offer's fingerprint must be SHA-256 or stronger")
    return strong


def _direction(attributes: Attributes, default: str) -> str:
    return next((name for name in _DIRECTIONS if name in attributes), default)


# One section ------------------------------------------------------------------------------------


def _medium(section: Section, mid: str, role: Role, default_direction: str, first: str) -> Medium:
    attributes = section.attributes
    codecs = choose_codecs(section, first)
    if not codecs:
        raise Unprocessable(NO_CODEC)
    flows = _direction(attributes, default_direction) in (_OFFERED[role], "sendrecv")
    extensions, feedback = _wishes(attributes, codecs, role)
    numbers = [str(number) for number in _payload_types(codecs)]
    publishes = role == "publish"
    layers = read_layers(attributes, numbers) if publishes and RID in extensions else {}
    rtx_ssrcs, ssrcs = _ssrcs(attributes) if publishes else ({}, ())
    lines = (
        f"m={section.kind} 9 {section.protocol} {' '.join(numbers)}",
        "c=IN IP4 0.0.0.0",
        *_mid_lines(section),
        f"a={_ANSWERED[role] if flows else 'inactive'}",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        *(["a=rtcp-rsize"] if "rtcp-rsize" in attributes else []),
        *(f"a=extmap:{identity} {uri}" for uri, identity in extensions.items()),
        *(x for codec in codecs for x in _codec_lines(codec, feedback[codec.payload_type], role)),
        *layer_lines(layers),
    )
    return Medium(
        kind=section.kind,
        mid=mid,
        flows=flows,
        codecs=codecs,
        extensions={uri: int(text.partition("/")[0]) for uri, text in extensions.items()},
        feedback=frozenset(name for names in feedback.values() for name in names),
        rids=tuple(layers),
        rtx_ssrcs=rtx_ssrcs,
        ssrcs=ssrcs,
        lines=lines,
    )


def _payload_types(codecs: Sequence[Codec]) -> list[int]:
    pairs = [(codec.payload_type, codec.rtx) for codec in codecs]
    return [number for pair in pairs for number in pair if number is not None]


def _wishes(
    attributes: Attributes, codecs: Sequence[Codec], role: Role
) -> tuple[dict[str, str], dict[int, list[str]]]:
    """Return extensions, and feedback by payload type, with the better of two ways to estimate a line."""
    extensions = _extensions(attributes, role)
    offered = _feedback(attributes, codecs)
    if not any("transport-cc" in names for names in offered.values()):
        extensions.pop(TRANSPORT_CC, None)
    unused = "goog-remb" if TRANSPORT_CC in extensions else "transport-cc"
    return extensions, {n: [x for x in names if x != unused] for n, names in offered.items()}


def _extensions(attributes: Attributes, role: Role) -> dict[str, str]:
    """Return the ids, as the answer says them, of extensions that we use (RFC 8285 §5)."""
    extensions: dict[str, str] = {}
    taken: set[str] = set()
    for found in map(_EXTMAP.fullmatch, attributes.get("extmap", ())):
        number, direction, uri = found.groups() if found else ("", None, "")
        if uri not in _EXTENSIONS[role] or uri in extensions or number in taken:
            continue
        if int(number) in _ONE_BYTE_IDS and direction in (None, "sendrecv", _OFFERED[role]):
            one_way = direction == _OFFERED[role]
            extensions[uri] = f"{number}/{_ANSWERED[role]}" if one_way else number
            taken.add(number)
    return extensions


def _feedback(attributes: Attributes, codecs: Sequence[Codec]) -> dict[int, list[str]]:
    """Return the feedback that may be sent, by payload type; `*` stands for all (RFC 4585 §4.2)."""
    offered: set[tuple[str, str]] = set()
    for value in attributes.get("rtcp-fb", ()):
        number, _, name = value.partition(" ")
        offered.add((number, " ".join(name.split())))
    return {
        codec.payload_type: [
            name
            for name in _FEEDBACK
            if ("*", name) in offered or (str(codec.payload_type), name) in offered
        ]
        for codec in codecs
    }


def _ssrcs(attributes: Attributes) -> tuple[dict[int, int], tuple[int, ...]]:
    """Return retransmissions by stream (RFC 5576 §4.2, FID), and the streams."""
    groups = [value.split() for value in attributes.get("ssrc-group", ())]
    pairs = [
        (_ssrc(words[1]), _ssrc(words[2]))
        for words in groups
        if len(words) == 3 and words[0] == "FID"
    ]
    repairs = {stream: repair for stream, repair in pairs if stream and repair}
    named = dict.fromkeys(_ssrc(value) for value in attributes.get("ssrc", ()))
    streams = [ssrc for ssrc in named if ssrc and ssrc not in repairs.values()]
    return repairs, tuple(streams)


def _ssrc(value: str) -> int:
    """Return the number that the text begins with; 0 if there is none."""
    found = _NUMBER.match(value)
    return int(found.group()) if found and int(found.group()) < 1 << 32 else 0


def _codec_lines(codec: Codec, feedback: Sequence[str], role: Role) -> Iterator[str]:
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    yield f"a=rtpmap:{number} {codec.name}/{codec.clock_hz}{channels}"
    if parameters := _parameters(codec, role):
        yield f"a=fmtp:{number} {parameters}"
    for name in feedback:
        yield f"a=rtcp-fb:{number} {name}"
    if codec.rtx is not None:
        yield f"a=rtpmap:{codec.rtx} rtx/{codec.clock_hz}"
        yield f"a=fmtp:{codec.rtx} apt={number}"


def _parameters(codec: Codec, role: Role) -> str:
    """Return parameters as offered, but Opus in stereo (RFC 7587 §6.1): some send mono otherwise."""
    if codec.name != "opus" or codec.channels != 2:
        return codec.parameters
    told = [pair for pair in codec.parameters.split(";") if pair]
    kept = [
        pair for pair in told if pair.partition("=")[0].lower().removeprefix("sprop-") != "stereo"
    ]
    return ";".join([*kept, *(_STEREO if role == "view" else _STEREO[:1])])


# Answering --------------------------------------------------------------------------------------


def answer(
    negotiated: Negotiated, local: Local, *, outgoing: dict[str, Outgoing], cname: str
) -> str:
    """Return an ICE-lite agent's answer with all its candidates. `outgoing`: by kind, to a viewer."""
    transport = [
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.pwd}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=setup:{local.setup}",
    ]
    sections: list[Sequence[str]] = []
    for medium in negotiated.media:
        lines = [*medium.lines, *transport]
        if medium.kind in outgoing and medium.flows:
            lines += _outgoing_lines(medium, outgoing[medium.kind], cname)
        # RFC 9143 §7.1.3 wants them in the tagged section only; aiortc's clients keep the last ones.
        lines += _candidate_lines(local)
        sections.append(lines)
    for at, rejection in sorted(negotiated.rejected.items()):
        sections.insert(at, rejection)
    return _joined([*_head(negotiated, local), *(line for lines in sections for line in lines)])


def _head(negotiated: Negotiated, local: Local) -> Iterator[str]:
    session_id = int.from_bytes(local.ufrag.encode()[:7], "big")  # as unique, and below 2^62
    yield from ("v=0", f"o=- {session_id} 1 IN IP4 0.0.0.0", "s=-", "t=0 0")
    if negotiated.grouped:
        yield f"a=group:BUNDLE {' '.join(negotiated.bundle)}"
    if negotiated.mixed:
        yield "a=extmap-allow-mixed"
    yield from ("a=msid-semantic: WMS *", *_ICE)


def _outgoing_lines(medium: Medium, outgoing: Outgoing, cname: str) -> Iterator[str]:
    """Return the track, and its SSRCs for players that ask for them (RFC 5576)."""
    track = f"{_STREAM} {_STREAM}-{medium.kind}"
    ssrcs = [outgoing.ssrc]
    yield f"a=msid:{track}"
    if any(codec.rtx is not None for codec in medium.codecs):
        ssrcs.append(outgoing.rtx_ssrc)
        yield f"a=ssrc-group:FID {outgoing.ssrc} {outgoing.rtx_ssrc}"
    for ssrc in ssrcs:
        yield f"a=ssrc:{ssrc} cname:{cname}"
        yield f"a=ssrc:{ssrc} msid:{track}"


def _candidate_lines(local: Local) -> Iterator[str]:
    """Return host candidates, the first preferred (RFC 8445 §5.1.2): FFmpeg tries no other."""
    for at, (address, port) in enumerate(local.candidates):
        priority = (126 << 24) | ((65_535 - at) << 8) | 255
        yield f"a=candidate:{at + 1} 1 udp {priority} {address} {port} typ host"
    for at, (address, port) in enumerate(local.tcp_candidates):
        # of a passive host the direction's preference is 4 (RFC 6544 §4.2)
        priority = (_TCP_PREFERENCE << 24) | (((4 << 13) | (8_191 - at)) << 8) | 255
        number = len(local.candidates) + at + 1
        yield f"a=candidate:{number} 1 tcp {priority} {address} {port} typ host tcptype passive"
    yield "a=end-of-candidates"


def restart_fragment(local: Local, mids: Sequence[str]) -> str:
    """Return the answer to an ICE restart (RFC 9725 §4.3.3): credentials and candidates for all of `mids`.

    The kind of the section that stands for the bundle means nothing (RFC 8840 §9).
    """
    group = [f"a=group:BUNDLE {' '.join(mids)}"] if len(mids) > 1 else []
    section = ["m=audio 9 UDP/TLS/RTP/SAVPF 0", f"a=mid:{mids[0]}"]
    credentials = [f"a=ice-ufrag:{local.ufrag}", f"a=ice-pwd:{local.pwd}"]
    return _joined([*_ICE, *group, *section, *credentials, *_candidate_lines(local)])


def _joined(lines: Sequence[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
