"""The init sections of pictures and sounds, from what their streams say of themselves. Pure.

H.264: ISO/IEC 14496-15 §5.3.3. VP9: "VP Codec ISO Media File Format Binding" 1.0. AV1: "AV1 Codec ISO Media
File Format Binding" 1.2 §2.3, and the AV1 bitstream specification §5.5. VP8: RFC 6386 §9.1. All raise
`ValueError` for headers that can't be read.
"""

from __future__ import annotations

from functools import lru_cache
from struct import pack
from typing import NamedTuple

from ...recording import boxes, webm
from ...recording.part import InitSection
from ..rtp.bits import Bits
from ..rtp.frame_size import frame_size

VIDEO_HZ, SOUND_HZ = 90_000, 48_000
# Encoders begin with some 312 samples that belong to nothing. RTP does not tell how many, and in the middle
# of a stream none are to be left out: sound is 6.5 ms late, in place of being cut.
PRE_SKIP = 0
_PLAIN_PROFILES = (66, 77, 88)
_UNSPECIFIED = 2
# VP9's levels by the most pixels of a picture, at 60 frames a second (Annex A)
_VP9_LEVELS = ((73_728, 20), (245_760, 30), (552_960, 31), (2_228_224, 41), (8_912_896, 51))
_VP9_LARGEST = 61
_SRGB = 7


@lru_cache(maxsize=64)
def describe_sound(channels: int) -> InitSection:
    """Return the init section of Opus."""
    data = boxes.audio_init(boxes.opus_entry(channels, PRE_SKIP), SOUND_HZ)
    return InitSection(kind="audio", container="mp4", codec="opus", timescale=SOUND_HZ, data=data)


@lru_cache(maxsize=64)
def describe_h264(sps: bytes, pps: tuple[bytes, ...]) -> InitSection:
    """Return the init section of H.264 with these parameter sets."""
    size = frame_size("video/h264", sps)
    if size is None or not pps:
        raise ValueError("H.264: parameter sets can't be read")
    configuration = b"\x01" + sps[1:4] + b"\xff" + bytes([0xE0 | 1]) + _counted(sps)
    configuration += bytes([len(pps)]) + b"".join(map(_counted, pps))
    if sps[1] not in _PLAIN_PROFILES:
        configuration += b"\xfd\xf8\xf8\x00"  # 4:2:0 of eight bits, as all that browsers play
    entry = boxes.video_entry(b"avc1", *size, boxes.box(b"avcC", configuration))
    return _video(f"avc1.{sps[1:4].hex()}", entry, size)


@lru_cache(maxsize=64)
def describe_vp8(width: int, height: int) -> InitSection:
    """Return what begins a WebM file with VP8."""
    data = webm.video_init("V_VP8", width, height)
    return InitSection(
        kind="video",
        container="webm",
        codec="vp8",
        timescale=webm.TIMESCALE,
        width=width,
        height=height,
        data=data,
    )


class Vp9Header(NamedTuple):
    """The parts of a keyframe's uncompressed header (VP9 bitstream specification §6.2) that we need."""

    profile: int
    depth: int
    subsampling: int  # as vpcC counts: 1: 4:2:0, 2: 4:2:2, 3: 4:4:4
    full_range: int
    width: int
    height: int


def read_vp9(frame: bytes) -> Vp9Header:
    """Read the header of a VP9 keyframe. Raises `ValueError`."""
    bits = Bits(frame[:24])
    try:
        return _read_vp9(bits)
    except IndexError:
        raise ValueError("VP9: a keyframe that is cut") from None


def _read_vp9(bits: Bits) -> Vp9Header:
    if bits.read(2) != 2:
        raise ValueError("VP9: no frame")
    profile = bits.read(1) | bits.read(1) << 1
    if profile == 3:
        bits.read(1)
    if bits.read(2):  # shows another frame; is no keyframe
        raise ValueError("VP9: no keyframe")
    bits.read(2)
    if bits.read(24) != 0x498342:
        raise ValueError("VP9: no keyframe")
    depth = 8 if profile < 2 else 10 + 2 * bits.read(1)
    subsampling, full_range = _vp9_colour(bits, profile)
    width, height = bits.read(16) + 1, bits.read(16) + 1
    return Vp9Header(profile, depth, subsampling, full_range, width, height)


def _vp9_colour(bits: Bits, profile: int) -> tuple[int, int]:
    odd = profile & 1
    if bits.read(3) == _SRGB:
        if odd:
            bits.read(1)
        return 3, 1
    full_range, subsampling = bits.read(1), 1
    if odd:
        x, y = bits.read(1), bits.read(1)
        bits.read(1)
        subsampling = {(0, 0): 3, (1, 0): 2}.get((x, y), 1)
    return subsampling, full_range


