"""One packet of a publisher, as lanes and down tracks pass it on."""

from __future__ import annotations

from typing import NamedTuple

from ..rtp.codecs import Picture


class MediaPacket(NamedTuple):
    """One RTP packet of a publisher, without what concerns its own connection."""

    sequence: int  # extended
    timestamp: int
    marker: bool
    payload: bytes
    keyframe: bool  # it begins one
    picture: Picture | None = None
    orientation: bytes = b""  # 3GPP TS 26.114 §7.4.5
    level: bytes = b""  # RFC 6464
    dependencies: bytes = b""  # of AV1, its frames numbered by `frame_numbers`
