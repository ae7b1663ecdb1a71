"""The size of a picture, from keyframes that real encoders made."""

from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.rtp.frame_size import frame_size
from showcaller.media.rtp.parameter_sets import units

DESCRIPTOR = b"\x90\xe0\x81\x23\x45\x20"  # RFC 7741 §4.2, with all its fields


def encoded(codec, width, height, **options):
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 25), options
    frame = av.VideoFrame(width, height, "yuv420p")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return bytes([*encoder.encode(frame), *encoder.encode(None)][0])


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1280, 720)])
@pytest.mark.parametrize("descriptor", [b"\x10", DESCRIPTOR])
def test_a_vp8_keyframe_tells_its_size(size, descriptor):
    picture = encoded("libvpx", *size)
    assert frame_size("video/vp8", descriptor + picture) == size


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize("size", [(320, 192), (640, 368), (642, 362), (1280, 720), (1920, 1080)])
def test_an_h264_parameter_set_tells_the_size(size, profile):
    picture = encoded("libx264", *size, profile=profile)
    found = [unit for unit in picture.split(b"\0\0\1") if unit and unit[0] & 0x1F == 7]
    sps = found[0].rstrip(b"\0")
    packed = b"\x78" + len(sps).to_bytes(2) + sps
    assert list(units(packed)) == [sps]
    assert frame_size(f"video/h264 {profile}", packed) == frame_size("video/h264", sps) == size


@given(st.sampled_from(["video/vp8", "video/h264 high", "video/av1"]), st.binary(max_size=60))
def test_rubbish_has_no_size_or_a_possible_one(key, payload):
    size = frame_size(key, payload)
    assert size is None or (0 < size[0] <= 16_384 and 0 < size[1] <= 32_768)
