"""Reading the first bytes of a payload: whether a keyframe or a frame begins, and the picture's id.

VP8 (RFC 7741), H.264 (RFC 6184), VP9 (RFC 9628), AV1 ("RTP Payload Format For AV1", v1.0). A `key`
is a codec's name as in SDP, then what it was negotiated with: "video/h264 baseline". Payloads are
never decoded; one that is cut begins nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

_H264_SLICE, _H264_IDR, _H264_SPS = 1, 5, 7
_H264_BEFORE_SLICES = (6, _H264_SPS, 8, 9)  # SEI, parameter sets, access unit delimiter
_H264_STAP_A, _H264_FU_A = 24, 28
_AV1_MID_FRAME = (4, 7, 8, 15)  # tile group, redundant frame header, tile list, padding


class Picture(NamedTuple):
    """The places where a payload says which picture it belongs to (VP8, VP9): offsets; 0: not there."""

    picture_at: int
    picture_id: int  # of 15 bits; shorter ones are not told
    tl0_at: int
    tl0: int  # TL0PICIDX, 8 bits


class _Codec(NamedTuple):
    starts_keyframe: Callable[[bytes], bool]
    starts_frame: Callable[[bytes], bool]
    picture: Callable[[bytes], Picture | None]


def starts_keyframe(key: str, payload: bytes) -> bool:
    """Return whether a decoder can begin with this packet. Of sound: with each.

    With H.264 a keyframe begins at its parameter sets, if it has any, and a later packet of the same
    frame may say so too.
    """
    try:
        return _codec(key).starts_keyframe(payload)
    except IndexError:
        return False


def starts_frame(key: str, payload: bytes) -> bool:
    """Return whether a frame may begin here.

    With H.264 and AV1 this may hold for a later packet of a frame too; such have its timestamp.
    """
    try:
        return _codec(key).starts_frame(payload)
    except IndexError:
        return False


def picture(key: str, payload: bytes) -> Picture | None:
    """Return the picture's ids, for VP8 and VP9; None where there are none."""
    try:
        return _codec(key).picture(payload)
    except IndexError:
        return None


@lru_cache(maxsize=256)
def _codec(key: str) -> _Codec:
    return _CODECS.get(key.partition(" ")[0].lower(), _ANY)


# VP8: RFC 7741 §4.2 (descriptor) and §4.3 (the frame's own header)


def _vp8_keyframe(payload: bytes) -> bool:
    return _vp8_frame(payload) and payload[_vp8_descriptor(payload)[0]] & 0x01 == 0


def _vp8_frame(payload: bytes) -> bool:
    return payload[0] & 0x17 == 0x10  # S, and partition 0


def _vp8_picture(payload: bytes) -> Picture | None:
    _, picture_at, tl0_at = _vp8_descriptor(payload)
    return _picture(payload, picture_at, tl0_at)


def _vp8_descriptor(payload: bytes) -> tuple[int, int, int]:
    """Return where the frame begins, and offsets of a 15-bit picture id and of TL0PICIDX (0: none)."""
    if not payload[0] & 0x80:
        return 1, 0, 0
    fields = payload[1]
    at, picture_at, tl0_at = 2, 0, 0
    if fields & 0x80:
        if payload[at] & 0x80:
            picture_at = at
            at += 1
        at += 1
    if fields & 0x40:
        tl0_at = at
        at += 1
    if fields & 0x30:  # TID, Y and KEYIDX share a byte
        at += 1
    return at, picture_at, tl0_at


def _picture(payload: bytes, picture_at: int, tl0_at: int) -> Picture | None:
    if not (picture_at or tl0_at):
        return None
    id = (payload[picture_at] & 0x7F) << 8 | payload[picture_at + 1] if picture_at else 0
    return Picture(picture_at, id, tl0_at, payload[tl0_at] if tl0_at else 0)


def vp8_frame_at(payload: bytes) -> int:
    """Return where a packet's part of the frame begins. Raises `IndexError` for one that is cut."""
    return _vp8_descriptor(payload)[0]


# H.264: RFC 6184 §5.4–5.8


def _h264_keyframe(payload: bytes) -> bool:
    kind = payload[0] & 0x1F
    if kind == _H264_FU_A:
        return payload[1] & 0x9F == 0x80 | _H264_IDR
    if kind != _H264_STAP_A:
        return kind in (_H264_SPS, _H264_IDR)
    at = 3
    while at < len(payload):
        if payload[at] & 0x1F in (_H264_SPS, _H264_IDR):
            return True
        at += 2 + (payload[at - 2] << 8 | payload[at - 1])
    return False


