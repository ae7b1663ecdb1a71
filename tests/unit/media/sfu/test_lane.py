"""One track on its way to its viewers: a real egress and sockets, a track by hand."""

from __future__ import annotations

import socket
import time

import pytest
from pylibsrtp import Policy, Session

from showcaller.media.egress import Keys
from showcaller.media.egress.pure import PythonEgress
from showcaller.media.rtp import rtp
from showcaller.media.rtp.extensions import AUDIO_LEVEL, ORIENTATION
from showcaller.media.sdp.codec_choice import Codec
from showcaller.media.sdp.negotiation import Medium
from showcaller.media.sfu.downtrack import DownTrack
from showcaller.media.sfu.lane import GAP_S, Lane
from showcaller.media.sfu.pacer import Pacer
from showcaller.media.sfu.track import Track

KEY, SALT = bytes(range(16)), bytes(range(100, 112))
VP8 = Codec("VP8", "video/vp8", 90_000, 1, 120, 121, "")
OPUS = Codec("opus", "audio/opus", 48_000, 2, 111, None, "")
KEYFRAME, DELTA, MORE = b"\x10\0\0\0\0", b"\x10\1\0\0\0", b"\0\0\0\0\0"  # RFC 7741 §4.2, §4.3
FRAME = 3_000  # RTP units


class Watching:
    """A viewer: `downtrack` sends to its socket."""

    def __init__(self, egress, codec, extensions):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink = egress.sink(Keys("SRTP_AEAD_AES_128_GCM", KEY, SALT))
        self.sink.aim(self.sender.fileno(), self.socket.getsockname())
        kind = codec.key.partition("/")[0]
        medium = Medium(kind, "0", True, (codec,), extensions, frozenset(), (), {}, (), ())
        self.downtrack = DownTrack(medium, self.sink, 77, 78, begin=99)
        policy = Policy(
            KEY + SALT, Policy.SSRC_ANY_INBOUND, 0, Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        )
        self._session = Session(policy)

    def received(self):
        """Return the packets that came since the last time, and their sizes on the way."""
        packets, sizes = [], []
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return packets, sizes
            packets.append(rtp.parse(self._session.unprotect(data)))
            sizes.append(len(data))

    def sequences(self):
        return [packet.sequence for packet in self.received()[0]]

    def timestamps(self):
        return [packet.timestamp for packet in self.received()[0]]

    def close(self):
        self.downtrack.pause()
        self.sink.close()
        self.socket.close()
        self.sender.close()


class Order(Pacer):
    """Remembers what was called sound."""

    def __init__(self):
        super().__init__(lambda callback: pytest.fail("loopback blocked"), time.monotonic)
        self.sounds = []

    def send(self, group, batch, *, sound):
        self.sounds.append(sound)
        super().send(group, batch, sound=sound)


class Rig:
    """A track, its lane, and those who watch. `placed_s` is where the stage says that a track belongs."""

    def __init__(self, codec=VP8, *, still=False):
        self.now_s = 1_000.0
        self.placed_s = None
        self.egress = PythonEgress(clock=lambda: self.now_s)
        self.pacer = Order()
        self.codec = codec
        kind = codec.key.partition("/")[0]
        self.track = Track("p", kind, 1, "", codec, None)
        self.lane = Lane(self.track, self.egress, self.pacer, self, still=still)
        self.watching = []

    def place(self, track, packet, now_s):
        return now_s if self.placed_s is None else self.placed_s

    def on_begin(self, lane, now_s):
        """Nobody waits for it."""

    def viewer(self, *, codec=None, extensions=()):
        viewer = Watching(self.egress, codec or self.codec, dict(extensions))
        self.watching.append(viewer)
        viewer.downtrack.join(self.lane)
        return viewer

    def send(self, sequence, payload=DELTA, *, timestamp=None, marker=True, extras=(b"", b"", b"")):
        stamp = FRAME * sequence if timestamp is None else timestamp
        packet = rtp.Packet(120, marker, sequence, stamp & 0xFFFFFFFF, 1, {}, payload)
        self.track.take(packet, sequence, self.now_s, extras)

    def close(self):
        for viewer in self.watching:
            viewer.close()
        self.track.end()


@pytest.fixture
async def rig():
    rig = Rig()
    yield rig
    rig.close()


async def test_what_comes_late_from_before_a_viewers_beginning_is_not_for_it(rig):
    rig.send(1, KEYFRAME)
    viewer = rig.viewer()
    rig.send(3, KEYFRAME)
    rig.send(2)
    rig.send(4)
    assert viewer.sequences() == [100, 101]


async def test_the_latest_beginning_counts_whoever_comes_afterwards(rig):
    first, second = rig.viewer(), rig.viewer()
    rig.lane.add(first.downtrack, 10)
    rig.lane.add(second.downtrack, 5)
    rig.send(11)
    rig.send(7)
    assert first.sequences() == second.sequences() == [11]


async def test_nobody_begins_with_a_keyframe_that_comes_too_late(rig):
    """The packets behind it have been handed on already."""
    rig.send(1, KEYFRAME)
    rig.send(4)
    viewer = rig.viewer()
    rig.send(2, KEYFRAME)
    rig.send(5)
    assert viewer.sequences() == []
    rig.send(6, KEYFRAME)
    assert len(viewer.sequences()) == 1


