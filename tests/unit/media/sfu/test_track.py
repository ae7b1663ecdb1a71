"""One encoding of a publisher, in batches and kept for a while: packets by hand."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.rtp import rtp
from showcaller.media.sdp.codec_choice import Codec
from showcaller.media.sfu.track import (
    FEW_PACKETS,
    KEPT_VIDEO_PACKETS,
    LEVEL_OVER_S,
    MAX_BATCH_PACKETS,
    MAX_GOP_PACKETS,
    MAX_GOP_S,
    OLD_GOP_S,
    Taker,
    Track,
)

VP8 = Codec("VP8", "video/vp8", 90_000, 1, 96, 97, "")
VP9 = Codec("VP9", "video/vp9 0", 90_000, 1, 98, 99, "")
OPUS = Codec("opus", "audio/opus", 48_000, 2, 111, None, "")
KEYFRAME, DELTA, MORE = b"\x10\0\0\0\0", b"\x10\1\0\0\0", b"\0\0\0\0\0"  # RFC 7741 §4.2, §4.3


class Batches(Taker):
    """A lane that only writes down what it gets."""

    def __init__(self):
        self.all = []
        self.came = asyncio.Event()
        self.anew = self.ends = 0

    def forward(self, packets, now_s):
        self.all.append([packet.sequence for packet in packets])
        self.came.set()

    def begin_anew(self):
        self.anew += 1

    def end(self):
        self.ends += 1


class Sender:
    def __init__(self, codec=VP8, kind="video"):
        self.track = Track("p", kind, 1, "", codec, None)
        self.lane = Batches()
        self.track.lanes.append(self.lane)
        self.now_s = 50.0

    def send(self, sequence, payload=DELTA, *, marker=True, frame=None, level=b""):
        timestamp = 3_000 * (sequence if frame is None else frame)
        packet = rtp.Packet(96, marker, sequence & 0xFFFF, timestamp, 1, {}, payload)
        self.track.take(packet, sequence, self.now_s, (b"", level, b""))


@pytest.fixture
async def sender():
    sender = Sender()
    yield sender
    sender.track.end()


@st.composite
def arrivals(draw):
    """Packets as (sequence, frame, whether it is the frame's last), in an order that lines may cause."""
    sizes = draw(st.lists(st.integers(1, 50), min_size=1, max_size=12))
    packets = [
        (frame, place == size - 1) for frame, size in enumerate(sizes) for place in range(size)
    ]
    delays = draw(st.lists(st.integers(0, 9), min_size=len(packets), max_size=len(packets)))
    numbered = [(sequence, *packet) for sequence, packet in enumerate(packets)]
    return sorted(numbered, key=lambda packet: packet[0] + delays[packet[0]])


@settings(max_examples=50)
@given(story=arrivals())
async def test_a_lane_gets_each_packet_once_and_batches_in_order(story):
    sender = Sender()
    for sequence, frame, last in story:
        sender.send(sequence, marker=last, frame=frame)
    sender.track.flush(sender.now_s)
    batches = sender.lane.all
    assert sorted(n for batch in batches for n in batch) == list(range(len(story)))
    assert all(batch == sorted(batch) and len(batch) <= MAX_BATCH_PACKETS for batch in batches)


async def test_a_frame_leaves_with_its_last_packet(sender):
    sender.send(1, KEYFRAME, marker=False, frame=1)
    sender.send(2, MORE, marker=False, frame=1)
    assert sender.lane.all == []
    sender.send(3, MORE, frame=1)
    assert sender.lane.all == [[1, 2, 3]]


async def test_a_frame_whose_end_does_not_come_leaves_all_the_same(sender):
    sender.send(1, KEYFRAME, marker=False, frame=1)
    async with asyncio.timeout(5):
        await sender.lane.came.wait()
    assert sender.lane.all == [[1]]


async def test_a_keyframe_does_not_wait_in_the_batch_of_the_picture_before(sender):
    """Viewers who wait for it begin with its batch, and must not be sent what came before."""
    sender.send(1, marker=False, frame=1)
    sender.send(2, KEYFRAME, frame=2)
    assert sender.lane.all == [[1], [2]]


async def test_sound_never_waits():
    sender = Sender(OPUS, "audio")
    for sequence in range(3):
        sender.send(sequence, b"opus", marker=False)
    assert sender.lane.all == [[0], [1], [2]]
    assert sender.track.kept(1) is None  # nobody asks for sound again


async def test_a_newcomer_begins_with_the_first_packet_of_the_newest_keyframe(sender):
    assert sender.track.gop(sender.now_s) is None
    sender.send(1, KEYFRAME)
    sender.send(2)
    sender.send(3, KEYFRAME, marker=False, frame=3)
    sender.send(4, MORE, frame=3)
    sender.send(5)
    assert sender.track.gop(sender.now_s).sequence == 3
    assert sender.track.gop(sender.now_s + 1_000).sequence == 3, "slides: few packets"
    assert not sender.track.is_gop_old(sender.now_s + OLD_GOP_S - 0.1)
    assert sender.track.is_gop_old(sender.now_s + OLD_GOP_S + 0.1)
    for sequence in range(6, 6 + FEW_PACKETS):
        sender.send(sequence)
    assert sender.track.gop(sender.now_s + MAX_GOP_S).sequence == 3
    assert sender.track.gop(sender.now_s + MAX_GOP_S + 0.1) is None


async def test_packets_of_a_keyframe_may_change_places(sender):
    """In H.264 a parameter set and a slice both begin one: the earlier one is its beginning."""
    sender.send(4, KEYFRAME, frame=3)
    sender.send(3, KEYFRAME, marker=False, frame=3)
    assert sender.track.gop(sender.now_s).sequence == 3
    sender.send(2, KEYFRAME, frame=2)  # of one that is over
    assert sender.track.gop(sender.now_s).sequence == 3


async def test_nobody_is_sent_more_than_is_kept_or_worth_it(sender):
    sender.send(1, KEYFRAME)
    for sequence in range(2, MAX_GOP_PACKETS + 1):
        sender.send(sequence)
    assert sender.track.gop(sender.now_s).sequence == 1
    sender.send(MAX_GOP_PACKETS + 1)
    assert sender.track.gop(sender.now_s) is None
    newest = MAX_GOP_PACKETS + 1
    assert kept(sender.track) == list(range(newest - KEPT_VIDEO_PACKETS + 1, newest + 1))


async def test_what_came_before_the_newest_keyframe_is_kept_for_repairs_only(sender):
    for sequence in range(1, KEPT_VIDEO_PACKETS + 500):
        sender.send(sequence, KEYFRAME if sequence == 100 else DELTA)
    assert kept(sender.track) == list(range(100, KEPT_VIDEO_PACKETS + 500))
    sender.send(KEPT_VIDEO_PACKETS + 500, KEYFRAME)
    sender.send(KEPT_VIDEO_PACKETS + 501)
    assert len(kept(sender.track)) == KEPT_VIDEO_PACKETS


def kept(track):
    return [n for n in range(2 * MAX_GOP_PACKETS) if track.kept(n) is not None]


async def test_after_a_change_of_codec_nobody_begins_with_the_old_one(sender):
    sender.send(1, KEYFRAME, marker=False)
    sender.track.change_codec(VP9, sender.now_s)
    assert sender.lane.all == [[1]]
    assert sender.lane.anew == 1
    assert sender.track.gop(sender.now_s) is None


async def test_a_keyframe_that_came_is_not_wished_for_any_more(sender):
    wishes = sender.track.wishes
    assert wishes.ask(sender.now_s)
    assert not wishes.ask(sender.now_s + 0.1)  # put off
    sender.send(1, KEYFRAME)
    assert not wishes.due(sender.now_s + 60)


async def test_sound_is_as_loud_as_its_loudest_moment_of_late():
    sender = Sender(OPUS, "audio")
    sender.send(1, b"opus", level=bytes([0x80 | 12]))  # RFC 6464: voice, -12 dBov
    sender.send(2, b"opus", level=bytes([40]))
    assert sender.track.level_dbov(sender.now_s) == -12
    sender.now_s += LEVEL_OVER_S + 0.1
    assert sender.track.level_dbov(sender.now_s) is None
    sender.send(3, b"opus", level=bytes([50]))
    assert sender.track.level_dbov(sender.now_s) == -50


async def test_at_the_end_lanes_are_told_and_nothing_is_kept(sender):
    sender.send(1, KEYFRAME, marker=False)
    sender.track.end()
    assert sender.lane.ends == 1
    assert sender.track.kept(1) is None
    sender.track.flush(sender.now_s)
    assert sender.lane.all == []


SPS, PPS = b"\x67\x42\xc0\x1f\x8c", b"\x68\xce\x3c\x80"
IDR, MORE_IDR, SLICE = b"\x7c\x85\xb8\x00", b"\x7c\x05\xb8\x00", b"\x41\x9a\x00\x00"
H264 = Codec("H264", "video/h264 baseline", 90_000, 1, 96, None, "packetization-mode=1")
IN_OFFER = H264._replace(parameters="sprop-parameter-sets=Z0LAH4w=,aM48gA==")


async def test_parameter_sets_that_came_once_are_put_before_later_keyframes():
    sender = Sender(H264)
    for sequence, payload in enumerate([SPS, PPS, IDR]):
        sender.send(sequence, payload, marker=sequence == 2, frame=1)
    sender.send(3, SLICE)
    sender.send(4, IDR, marker=False, frame=5)
    sender.send(5, MORE_IDR, frame=5)
    sender.send(6, SLICE)
    assert [n for batch in sender.lane.all for n in batch] == list(range(8))
    first = sender.track.gop(sender.now_s)
    assert first.sequence == 4 and SPS in first.payload and PPS in first.payload
    assert [sender.track.kept(n).payload for n in (3, 5, 6, 7)] == [SLICE, IDR, MORE_IDR, SLICE]
    assert not sender.track.lacks_sets
    sender.track.end()


async def test_parameter_sets_of_the_offer_are_put_before_keyframes_behind_other_units_too():
    sender = Sender(IN_OFFER)
    sender.send(1, b"\x09\x10", marker=False, frame=1)
    sender.send(2, IDR, frame=1)
    assert SPS in sender.track.gop(sender.now_s).payload
    sender.track.end()


async def test_a_keyframe_that_no_decoder_can_begin_with_is_known():
    sender = Sender(H264)
    sender.send(1, IDR)
    assert sender.track.lacks_sets
    sender.send(2, SPS, marker=False, frame=3)
    sender.send(3, PPS, marker=False, frame=3)
    sender.send(4, IDR, frame=3)
    sender.send(5, IDR, frame=5)
    assert not sender.track.lacks_sets
    sender.track.end()


async def test_no_parameter_sets_are_put_between_the_slices_of_a_keyframe():
    sender = Sender(IN_OFFER)
    sender.send(1, SLICE)
    sender.send(3, IDR, marker=False, frame=3)  # its first slice is lost on the way
    sender.send(4, IDR, marker=False, frame=3)
    sender.send(2, IDR, marker=False, frame=3)
    sender.send(5, IDR, frame=3)
    sender.send(6, SLICE)
    sender.send(7, IDR)
    assert [sender.track.kept(n).payload for n in range(1, 7)] == [SLICE, *[IDR] * 4, SLICE]
    assert SPS in sender.track.kept(7).payload
    sender.track.end()


async def test_pictures_that_are_shown_in_another_order_are_noticed(sender):
    sender.send(1, KEYFRAME, frame=1)
    sender.send(2, frame=2)
    assert sender.track.reordered_s is None
    sender.send(3, frame=5)
    sender.send(4, frame=4)
    assert sender.track.reordered_s == sender.now_s


AV1 = Codec("AV1", "video/av1", 90_000, 1, 96, None, "")


async def test_only_av1_keeps_its_dependency_descriptors():
    for codec, kept in ((AV1, True), (VP8, False)):
        sender = Sender(codec)
        packet = rtp.Packet(96, True, 1, 3_000, 1, {}, b"\x08\x0a\x01\x00")
        sender.track.take(packet, 1, sender.now_s, (b"", b"", b"\xc0\x00\x07more"))
        assert bool(sender.track.kept(1).dependencies) is kept
        sender.track.end()


async def test_frames_behind_a_late_keyframe_refer_to_its_number():
    sender = Sender(AV1)
    began, went_on = b"\x08\x0a\x01\x00", b"\x00\x32\x01\x00"
    for sequence, payload in ((1, began), (3, went_on), (2, began), (4, went_on)):
        packet = rtp.Packet(96, True, sequence, 3_000 * sequence, 1, {}, payload)
        descriptor = b"\xc0" + sequence.to_bytes(2) + b"more"
        sender.track.take(packet, sequence, sender.now_s, (b"", b"", descriptor))
        sender.now_s += 1.0
    numbers = [int.from_bytes(sender.track.kept(n).dependencies[1:3]) for n in range(1, 5)]
    assert numbers == [numbers[0] + n for n in range(4)]
    sender.track.end()


async def test_a_later_source_leads_on_from_the_frame_numbers_of_an_earlier_one():
    """Receivers drop a keyframe whose number is lower than that of the newest one they had."""
    numbers, now_s = [], 50.0
    for own_number in (40_000, 30_000):
        sender, now_s = Sender(AV1), now_s + 10.0
        packet = rtp.Packet(96, True, 1, 3_000, 1, {}, b"\x08\x0a\x01\x00")
        descriptor = b"\xc0" + own_number.to_bytes(2) + b"more"
        sender.track.take(packet, 1, now_s, (b"", b"", descriptor))
        numbers.append(int.from_bytes(sender.track.kept(1).dependencies[1:3]))
        sender.track.end()
    assert 0 < (numbers[1] - numbers[0]) & 0xFFFF < 0x8000