@lru_cache(maxsize=64)
def describe_vp9(header: Vp9Header) -> InitSection:
    """Return the init section of VP9 whose keyframes have such a header."""
    size = header.width, header.height
    area = header.width * header.height
    level = next((level for most, level in _VP9_LEVELS if area <= most), _VP9_LARGEST)
    sampled = header.depth << 4 | header.subsampling << 1 | header.full_range
    colours = (_UNSPECIFIED,) * 3
    about = pack("!BBBBBBH", header.profile, level, sampled, *colours, 0)
    entry = boxes.video_entry(b"vp09", *size, boxes.full_box(b"vpcC", 1, 0, about))
    return _video(f"vp09.{header.profile:02}.{level}.{header.depth:02}", entry, size)


class Av1Sequence(NamedTuple):
    """The parts of a sequence header OBU that its description needs."""

    profile: int
    level: int
    tier: int
    depth: int
    layout: (
        int  # monochrome, subsampling, position of the chroma samples: the low five bits of av1C
    )
    width: int
    height: int


@lru_cache(maxsize=64)
def describe_av1(obu: bytes, header: bytes) -> InitSection:
    """Return the init section of AV1: `header` is the content of the sequence header that `obu` is."""
    try:
        read = read_av1(Bits(header))
    except IndexError:
        raise ValueError("AV1: a sequence header that is cut") from None
    deep = (read.depth > 8) << 6 | (read.depth == 12) << 5
    about = bytes([0x81, read.profile << 5 | read.level, read.tier << 7 | deep | read.layout, 0])
    size = read.width, read.height
    entry = boxes.video_entry(b"av01", *size, boxes.box(b"av1C", about + obu))
    tier = "MH"[read.tier]
    return _video(f"av01.{read.profile}.{read.level:02}{tier}.{read.depth:02}", entry, size)


def read_av1(bits: Bits) -> Av1Sequence:
    """Read a sequence header (§5.5.1). Raises `IndexError` where it is cut."""
    profile, _, reduced = bits.read(3), bits.read(1), bits.read(1)
    level, tier = (bits.read(5), 0) if reduced else _av1_operating_points(bits)
    widths, heights = bits.read(4) + 1, bits.read(4) + 1
    width, height = bits.read(widths) + 1, bits.read(heights) + 1
    if not reduced and bits.read(1):
        bits.read(7)
    bits.read(3)
    if not reduced:
        _skip_av1_tools(bits)
    bits.read(3)
    depth, layout = _av1_colour(bits, profile)
    return Av1Sequence(profile, level, tier, depth, layout, width, height)


def _av1_operating_points(bits: Bits) -> tuple[int, int]:
    """Return level and tier of the first operating point."""
    delay_bits = 0
    if bits.read(1):  # timing
        bits.read(64)
        if bits.read(1):
            bits.golomb()
        if bits.read(1):  # the decoder's model
            delay_bits = bits.read(5) + 1
            bits.read(42)
    delays = bits.read(1)
    found = []
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        level = bits.read(5)
        found.append((level, bits.read(1) if level > 7 else 0))
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if delays and bits.read(1):
            bits.read(4)
    return found[0]


def _skip_av1_tools(bits: Bits) -> None:
    bits.read(4)
    ordered = bits.read(1)
    if ordered:
        bits.read(2)
    screen_content = 2 if bits.read(1) else bits.read(1)
    if screen_content and not bits.read(1):
        bits.read(1)
    if ordered:
        bits.read(3)


def _av1_colour(bits: Bits, profile: int) -> tuple[int, int]:
    """Return depth and layout (§5.5.2)."""
    deep = bits.read(1)
    depth = 8 + 2 * deep
    if profile == 2 and deep:
        depth += 2 * bits.read(1)
    mono = 0 if profile == 1 else bits.read(1)
    colours = (bits.read(8), bits.read(8), bits.read(8)) if bits.read(1) else (2, 2, 2)
    if mono:
        bits.read(1)
        return depth, 0b11100
    if colours == (1, 13, 0):
        return depth, 0
    bits.read(1)
    x, y = _av1_subsampling(bits, profile, depth)
    return depth, x << 3 | y << 2 | (bits.read(2) if x and y else 0)


def _av1_subsampling(bits: Bits, profile: int, depth: int) -> tuple[int, int]:
    if profile < 2:
        return (1, 1) if profile == 0 else (0, 0)
    if depth < 12:
        return 1, 0
    x = bits.read(1)
    return x, bits.read(1) if x else 0


def _video(codec: str, entry: bytes, size: tuple[int, int]) -> InitSection:
    return InitSection(
        kind="video",
        container="mp4",
        codec=codec,
        timescale=VIDEO_HZ,
        width=size[0],
        height=size[1],
        data=boxes.video_init(entry, VIDEO_HZ, *size),
    )


def _counted(unit: bytes) -> bytes:
    return len(unit).to_bytes(2) + unit
