"""One viewer's stream has no seam, whatever it follows: a real egress and socket, tracks by hand."""

import random
import socket
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from showcaller.media.egress import Keys
from showcaller.media.egress.pure import PythonEgress
from showcaller.media.rtp import rtp
from showcaller.media.sdp.codec_choice import Codec
from showcaller.media.sdp.negotiation import Medium
from showcaller.media.sfu.downtrack import (
    CATCH_UP_EVERY_S,
    CATCH_UP_WITHIN_S,
    DownTrack,
)
from showcaller.media.sfu.followed import CATCH_UP_SPEED
from showcaller.media.sfu.lane import Lane
from showcaller.media.sfu.pacer import Pacer
from showcaller.media.sfu.track import FEW_PACKETS, Track

KEY, SALT = bytes(range(16)), bytes(range(100, 112))
THEIRS = Codec("VP8", "video/vp8", 90_000, 1, 120, 121, "")  # the publisher's numbers
OURS = Codec("VP8", "video/vp8", 90_000, 1, 96, 97, "")  # the viewer's
FRAME = 3_000  # RTP units
VIEWER_SSRC, RTX_SSRC = 77, 78


def vp8(picture, keyframe):
    """A payload with a 15-bit picture id and a TL0PICIDX (RFC 7741 §4.2)."""
    descriptor = (
        bytes([0x90, 0xC0]) + (0x8000 | picture & 0x7FFF).to_bytes(2) + bytes([picture & 0xFF])
    )
    return descriptor + bytes([0 if keyframe else 1]) + b"\0" * 9


class Source:
    """A publisher's picture: its numbers begin anywhere."""

    def __init__(self, seed, clock):
        rng = random.Random(seed)
        self.clock = clock
        self.sequence = rng.randrange(1 << 16)
        self.timestamp = rng.randrange(1 << 32)
        self.picture = rng.randrange(1 << 15)
        self.track = Track("p", "video", seed, "", THEIRS, None)

    def frame(self, keyframe=False, packets=2):
        self.timestamp = (self.timestamp + FRAME) & 0xFFFFFFFF
        self.picture = (self.picture + 1) & 0x7FFF
        for number in range(packets):
            self.sequence = (self.sequence + 1) & 0xFFFF
            payload = vp8(self.picture, keyframe)
            if number:
                payload = bytes([payload[0] & ~0x10]) + payload[1:]  # not the frame's first
            marker = number == packets - 1
            packet = rtp.Packet(120, marker, self.sequence, self.timestamp, 1, {}, payload)
            now_s = self.clock()
            extended = self.track.reception.add(self.sequence, self.timestamp, now_s, 30)
            self.track.take(packet, extended, now_s, (b"", b"", b""))


class Rig:
    """A clock, a viewer's socket, and an downtrack that sends to it."""

    def __init__(self):
        self.now_s = 1_000.0
        self.egress = PythonEgress(clock=lambda: self.now_s)
        self.pacer = Pacer(lambda callback: pytest.fail("loopback blocked"), time.monotonic)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink = self.egress.sink(Keys("SRTP_AEAD_AES_128_GCM", KEY, SALT))
        self.sink.aim(self.sender.fileno(), self.socket.getsockname())
        medium = Medium("video", "0", True, (OURS,), {}, frozenset(), (), {}, (), ())
        self.downtrack = DownTrack(medium, self.sink, VIEWER_SSRC, RTX_SSRC, begin=65_530)
        policy = Policy(
            KEY + SALT, Policy.SSRC_ANY_INBOUND, 0, Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        )
        self.session = Session(policy)
        self.packets = []

    def close(self):
        self.downtrack.pause()
        self.sink.close()
        self.socket.close()
        self.sender.close()

    def lane(self, source):
        return Lane(source.track, self.egress, self.pacer, self)

    def place(self, track, packet, now_s):
        return now_s

    def on_begin(self, lane, now_s):
        """Nobody waits for it."""

    def source(self, seed):
        return Source(seed, lambda: self.now_s)

    def received(self):
        """Everything that came, decrypted."""
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return self.packets
            self.packets.append(rtp.parse(self.session.unprotect(data)))

    def pass_time(self, seconds=1 / 30):
        self.now_s += seconds


