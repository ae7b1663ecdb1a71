"""The pieces of a recording: samples, init sections, parts, and the takes that they make up. Pure.

A **sample** is one frame of a picture or one packet of sound. A **take** is one track for as long as one init
section describes it: another codec, another size or another track begins another take. A **part** is a piece
of a take that is written at once and never again.

Times are server time in milliseconds since 1970, the clock of all facts; ticks count from a take's `base_ms`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

Kind = Literal["video", "audio"]
Container = Literal["mp4", "webm"]


class Sample(NamedTuple):
    """One frame of a picture, or one packet of sound, as containers hold it.

    H.264 comes as NAL units behind their lengths (four bytes), AV1 as OBUs with sizes and without
    temporal delimiters, VP8, VP9 and Opus as they are.
    """

    time_ms: float
    rtp_time: int  # 32 bits, of the publisher
    keyframe: bool
    data: bytes


class InitSection(Struct, frozen=True, kw_only=True):
    """All that a player has to know before the first part of a take."""

    kind: Kind
    container: Container
    codec: str  # as CODECS of a playlist and MediaSource name it: avc1.42e01f, vp09.00.10.08, opus
    timescale: int  # ticks a second
    width: int = 0  # of pictures, in pixels
    height: int = 0
    data: bytes  # ftyp and moov; of WebM all that stands before the first cluster


class Part(Struct, frozen=True, kw_only=True):
    """One written part: `moof` and `mdat`, or a cluster of WebM."""

    take: str  # the take's folder among the objects
    sequence: int  # 0, 1, 2… in the take
    decode_time: int  # of its first sample, in ticks since the take's base
    duration: int  # in ticks
    time_ms: float  # server time of its first sample
    rtp_time: int  # of its first sample
    keyframe: bool  # it begins with one; sound always does
    size_bytes: int
    name: str  # of the object that is this part, whole and nothing else

    def duration_ms(self, timescale: int) -> float:
        return self.duration * 1000 / timescale


class Take(Struct, frozen=True, kw_only=True):
    """The description of a take, as it is kept beside its parts."""

    folder: str
    session: str
    publication: str
    person: str  # whose it is, so that one person's recordings can be found and deleted
    source: str  # main, slides, spare
    kind: Kind
    container: Container
    codec: str
    timescale: int
    width: int = 0
    height: int = 0
    base_ms: int  # server time of tick 0


class MadePart(NamedTuple):
    """A part and its bytes, before they are stored."""

    part: Part
    data: bytes
