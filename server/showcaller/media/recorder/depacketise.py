"""Frames from the payloads of a track, with what a keyframe says of all that follow it. Pure.

A small module of ours, not libavformat: that reads RTP from a socket of its own, with a jitter buffer and
clocks of its own; here losses have been mended and numbers extended already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...recording.part import InitSection
from ..rtp.frame_size import frame_size
from ..rtp.frames import (
    av1_units,
    h264_joined,
    h264_units,
    obu_content,
    obu_type,
    vp8_frame,
    vp9_frame,
)
from .descriptions import describe_av1, describe_h264, describe_vp8, describe_vp9, read_vp9

_IDR, _SPS, _PPS, _DELIMITER = 5, 7, 8, 9
_SEQUENCE_HEADER = 1


class Frame(NamedTuple):
    """One frame as files hold it; `init` describes it and what follows it, told by keyframes."""

    data: bytes
    keyframe: bool
    init: InitSection | None = None


def frame_of(codec: str, payloads: Sequence[bytes]) -> Frame:
    """Return the frame that these payloads make up; `codec` is a name as in SDP.

    Raises `ValueError` for what can't be read, and for frames of nothing.
    """
    maker = _MAKERS.get(codec)
    if maker is None:
        raise ValueError(f"{codec} is not recorded")
    return maker(payloads)


def _h264(payloads: Sequence[bytes]) -> Frame:
    """Parameter sets go into the init section; if others come, another take begins."""
    units = h264_units(payloads)
    kinds = [unit[0] & 0x1F for unit in units]
    sps = next((u for u, kind in zip(units, kinds, strict=True) if kind == _SPS), None)
    sets = [u for u, kind in zip(units, kinds, strict=True) if kind == _PPS]
    apart = (_SPS, _PPS, _DELIMITER)
    rest = [u for u, kind in zip(units, kinds, strict=True) if kind not in apart]
    if not rest:
        raise ValueError("H.264: parameter sets alone are no frame")
    keyframe = _IDR in kinds and sps is not None
    init = describe_h264(sps, tuple(dict.fromkeys(sets))) if keyframe and sps else None
    return Frame(h264_joined(rest), keyframe, init)


def _vp8(payloads: Sequence[bytes]) -> Frame:
    data = vp8_frame(payloads)
    if not data:
        raise ValueError("VP8: a frame of nothing")
    if data[0] & 0x01:
        return Frame(data, False)
    size = frame_size("video/vp8", data[:16])
    if size is None:
        raise ValueError("VP8: a keyframe without its size")
    return Frame(data, True, describe_vp8(*size))


def _vp9(payloads: Sequence[bytes]) -> Frame:
    data = vp9_frame(payloads)
    if not data:
        raise ValueError("VP9: a frame of nothing")
    if _is_predicted(payloads[0]):
        return Frame(data, False)
    try:
        return Frame(data, True, describe_vp9(read_vp9(data)))
    except ValueError:
        return Frame(data, False)  # of one picture, but no keyframe


def _is_predicted(payload: bytes) -> bool:
    return bool(payload[0] & 0x40)


def _av1(payloads: Sequence[bytes]) -> Frame:
    units = av1_units(payloads)
    if not units:
        raise ValueError("AV1: a frame of nothing")
    header = next((unit for unit in units if obu_type(unit) == _SEQUENCE_HEADER), None)
    init = describe_av1(header, obu_content(header)) if header else None
    return Frame(b"".join(units), init is not None, init)


_MAKERS: dict[str, Callable[[Sequence[bytes]], Frame]] = {
    "H264": _h264,
    "VP8": _vp8,
    "VP9": _vp9,
    "AV1": _av1,
}