@pytest.fixture
def rig():
    rig = Rig()
    yield rig
    rig.close()


def picture_of(packet):
    return int.from_bytes(packet.payload[2:4]) & 0x7FFF


def assert_seamless(packets):
    assert {p.ssrc for p in packets} == {VIEWER_SSRC}
    assert {p.payload_type for p in packets} == {96}
    for before, after in pairwise(packets):
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        new_picture = picture_of(after) != picture_of(before)
        assert picture_of(after) in (picture_of(before), (picture_of(before) + 1) & 0x7FFF)
        assert 0 < step < 90_000 * 60 if new_picture else step == 0


async def test_a_viewer_begins_with_a_keyframe(rig):
    source = rig.source(1)
    lane = rig.lane(source)
    rig.downtrack.join(lane)
    source.frame()
    assert rig.received() == []
    source.frame(keyframe=True)
    source.frame()
    assert len(rig.received()) == 4
    assert rig.packets[0].sequence == 65_531
    assert_seamless(rig.packets)


async def test_the_old_lane_goes_on_until_the_new_ones_keyframe(rig):
    old, new = rig.source(1), rig.source(2)
    old_lane, new_lane = rig.lane(old), rig.lane(new)
    rig.downtrack.join(old_lane)
    old.frame(keyframe=True)
    rig.pass_time()
    rig.downtrack.join(new_lane)
    new.frame()
    old.frame()
    rig.pass_time()
    assert len(rig.received()) == 4
    new.frame(keyframe=True)
    old.frame()
    assert len(rig.received()) == 6
    assert_seamless(rig.packets)
    assert rig.packets[4].payload[5] == 0, "the keyframe follows at once"


async def test_who_changes_their_mind_stays(rig):
    old, new = rig.source(1), rig.source(2)
    old_lane, new_lane = rig.lane(old), rig.lane(new)
    rig.downtrack.join(old_lane)
    old.frame(keyframe=True)
    rig.downtrack.join(new_lane)
    rig.downtrack.stay()
    new.frame(keyframe=True)
    rig.pass_time()
    old.frame()
    assert len(rig.received()) == 4
    assert_seamless(rig.packets)