def _h264_frame(payload: bytes) -> bool:
    kind = payload[0] & 0x1F
    if kind == _H264_STAP_A:
        return _h264_begins(payload[3] & 0x1F, payload[4])
    if kind == _H264_FU_A:
        return payload[1] > 0x7F and _h264_begins(payload[1] & 0x1F, payload[2])
    return _h264_begins(kind, payload[1])


def _h264_begins(kind: int, second: int) -> bool:
    """Return whether a slice is a frame's first: `first_mb_in_slice` is 0, coded as one bit, 1."""
    return kind in _H264_BEFORE_SLICES or (_H264_SLICE <= kind <= _H264_IDR and second > 0x7F)


# VP9: RFC 9628 §4.2 (descriptor); the VP9 bitstream specification §6.2 (the frame's own header)


def _vp9_keyframe(payload: bytes) -> bool:
    if payload[0] & 0x40 or not _vp9_frame(payload):  # P: predicted from another picture
        return False
    header = payload[vp9_frame_at(payload)]
    if header & 0x30 == 0x30:  # profile 3 has one more bit here
        header <<= 1
    return header & 0x0C == 0  # neither show_existing_frame nor an inter or intra-only frame


def _vp9_frame(payload: bytes) -> bool:
    if not payload[0] & 0x08:  # B
        return False
    layer_at = _vp9_layer_at(payload)
    return not layer_at or payload[layer_at] & 0x0E == 0  # the lowest spatial layer


def _vp9_picture(payload: bytes) -> Picture | None:
    fields, layer_at = payload[0], _vp9_layer_at(payload)
    tl0_at = layer_at + 1 if layer_at and not fields & 0x10 else 0
    return _picture(payload, 1 if fields & 0x80 and payload[1] > 0x7F else 0, tl0_at)


def _vp9_layer_at(payload: bytes) -> int:
    """Return the offset of the layer indices; 0: none."""
    fields = payload[0]
    if not fields & 0x20:
        return 0
    return _vp9_after_id(payload)


def _vp9_after_id(payload: bytes) -> int:
    if not payload[0] & 0x80:
        return 1
    return 3 if payload[1] > 0x7F else 2


def vp9_frame_at(payload: bytes) -> int:
    """Return where a packet's part of the frame begins. Raises `IndexError` for one that is cut."""
    fields, at = payload[0], _vp9_after_id(payload)
    if fields & 0x20:
        at += 1 if fields & 0x10 else 2
    if fields & 0x50 == 0x50:  # flexible, and predicted: up to three differences of picture ids
        at = _vp9_after_differences(payload, at)
    if fields & 0x02:
        at = _vp9_after_structure(payload, at)
    return at


def _vp9_after_differences(payload: bytes, at: int) -> int:
    """Return the place behind the references (P_DIFF, RFC 9628 §4.2)."""
    for _ in range(3):
        at += 1
        if not payload[at - 1] & 0x01:
            break
    return at


def _vp9_after_structure(payload: bytes, at: int) -> int:
    """Return the place behind the scalability structure (RFC 9628 §4.2.1)."""
    fields = payload[at]
    at += 1
    if fields & 0x10:  # resolutions of the spatial layers
        at += 4 * ((fields >> 5) + 1)
    if fields & 0x08:  # pictures of the group
        pictures = payload[at]
        at += 1
        for _ in range(pictures):
            at += 1 + (payload[at] >> 2 & 0x03)
    return at


# AV1: §4.4 (aggregation header)


def _av1_keyframe(payload: bytes) -> bool:
    return payload[0] & 0x88 == 0x08 and len(payload) > 1  # N: a coded video sequence begins


def _av1_frame(payload: bytes) -> bool:
    if payload[0] & 0x80:  # Z: the middle of an OBU
        return False
    at = 1
    if payload[0] & 0x30 != 0x10:  # more than one OBU: the first one's length comes first
        while payload[at] > 0x7F:
            at += 1
        at += 1
    return payload[at] >> 3 & 0x0F not in _AV1_MID_FRAME


def _yes(payload: bytes) -> bool:
    return True


def _no_picture(payload: bytes) -> Picture | None:
    return None


_ANY = _Codec(_yes, _yes, _no_picture)
_CODECS = {
    "video/vp8": _Codec(_vp8_keyframe, _vp8_frame, _vp8_picture),
    "video/h264": _Codec(_h264_keyframe, _h264_frame, _no_picture),
    "video/vp9": _Codec(_vp9_keyframe, _vp9_frame, _vp9_picture),
    "video/av1": _Codec(_av1_keyframe, _av1_frame, _no_picture),
}
