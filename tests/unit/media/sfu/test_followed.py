"""The numbers of a lane's packets for a viewer that followed it."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sdp.codec_choice import Codec
from showcaller.media.sfu.followed import Drawn, Followed, drawn_together
from showcaller.media.sfu.packet import MediaPacket
from showcaller.media.sfu.splice import Offsets

VP8 = Codec("VP8", "video/vp8", 90_000, 1, 120, 121, "")


def packet(sequence, timestamp):
    return MediaPacket(sequence, timestamp, True, b"", False)


@given(st.integers(0, (1 << 32) - 1), st.integers(0, 30 * 90_000), st.integers(1, 20))
def test_the_past_is_drawn_together_and_ends_where_the_present_begins(end, ago, speed):
    drawn = Drawn(100, end, speed)
    past = packet(50, (end - ago) & 0xFFFFFFFF)
    made = drawn_together(past.timestamp, past, drawn)
    assert (end - made) & 0xFFFFFFFF == ago // speed
    last = packet(100, end)
    assert drawn_together(last.timestamp, last, drawn) == end


def test_what_comes_live_has_its_own_time():
    live = packet(101, 777)
    assert drawn_together(777, live, Drawn(100, 5, 8)) == 777
    assert drawn_together(777, live, None) == 777


def test_a_packets_place_is_that_which_the_viewer_has():
    lane = SimpleNamespace(timestamp=lambda packet: packet.timestamp + 1_000)
    followed = Followed(500, lane, VP8, Offsets(sequence=400, timestamp=50), None)
    assert followed.timestamp(packet(100, 7)) == 1_007
    assert followed.place_of(packet(100, 7)) == (500, 1_057, 0, 0)
