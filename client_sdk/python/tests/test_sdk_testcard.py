"""The test card: what a decoder makes of it."""

from __future__ import annotations

from itertools import pairwise

import av
import pytest

from showcaller_client.testcard import FRAMES_PER_S, EncodedLoop, draw, make_test_card

LOOP_S = 2


@pytest.fixture(scope="module")
def card() -> EncodedLoop:
    return make_test_card(LOOP_S)


def test_every_second_begins_with_a_keyframe(card: EncodedLoop) -> None:
    assert len(card.video) == LOOP_S * FRAMES_PER_S
    keyframes = [at for at, packet in enumerate(card.video) if not packet[0] & 1]  # RFC 6386 §9.1
    assert {0, FRAMES_PER_S} <= set(keyframes)


def test_h264_has_all_that_a_decoder_needs_in_each_keyframe_and_no_picture_waits() -> None:
    card = make_test_card(LOOP_S, "h264")
    assert len(card.video) == LOOP_S * FRAMES_PER_S
    starts = [at for at, packet in enumerate(card.video) if 7 in kinds(packet)]
    assert starts == [second * FRAMES_PER_S for second in range(LOOP_S)]
    assert all(5 in kinds(card.video[at]) for at in starts)
    decoder = av.CodecContext.create("h264", "r")
    for packet in card.video[FRAMES_PER_S:]:
        assert len(decoder.decode(av.Packet(packet))) <= 1
    assert 8 * sum(map(len, card.video)) / LOOP_S < 800_000


def kinds(picture: bytes) -> set[int]:
    """Return the types of a picture's NAL units (ITU-T H.264 annex B)."""
    return {unit[0] & 31 for unit in picture.split(b"\0\0\1")[1:]}


def test_the_picture_moves_across_the_loops_seam(card: EncodedLoop) -> None:
    decoder = av.CodecContext.create("vp8", "r")
    frames = [f for packet in card.video * 2 for f in decoder.decode(av.Packet(packet))]
    assert len(frames) == 2 * len(card.video)
    pictures = [bytes(frame.planes[0]) for frame in frames]
    assert all(a != b for a, b in pairwise(pictures))
    assert (frames[0].width, frames[0].height) == (640, 360)


def test_the_tone_sounds_throughout(card: EncodedLoop) -> None:
    assert len(card.audio) == LOOP_S * 50
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "stereo"
    frames = [f for packet in card.audio * 2 for f in decoder.decode(av.Packet(packet))]
    loudness = [max(abs(float(s)) for s in memoryview(f.planes[0]).cast("f")) for f in frames]
    assert all(0.05 < peak < 0.2 for peak in loudness[2:])


def test_the_test_card_is_below_800_kbit_per_second(card: EncodedLoop) -> None:
    bits_per_s = 8 * sum(map(len, card.video + card.audio)) / LOOP_S
    assert bits_per_s < 800_000


def test_frames_of_a_second_differ_and_are_the_same_every_time() -> None:
    assert draw(3, 50).planes == draw(3, 50).planes
    assert draw(3, 50).planes != draw(4, 50).planes