async def test_a_newcomer_is_sent_the_past_quickly_and_is_not_behind_afterwards(rig):
    source = rig.source(1)
    lane = rig.lane(source)
    source.frame(keyframe=True)
    for _ in range(20):
        rig.pass_time()
        source.frame()
    assert rig.downtrack.catch_up(lane, rig.now_s)
    while not rig.downtrack.step(rig.now_s):
        rig.pass_time(0.005)
    packets = list(rig.received())
    assert len(packets) == 42
    span = (packets[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF
    assert span <= 20 * FRAME // CATCH_UP_SPEED + 1
    rig.pass_time()
    source.frame()
    rig.received()
    assert_seamless(rig.packets)
    live = (rig.packets[-1].timestamp - rig.packets[-3].timestamp) & 0xFFFFFFFF
    assert live == FRAME, "the present is at its own time"


async def test_nobody_catches_up_with_what_is_too_long_ago(rig):
    source = rig.source(1)
    lane = rig.lane(source)
    source.frame(keyframe=True)
    for _ in range(FEW_PACKETS):
        rig.pass_time(0.11)
        source.frame()
    assert not rig.downtrack.catch_up(lane, rig.now_s)


def described(sources, numbers):
    """Let each source's newest keyframe have the frame number of AV1's dependency descriptor."""
    for source, number in zip(sources, numbers, strict=True):
        descriptor = b"\xc0" + (number & 0xFFFF).to_bytes(2)
        source.track.keyframe = source.track.keyframe._replace(dependencies=descriptor)


@pytest.mark.parametrize(("there", "here", "can"), [(7, 7, True), (7, 9, True), (7, -9, False)])
async def test_nobody_catches_up_with_frames_that_receivers_would_drop(rig, there, here, can):
    sources = rig.source(1), rig.source(2)
    lanes = [rig.lane(source) for source in sources]
    rig.downtrack.join(lanes[0])
    for source in sources:
        source.frame(keyframe=True)
    described(sources, (there, here))
    assert rig.downtrack.lane is lanes[0]
    assert rig.downtrack._had_newer(sources[1].track.keyframe) is not can
    lanes[0].end()
    assert rig.downtrack.catch_up(lanes[1], rig.now_s) is can


async def test_a_long_past_goes_by_faster(rig):
    source = rig.source(1)
    lane = rig.lane(source)
    source.frame(keyframe=True)
    for _ in range(600):
        rig.pass_time()
        source.frame(packets=1)
    assert rig.downtrack.catch_up(lane, rig.now_s)
    began_s = rig.now_s
    while not rig.downtrack.step(rig.now_s):
        rig.pass_time(CATCH_UP_EVERY_S)
        rig.received()
    assert rig.now_s - began_s < 1.1 * CATCH_UP_WITHIN_S
    assert_seamless(rig.received())


async def test_who_is_catching_up_goes_on_with_a_keyframe_that_comes_meanwhile(rig):
    source = rig.source(1)
    lane = rig.lane(source)
    source.frame(keyframe=True)
    for _ in range(200):
        rig.pass_time()
        source.frame()
    assert rig.downtrack.catch_up(lane, rig.now_s)
    assert not rig.downtrack.step(rig.now_s)
    source.frame(keyframe=True)
    rig.pass_time()
    source.frame()
    assert rig.downtrack.step(rig.now_s)
    assert_seamless(rig.received())
    keyframes = [number for number, packet in enumerate(rig.packets) if not packet.payload[5]]
    assert len(keyframes) == 4 and len(rig.packets) < 40


async def test_what_is_asked_for_again_is_what_was_sent_over_every_seam(rig):
    first, second = rig.source(1), rig.source(2)
    first_lane, second_lane = rig.lane(first), rig.lane(second)
    first.frame(keyframe=True)
    rig.pass_time()
    first.frame()
    assert rig.downtrack.catch_up(first_lane, rig.now_s)
    while not rig.downtrack.step(rig.now_s):
        pass
    rig.downtrack.join(second_lane)
    rig.pass_time()
    second.frame(keyframe=True)
    rig.pass_time()
    second.frame()
    for packet in rig.received():
        codec, again, _ = rig.downtrack.again(packet.sequence)
        assert codec == OURS
        assert rtp.parse(again) == packet
    assert rig.downtrack.again((rig.packets[0].sequence - 1) & 0xFFFF) is None
    assert rig.downtrack.again((rig.packets[-1].sequence + 1) & 0xFFFF) is None


async def test_a_viewer_without_the_codec_is_sent_nothing_and_loses_nothing(rig):
    first, other = rig.source(1), rig.source(2)
    other.track.codec = THEIRS._replace(name="H264", key="video/h264 baseline")
    first_lane, other_lane = rig.lane(first), rig.lane(other)
    rig.downtrack.join(first_lane)
    first.frame(keyframe=True)
    rig.downtrack.begin(other_lane, first.track.last, rig.now_s)
    rig.pass_time()
    rig.downtrack.join(first_lane)
    first.frame(keyframe=True)
    assert len(rig.received()) == 4
    assert {p.payload_type for p in rig.packets} == {96}


actions = st.lists(
    st.tuples(
        st.sampled_from(["frame", "keyframe", "join", "catch_up", "pause"]), st.integers(0, 2)
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(actions)
async def test_a_viewers_stream_has_no_seam(story):
    rig = Rig()
    try:
        sources = [rig.source(seed) for seed in (1, 2, 3)]
        lanes = [rig.lane(source) for source in sources]
        for action, number in story:
            rig.pass_time()
            if action in ("frame", "keyframe"):
                sources[number].frame(keyframe=action == "keyframe", packets=1 + number)
            elif action == "join":
                rig.downtrack.join(lanes[number])
            elif action == "pause":
                rig.downtrack.pause()
            elif rig.downtrack.lane is None and rig.downtrack.joining is None:
                rig.downtrack.catch_up(lanes[number], rig.now_s)
            if rig.downtrack.catching_up:
                rig.downtrack.step(rig.now_s)
        packets = rig.received()
        if packets:
            assert_seamless(packets)
            assert packets[0].payload[5] == 0
    finally:
        rig.close()
