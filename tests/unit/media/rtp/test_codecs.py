"""Keyframes and pictures, told from the payloads of streams that real encoders made."""

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor

from showcaller.media.rtp.codecs import Picture, picture, starts_frame, starts_keyframe
from showcaller.testing.encoded_streams import STREAMS, stream


@pytest.mark.parametrize("name", STREAMS)
def test_keyframes_are_those_that_the_encoder_made(name):
    key, frames = stream(name)
    told = [any(starts_keyframe(key, payload) for payload in payloads) for _, payloads in frames]
    assert told == [keyframe for keyframe, _ in frames]
    assert max(len(payloads) for _, payloads in frames) > 1


@pytest.mark.parametrize("name", STREAMS)
def test_frames_start_at_their_first_packet(name):
    key, frames = stream(name)
    for _, payloads in frames:
        assert starts_frame(key, payloads[0])
        if key.startswith(("video/vp8", "video/vp9")):
            assert not any(starts_frame(key, payload) for payload in payloads[1:])
        if key == "video/av1":
            assert not any(starts_frame(key, p) for p in payloads if p[0] & 0x80)


def test_an_h264_keyframe_starts_at_its_parameter_sets():
    _, frames = stream("h264, nothing aggregated")
    for keyframe, payloads in frames:
        if keyframe:
            assert [payload[0] & 0x1F for payload in payloads[:3]] == [9, 7, 8]
            starts = [starts_keyframe("video/h264", payload) for payload in payloads]
            assert starts[:3] == [False, True, False]


def test_middle_pieces_start_nothing():
    _, frames = stream("h264")
    for _, payloads in frames:
        for payload in payloads[2:]:
            assert payload[0] & 0x1F == 28
            assert not starts_frame("video/h264", payload)
            assert not starts_keyframe("video/h264", payload)


def begins_slice(payload):
    kind = payload[0] & 0x1F
    return kind in (1, 5) or (kind == 28 and payload[1] & 0x80)


def test_only_the_first_slice_starts_a_frame():
    _, frames = stream("h264, nothing aggregated")
    for _, payloads in frames:
        slices = [payload for payload in payloads if begins_slice(payload)]
        assert [starts_frame("video/h264", piece) for piece in slices] == [True, False, False]


@pytest.mark.parametrize("name", ["vp8", "vp9", "vp9 with layer indices"])
def test_pictures_are_numbered_as_they_were(name):
    key, frames = stream(name)
    for n, (_, payloads) in enumerate(frames):
        for payload in payloads:
            found = picture(key, payload)
            assert found.picture_id == n
            at = found.picture_at
            assert int.from_bytes(payload[at : at + 2], "big") == 0x8000 | n
            assert bool(found.tl0_at) == ("layer" in name)
            assert not found.tl0_at or found.tl0 == payload[found.tl0_at] == n & 0xFF


DESCRIPTORS = [
    VpxPayloadDescriptor(1, 0),
    VpxPayloadDescriptor(1, 0, picture_id=300),
    VpxPayloadDescriptor(1, 0, picture_id=5, tl0picidx=9),
    VpxPayloadDescriptor(1, 0, tl0picidx=9),
    VpxPayloadDescriptor(1, 0, tid=(1, 1)),
    VpxPayloadDescriptor(1, 0, keyidx=3),
    VpxPayloadDescriptor(1, 0, picture_id=32_767, tl0picidx=255, tid=(2, 0), keyidx=31),
]


@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=repr)
def test_every_vp8_descriptor(descriptor):
    head = bytes(descriptor)
    assert starts_keyframe("video/vp8", head + b"\x00")
    assert not starts_keyframe("video/vp8", head + b"\x01")
    assert starts_frame("video/vp8", head + b"\x01")
    found = picture("video/vp8", head + b"\x00") or Picture(0, 0, 0, 0)
    assert bool(found.picture_at) == (descriptor.picture_id is not None)
    assert found.picture_id == (descriptor.picture_id or 0)
    assert found.tl0 == (descriptor.tl0picidx or 0)
    assert not found.tl0_at or head[found.tl0_at] == found.tl0


def test_a_vp8_picture_id_of_seven_bits_is_not_told_but_what_follows_is():
    payload = bytes([0x90, 0xC0, 0x05, 0x09, 0x00])
    assert picture("video/vp8", payload) == Picture(0, 0, 3, 9)
    assert starts_keyframe("video/vp8", payload)


def test_a_later_vp8_partition_starts_nothing():
    assert not starts_frame("video/vp8", b"\x11\x00")
    assert not starts_keyframe("video/vp8", b"\x11\x00")


def vp9_start(*, fields=0x08, header=0x82, more=b""):
    return starts_keyframe("video/vp9 0", bytes([fields]) + more + bytes([header]))


def test_vp9_frames_that_are_not_keyframes_although_predicted_from_nothing():
    assert vp9_start()
    assert not vp9_start(header=0x86)  # not a key frame: intra only
    assert not vp9_start(header=0x88)  # shows an old one
    assert not vp9_start(fields=0x00)  # a middle piece
    assert not vp9_start(fields=0x28, more=b"\x02\x00")  # a higher spatial layer


def test_vp9_behind_the_structure_of_three_layers_and_three_pictures():
    sizes, pictures = bytes(12), b"\x03\x00\x08\x01\x02\x04\x01"  # of 0, 2 and 1 references
    structure = b"\x58" + sizes + pictures
    assert vp9_start(fields=0x0A, more=structure)
    assert not vp9_start(fields=0x0A, more=structure, header=0x86)


def test_vp9_profile_3_has_a_bit_more():
    assert vp9_start(header=0xB1)
    assert not vp9_start(header=0xB2)  # not a key frame
    assert not vp9_start(header=0xB4)  # shows an old one


def test_vp9_in_flexible_mode_has_no_tl0():
    payload = bytes([0xB8, 0x81, 0x00, 0x00, 0x82])
    assert picture("video/vp9 0", payload) == Picture(1, 256, 0, 0)
    assert starts_keyframe("video/vp9 0", payload)


def test_av1_packets_of_several_obus():
    frame, tiles = 6 << 3, 4 << 3
    assert starts_frame("video/av1", bytes([0x20, 0x02, frame, 0, frame]))
    assert not starts_frame("video/av1", bytes([0x20, 0x02, tiles, 0, frame]))
    long = bytes([0x00, 0x80 | 2, 0x01]) + bytes([frame]) + bytes(129)  # a length of two bytes
    assert starts_frame("video/av1", long)
    assert not starts_frame("video/av1", bytes([0x90, frame]))
    assert not starts_keyframe("video/av1", bytes([0x98, frame]))


def test_sound_begins_anywhere():
    assert starts_keyframe("audio/opus", b"\x00")
    assert starts_frame("audio/opus", b"\x00")
    assert picture("audio/opus", b"\x00") is None


@pytest.mark.parametrize("key", ["video/vp8", "video/h264 baseline", "video/vp9 0", "video/av1"])
def test_what_is_cut_starts_nothing(key):
    name = key.split()[0].removeprefix("video/")
    payload = next(payloads[0] for keyframe, payloads in stream(name)[1] if keyframe)
    assert starts_keyframe(key, payload)
    assert not starts_keyframe(key, b"")
    assert not starts_frame(key, b"")
    assert picture(key, b"") is None
    assert not starts_keyframe(key, payload[:1])
