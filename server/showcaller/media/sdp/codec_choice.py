"""The codecs of a media section that we pass on, with their retransmissions.

Opus, VP8, H.264, VP9 and AV1 go through as they come. Redundancy, error correction, telephone events and
whatever else an offer has are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...errors import BadInput
from .sdp import Section

_FORBIDDEN_PAYLOAD_TYPES = range(72, 77)  # would be taken for RTCP (RFC 5761 §4)
_RTPMAP = re.compile(r"(\d{1,3}) ([\w.-]{1,32})/(\d{1,6})(?:/(\d{1,2}))? *", re.ASCII)
_KNOWN = {  # name and clock by kind
    "audio": {"opus": ("opus", 48_000)},
    "video": {name.lower(): (name, 90_000) for name in ("VP8", "H264", "VP9", "AV1")},
}
_INTEGERS = {"apt", "maxplaybackrate", "max-fr", "max-fs", "minptime", "stereo", "useinbandfec"}
_MAX_PARAMETERS = 1_000  # characters; GStreamer's have H.264 parameter sets
_PLAIN_H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
_H264_PROFILES = {  # by profile_idc; who decodes one decodes those before it, but for extended
    "42": "baseline",
    "58": "extended",
    "4d": "main",
    "64": "high",
    "6e": "high10",
    "7a": "high422",
    "f4": "high444",
}


class Codec(NamedTuple):
    """One codec that both sides know; streams with another `key` need another decoder."""

    name: str  # VP8
    key: str  # video/vp8, video/vp9 0, video/h264 baseline, audio/opus
    clock_hz: int
    channels: int
    payload_type: int
    rtx: int | None  # the payload type of its retransmissions
    parameters: str  # as offered: we take what comes, and a viewer gets what it can decode


class _Format(NamedTuple):
    """A payload type as the offer explains it."""

    payload_type: int
    name: str
    clock_hz: int
    channels: int
    parameters: str


def choose_codecs(section: Section, first: str = "") -> tuple[Codec, ...]:
    """Return the codecs that we take, in the offer's order; but those of the name `first` come first.

    Raises `BadInput`.
    """
    maps, parameters = (tuple(section.attributes.get(name, ())) for name in ("rtpmap", "fmtp"))
    codecs = _choose(section.kind, section.formats, maps, parameters)
    return tuple(sorted(codecs, key=lambda codec: codec.name != first))


@lru_cache(maxsize=64)  # browsers of one make offer the same
def _choose(
    kind: str, offered: tuple[str, ...], maps: tuple[str, ...], parameters: tuple[str, ...]
) -> tuple[Codec, ...]:
    """H.264 in single NAL units (mode 0, RFC 6184 §8.1: also where no mode is named) is what browsers offer
    beside the usual mode and nobody prefers: it is taken where its profile comes in no other.
    """
    formats = list(_formats(offered, maps, parameters))
    rtx: dict[tuple[int, int], int] = {}  # payload type by that of the codec, and its clock
    for format in formats:
        apt = _pairs(format.parameters).get("apt", "") if format.name == "rtx" else ""
        if apt:
            rtx.setdefault((int(apt), format.clock_hz), format.payload_type)
    codecs = [codec for format in formats if (codec := _codec(format, kind, rtx))]
    usual = {codec.key for codec in codecs if not _is_single_unit(codec)}
    return tuple(c for c in codecs if not _is_single_unit(c) or c.key not in usual)


def _formats(
    offered: tuple[str, ...], maps: tuple[str, ...], fmtp: tuple[str, ...]
) -> Iterator[_Format]:
    if not all(f.isascii() and f.isdigit() and int(f) < 128 for f in offered):
        raise BadInput("a payload type is not a number from 0 to 127")
    if any(int(f) in _FORBIDDEN_PAYLOAD_TYPES for f in offered):
        raise BadInput("payload types 72 to 76 are taken by RTCP (RFC 5761 §4)")
    told = (value.partition(" ") for value in fmtp)
    parameters = {kind: text for kind, _, text in told if len(text) <= _MAX_PARAMETERS}
    mapped = {found.group(1): found.groups() for found in map(_RTPMAP.fullmatch, maps) if found}
    for kind in dict.fromkeys(offered):
        if kind in mapped:
            _, name, clock, channels = mapped[kind]
            text = _sound_parameters(parameters.get(kind, ""))
            yield _Format(int(kind), name.lower(), int(clock), int(channels or 1), text)


def _sound_parameters(text: str) -> str:
    """`name=value` pairs without the spaces that some write, and without numbers that are none."""
    pairs = [pair.strip() for pair in text.split(";") if pair.strip()]
    return ";".join(pair for pair in pairs if _is_sound(*pair.partition("=")[::2]))


def _is_sound(name: str, value: str) -> bool:
    value = value.strip()
    is_number = value.isascii() and value.isdigit() and len(value) < 10
    return is_number or name.strip().lower() not in _INTEGERS


def _pairs(parameters: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in parameters.lower().split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _codec(format: _Format, kind: str, rtx: dict[tuple[int, int], int]) -> Codec | None:
    name, clock_hz = _KNOWN[kind].get(format.name, ("", 0))
    if not name or format.clock_hz != clock_hz:
        return None
    # H.264 without parameters stands for what all senders make, as GStreamer's viewers mean it; to the
    # letter of RFC 6184 §8.1 it would be a mode that none sends.
    parameters = format.parameters or (_PLAIN_H264 if name == "H264" else "")
    key = f"{kind}/{format.name}{_variant(name, _pairs(parameters))}"
    repair = rtx.get((format.payload_type, clock_hz))
    return Codec(name, key, clock_hz, format.channels, format.payload_type, repair, parameters)


def _variant(name: str, parameters: dict[str, str]) -> str:
    """Return the part of a key that tells streams of one codec apart by the decoder they need."""
    if name == "H264":
        profile = parameters.get("profile-level-id", "42")[:2]
        return f" {_H264_PROFILES.get(profile, profile)}"
    if name == "VP9":
        return f" {parameters.get('profile-id', '0')[:1]}"
    profile = parameters.get("profile", "0")[:1]
    return f" {profile}" if name == "AV1" and profile != "0" else ""


def _is_single_unit(codec: Codec) -> bool:
    return codec.name == "H264" and _pairs(codec.parameters).get("packetization-mode", "0") != "1"


def decoder_of(codecs: Sequence[Codec], key: str) -> Codec | None:
    """Return the one of a viewer's codecs by which it is sent a stream of that key.

    For H.264 the lowest profile that includes the stream's (Debian's Chromium offers Main and High 4:4:4,
    but not High); else the highest there is, for decoders read the stream's own headers.
    """
    exact = next((codec for codec in codecs if codec.key == key), None)
    if exact or not key.startswith("video/h264"):
        return exact
    ranked = sorted((codec for codec in codecs if codec.name == "H264"), key=_rank)
    wanted = _h264_rank(key)
    return next((c for c in ranked if _rank(c) > wanted), ranked[-1] if ranked else None)


def _rank(codec: Codec) -> int:
    return _h264_rank(codec.key)


def _h264_rank(key: str) -> int:
    profiles = list(_H264_PROFILES.values())
    profile = key.partition(" ")[2]
    return profiles.index(profile) if profile in profiles else len(profiles)