async def test_nobody_begins_while_the_lane_is_closed(rig):
    rig.lane.open = False
    viewer = rig.viewer()
    rig.send(1, KEYFRAME)
    assert viewer.sequences() == []
    rig.lane.open = True
    rig.send(2, KEYFRAME)
    assert len(viewer.sequences()) == 1


@pytest.mark.parametrize("jump", [0x40000000, -0x40000000])
async def test_timestamps_go_on_where_the_publishers_begin_anew(rig, jump):
    viewer = rig.viewer()
    rig.send(1, KEYFRAME)
    rig.now_s += 0.5
    rig.send(2, timestamp=FRAME + jump)
    rig.send(3, timestamp=2 * FRAME + jump)
    one, two, three = viewer.timestamps()
    assert ((two - one) & 0xFFFFFFFF, (three - two) & 0xFFFFFFFF) == (45_000, FRAME)


async def test_time_never_goes_back_wherever_a_new_beginning_is_placed(rig):
    viewer = rig.viewer()
    rig.send(1, KEYFRAME)
    rig.placed_s = rig.now_s - 3
    rig.send(2, timestamp=0x40000000)
    one, two = viewer.timestamps()
    assert 0 < (two - one) & 0xFFFFFFFF < FRAME


async def test_a_pause_of_a_publisher_is_one_for_viewers_too(rig):
    """Of its own clock: not a new beginning."""
    viewer = rig.viewer()
    rig.send(1, KEYFRAME)
    rig.placed_s = 0.0  # nobody asks
    rig.send(2, timestamp=FRAME + 9 * 90_000)
    one, two = viewer.timestamps()
    assert two - one == 9 * 90_000


async def test_how_often_and_how_long_the_picture_stood(rig):
    for sequence, gap_s in enumerate((0.0, GAP_S - 0.01, GAP_S + 0.1, 0.03, 1.0)):
        rig.now_s += gap_s
        rig.send(sequence)
    assert rig.lane.gaps == 2
    assert rig.lane.gap_s == pytest.approx(GAP_S + 1.1)


async def test_slides_and_sound_do_not_freeze():
    slides, sound = Rig(still=True), Rig(OPUS)
    for sequence in range(3):
        for one in (slides, sound):
            one.now_s += 2.0
            one.send(sequence)
    assert (slides.lane.gaps, sound.lane.gaps) == (0, 0)
    slides.close()
    sound.close()


async def test_after_a_change_of_codec_viewers_go_on_with_the_first_keyframe(rig):
    viewer = rig.viewer()
    rig.send(1, KEYFRAME)
    rig.track.change_codec(VP8._replace(payload_type=122), rig.now_s)
    rig.send(2)
    rig.send(3, KEYFRAME)
    rig.send(4)
    assert viewer.sequences() == [100, 101, 102]


async def test_what_can_be_repaired_by_rtx_leaves_in_one_send(rig):
    """Packets that differ by a few bytes are padded; nobody sees it."""
    viewer = rig.viewer()
    rig.send(1, KEYFRAME + bytes(100), marker=False, timestamp=FRAME)
    rig.send(2, MORE + bytes(98), timestamp=FRAME, marker=False)
    rig.send(3, MORE + bytes(100), timestamp=FRAME)
    packets, sizes = viewer.received()
    assert len(set(sizes)) == 1
    assert [len(packet.payload) for packet in packets] == [105, 103, 105]


async def test_what_is_sent_again_as_it_was_is_not_padded(rig):
    viewer = rig.viewer(codec=VP8._replace(rtx=None))
    rig.send(1, KEYFRAME + bytes(100), marker=False, timestamp=FRAME)
    rig.send(2, MORE + bytes(98), timestamp=FRAME, marker=False)
    rig.send(3, MORE + bytes(100), timestamp=FRAME)
    first, second, third = viewer.received()[1]
    assert first - second == third - second == 2


async def test_a_viewer_is_told_how_to_turn_the_picture_if_it_asked_for_that(rig):
    asked, other = rig.viewer(extensions={ORIENTATION: 5}), rig.viewer()
    rig.send(1, KEYFRAME, extras=(b"\1", b"", b""))
    rig.send(2)
    assert [p.extensions for p in asked.received()[0]] == [{5: b"\1"}, {}]
    assert [p.extensions for p in other.received()[0]] == [{}, {}]


async def test_sound_goes_before_pictures_and_says_how_loud_it_is(rig):
    sound = Rig(OPUS)
    listening, watching = sound.viewer(extensions={AUDIO_LEVEL: 6}), rig.viewer()
    sound.send(1, b"opus", extras=(b"", b"\x8c", b""))
    rig.send(1, KEYFRAME)
    assert (sound.pacer.sounds, rig.pacer.sounds) == ([True], [False])
    assert [p.extensions for p in listening.received()[0]] == [{6: b"\x8c"}]
    assert len(watching.received()[0]) == 1
    sound.close()
