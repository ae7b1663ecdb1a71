"""Keyframes and pictures, told from the payloads of streams that real encoders made."""

import os
import random
from contextlib import contextmanager
from fractions import Fraction
from functools import cache, partial

import av
import pytest
from aiortc.codecs.h264 import PACKET_MAX, H264Encoder
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor

from showcaller.media.rtp.codecs import Picture, picture, starts_frame, starts_keyframe

WIDTH, HEIGHT, FRAMES, KEYFRAME_EVERY = 320, 240, 30, 12
MAX_BYTES = 1_200
NOBODY = 65_534


def pictures():
    """Noise that moves, so that a frame takes several packets."""
    noise = random.Random(1)
    for n in range(FRAMES):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(noise.randbytes(64) * (plane.buffer_size // 64))
        frame.pts, frame.time_base = n * 3000, Fraction(1, 90_000)
        yield frame


@contextmanager
def as_nobody():
    """Have another effective user: SVT-AV1 makes root's threads, and their children, real-time."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def encoded(name, **options):
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 90_000), 30
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = 1_000_000, KEYFRAME_EVERY, 1
    encoder.options = {key.replace("_", "-"): value for key, value in options.items()}
    packets = [packet for frame in pictures() for packet in encoder.encode(frame)]
    packets += encoder.encode(None)
    assert 2 <= sum(packet.is_keyframe for packet in packets) < len(packets) == FRAMES
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    return packets


def split(data):
    return [data[at : at + MAX_BYTES] for at in range(0, len(data), MAX_BYTES)]


def vp8(packets):
    for n, packet in enumerate(packets):
        yield packet.is_keyframe, Vp8Encoder._packetize(bytes(packet), n)


def nals(packet):
    return list(H264Encoder._split_bitstream(bytes(packet)))


def h264(packets):
    """Pack a picture as aiortc does: small units together, large ones in pieces."""
    for packet in packets:
        yield packet.is_keyframe, H264Encoder._packetize(nals(packet))


def h264_one_by_one(packets):
    """Nothing together: each NAL unit alone or in pieces."""
    for packet in packets:
        payloads = []
        for nal in nals(packet):
            whole = len(nal) <= PACKET_MAX
            payloads += [nal] if whole else H264Encoder._packetize_fu_a(nal)
        yield packet.is_keyframe, payloads


def vp9(packets, *, layered=False, tells_prediction=True):
    """RFC 9628 §4.2 in non-flexible mode; a key frame brings the scalability structure."""
    for n, packet in enumerate(packets):
        key, pieces = packet.is_keyframe, split(bytes(packet))
        payloads = []
        for piece_n, piece in enumerate(pieces):
            first, last = piece_n == 0, piece_n == len(pieces) - 1
            fields = 0x80 | (tells_prediction and not key) << 6 | layered << 5
            fields |= first << 3 | last << 2 | (key and first) << 1
            head = bytes([fields]) + (0x8000 | n).to_bytes(2, "big")
            head += bytes([0, n & 0xFF]) * layered
            if key and first:  # one layer with its size; two pictures, with one and two references
                head += b"\x18" + WIDTH.to_bytes(2, "big") + HEIGHT.to_bytes(2, "big")
                head += b"\x02\x04\x01\x08\x01\x02"
            payloads.append(head + piece)
        yield key, payloads


def obus(data):
    """(type, header and payload without size) of each OBU (AV1 bitstream specification §5.3)."""
    at = 0
    while at < len(data):
        head, size, shift = data[at], 0, 0
        extended = head >> 2 & 1
        begin = at + 1 + extended
        while True:
            byte = data[begin]
            size |= (byte & 0x7F) << shift
            begin, shift = begin + 1, shift + 7
            if not byte & 0x80:
                break
        yield (
            head >> 3 & 0x0F,
            bytes([head & ~0x02]) + data[at + 1 : at + 1 + extended] + data[begin : begin + size],
        )
        at = begin + size


def av1(packets):
    """One OBU a packet or in pieces, no temporal delimiters. N says that a sequence header is there."""
    for packet in packets:
        units = [obu for obu in obus(bytes(packet)) if obu[0] != 2]
        begins = any(kind == 1 for kind, _ in units)
        payloads = []
        for _, unit in units:
            pieces = split(unit)
            for n, piece in enumerate(pieces):
                head = (n > 0) << 7 | (n < len(pieces) - 1) << 6 | 1 << 4
                head |= (begins and not payloads) << 3
                payloads.append(bytes([head]) + piece)
        yield packet.is_keyframe, payloads


@cache
def packets_of(name):
    match name:
        case "vp8":
            return encoded("libvpx", deadline="realtime", cpu_used="8")
        case "h264":
            return encoded("libx264", preset="ultrafast", bf="0")
        case "h264 of slices":
            params = "aud=1:slices=3"
            return encoded("libx264", preset="ultrafast", tune="zerolatency", x264_params=params)
        case "vp9":
            return encoded("libvpx-vp9", deadline="realtime", cpu_used="8", lag_in_frames="0")
        case "vp9 with hidden frames":
            return encoded("libvpx-vp9", cpu_used="8", lag_in_frames="16", auto_alt_ref="1")
        case "av1":
            with as_nobody():
                return encoded("libsvtav1", preset="12")


STREAMS = {
    "vp8": ("video/vp8", "vp8", vp8),
    "h264": ("video/h264 baseline", "h264", h264),
    "h264 of slices, with delimiters": ("video/h264 high", "h264 of slices", h264),
    "h264, nothing aggregated": ("video/h264 baseline", "h264 of slices", h264_one_by_one),
    "vp9": ("video/vp9 0", "vp9", vp9),
    "vp9 with layer indices": ("video/vp9 0", "vp9", partial(vp9, layered=True)),
    "vp9 by its own header": (
        "video/vp9 0",
        "vp9",
        partial(vp9, layered=True, tells_prediction=False),
    ),
    "vp9 with hidden frames": (
        "video/vp9 0",
        "vp9 with hidden frames",
        partial(vp9, tells_prediction=False),
    ),
    "av1": ("video/av1", "av1", av1),
}


@cache
def stream(name):
    """The codec's key, and for each frame whether the encoder calls it a keyframe, and payloads."""
    key, packets, packetised = STREAMS[name]
    return key, list(packetised(packets_of(packets)))


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
