"""Assembling, splicing, pacing and dropping, packet by packet."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.forward import (
    AUDIO_FRAMES_WAITING,
    MAX_GAP_PACKETS,
    VIDEO_FRAMES_WAITING,
    AudioOrder,
    Frame,
    Outlet,
    Packet,
    Splice,
    Throttle,
    VideoAssembler,
    is_h264_keyframe,
    is_vp8_keyframe,
)
from showcaller.testing.media_peers import KEYFRAME_EVERY, video_loop

KEY, DELTA = b"K", b"d"


def is_key(payload):
    return payload[:1] == KEY


def stream(frames, *, first=65_500, size=3):
    """Packets of so many frames; every fifth is a keyframe. Sequence numbers wrap."""
    sequence = itertools.count(first)
    for number in range(frames):
        kind = KEY if number % 5 == 0 else DELTA
        for part in range(size):
            payload = (kind if part == 0 else DELTA) + bytes([number % 256, part])
            yield Packet(next(sequence) & 0xFFFF, number * 3000, part == size - 1, payload)


def assemble(packets):
    assembler = VideoAssembler(is_key)
    return [frame for packet in packets for frame in assembler.add(packet)]


def whole(frames):
    return [frame.payloads[0][1] for frame in frames]


def test_frames_come_whole_and_with_the_bytes_that_were_sent():
    packets = list(stream(20))
    frames = assemble(packets)
    assert whole(frames) == list(range(20))
    assert [frame.keyframe for frame in frames] == [n % 5 == 0 for n in range(20)]
    assert [p for frame in frames for p in frame.payloads] == [p.payload for p in packets]


def test_a_source_that_sets_no_markers_is_told_apart_by_its_timestamps():
    packets = [packet._replace(marker=False) for packet in stream(6)]
    assert whole(assemble(packets)) == [0, 1, 2, 3, 4]  # the last one may go on


def test_padding_is_counted_but_not_forwarded():
    packets = list(stream(2))
    padding = Packet((packets[-1].sequence + 1) & 0xFFFF, 3000, False, b"")
    later = Packet((packets[-1].sequence + 2) & 0xFFFF, 6000, True, KEY + b"\x02\x00")
    assert whole(assemble([*packets, padding, later])) == [0, 1, 2]


@given(st.data())
def test_order_on_the_way_does_not_matter(data):
    packets = list(stream(12))
    key = {p.sequence: place + data.draw(st.integers(0, 8)) for place, p in enumerate(packets)}
    shuffled = packets[:1] + sorted(packets[1:], key=lambda p: key[p.sequence])
    assert whole(assemble(shuffled)) == list(range(12))


@given(st.sets(st.integers(1, 299), max_size=60))
def test_after_a_loss_it_goes_on_with_a_keyframe_and_never_with_half_a_frame(lost):
    packets = list(stream(1_000))
    frames = assemble(p for place, p in enumerate(packets) if place not in lost)
    touched = {place // 3 for place in lost}
    previous = None
    for number, frame in zip(whole_numbers(frames), frames, strict=True):
        assert len(frame.payloads) == 3
        assert number not in touched
        assert frame.keyframe or number == previous + 1
        previous = number
    assert previous == 999  # it recovers


def whole_numbers(frames):
    return [frame.timestamp // 3000 for frame in frames]


def test_it_asks_for_a_keyframe_until_it_has_one():
    assembler = VideoAssembler(is_key)
    deltas = [p for p in stream(9) if p.timestamp >= 6 * 3000]
    assert [f for p in deltas for f in assembler.add(p)] == []
    assert assembler.broken
    after = deltas[-1].sequence + 1
    assert assembler.add(Packet(after & 0xFFFF, 99_000, True, KEY + b"\x63"))
    assert not assembler.broken


@pytest.mark.parametrize("jump", [MAX_GAP_PACKETS + 1, 30_000, -30_000])
def test_a_source_that_begins_anew_is_followed(jump):
    before = list(stream(10, first=40_000))
    after = list(stream(10, first=40_030 + jump))
    assert whole(assemble(before + after)) == [
        *range(10),
        *range(5, 10),
    ]  # the first one may be cut


def test_audio_is_handed_on_at_once_and_late_packets_are_dropped():
    order = AudioOrder()
    given = [65_534, 65_535, 1, 0, 2, 2]
    frames = [f for s in given for f in order.add(Packet(s, s * 960, True, bytes([s & 255])))]
    assert [frame.payloads for frame in frames] == [[b"\xfe"], [b"\xff"], [b"\x01"], [b"\x02"]]


def test_a_splice_goes_on_where_the_time_is():
    splice = Splice(90_000)
    first = [splice.map("a", (2**32 - 3000 + n * 3000) % 2**32, n / 30) for n in range(4)]
    assert [b - a for a, b in itertools.pairwise(first)] == [3000] * 3  # over the wrap
    second = splice.map("b", 77, 1.0)
    assert second == 90_000
    assert splice.map("b", 77 + 3000, 1.03) == 93_000
    assert splice.map("b", 77 + 3000 + 90_000 * 60, 2.0) == 180_000  # its clock jumped


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5_000), st.floats(0, 0.2)), max_size=60)
)
def test_a_splice_never_goes_back_when_the_source_changes(moves):
    splice, now_s, timestamps, last, source = Splice(90_000), 10.0, [0, 50, 2**32 - 1], -1, None
    for chosen, step, wait_s in moves:
        now_s += wait_s
        timestamps[chosen] = (timestamps[chosen] + step) % 2**32
        out = splice.map(chosen, timestamps[chosen], now_s)
        assert out > last or (chosen == source and step == 0)
        last, source = out, chosen


def frame(number, *, keyframe=False):
    return Frame(number, [b""], keyframe)


def test_a_viewer_begins_with_a_keyframe():
    outlet = Outlet(video=True)
    assert not outlet.offer(frame(1))
    assert outlet.offer(frame(2, keyframe=True))
    assert outlet.offer(frame(3))
    assert [outlet.take().timestamp for _ in range(2)] == [2, 3]


def test_a_slow_viewer_loses_frames_up_to_the_next_keyframe():
    outlet = Outlet(video=True)
    outlet.offer(frame(0, keyframe=True))
    for number in range(1, VIDEO_FRAMES_WAITING):
        outlet.offer(frame(number))
    assert not outlet.offer(frame(100))
    assert (len(outlet), outlet.dropped) == (0, VIDEO_FRAMES_WAITING + 1)
    assert outlet.offer(frame(101, keyframe=True))


def test_a_slow_listener_loses_the_oldest_audio():
    outlet = Outlet(video=False)
    for number in range(AUDIO_FRAMES_WAITING + 5):
        assert outlet.offer(frame(number))
    assert (len(outlet), outlet.take().timestamp, outlet.dropped) == (AUDIO_FRAMES_WAITING, 5, 5)


def test_requests_are_throttled_and_the_last_one_is_not_lost():
    throttle = Throttle(0.5)
    assert throttle.ask(10.0) == 0
    assert throttle.ask(10.1) == pytest.approx(0.4)
    assert throttle.ask(10.2) is None  # the one at 10.5 will do
    assert throttle.ask(10.5) == pytest.approx(0.5)
    assert throttle.ask(20.0) == 0


@given(st.lists(st.floats(0, 0.4), max_size=50))
def test_requests_are_never_closer_than_the_interval(waits):
    throttle, now_s, sent = Throttle(0.5), 0.0, []
    for wait_s in waits:
        now_s += wait_s
        delay_s = throttle.ask(now_s)
        if delay_s is not None:
            sent.append(now_s + delay_s)
        assert sent[-1] >= now_s - 1e-9 or delay_s is not None  # nobody asks in vain
    assert all(b - a >= 0.5 - 1e-9 for a, b in itertools.pairwise(sent))


def test_keyframes_of_real_encoders_are_recognised():
    from aiortc.codecs.h264 import H264Encoder
    from aiortc.codecs.vpx import Vp8Encoder

    for codec, encoder, test in (
        ("VP8", Vp8Encoder, is_vp8_keyframe),
        ("H264", H264Encoder, is_h264_keyframe),
    ):
        for number, packet in enumerate(video_loop(codec).packets):
            if codec == "VP8":
                payloads = encoder._packetize(packet, number)
            else:
                payloads = encoder._packetize(encoder._split_bitstream(packet))
            assert any(map(test, payloads)) == (number % KEYFRAME_EVERY == 0), (codec, number)


@given(st.binary(max_size=40))
def test_rubbish_is_no_reason_to_fall_over(payload):
    is_vp8_keyframe(payload)
    is_h264_keyframe(payload)


@pytest.mark.parametrize(
    ("payload", "keyframe"),
    [
        (b"\x10\x00", True),  # the plainest descriptor
        (b"\x10\x01", False),
        (b"\x00\x00", False),  # not the start of a partition
        (b"\x11\x00", False),  # another partition
        (b"\x90\x80\x05\x00", True),  # picture id of 7 bits
        (b"\x90\x80\x85\x01\x00", True),  # of 15 bits
        (b"\x90\xf0\x85\x01\x07\x20\x00", True),  # everything there is
        (b"\x90\xf0\x85\x01\x07\x20\x01", False),
        (b"\x90\xf0\x85", False),  # cut off
    ],
)
def test_vp8_descriptors(payload, keyframe):
    assert is_vp8_keyframe(payload) is keyframe
