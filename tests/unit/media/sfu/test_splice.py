"""Offsets make a viewer's stream go on where the last lane ended."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.egress import Batch
from showcaller.media.rtp.codecs import Picture
from showcaller.media.sfu.packet import MediaPacket
from showcaller.media.sfu.splice import TICK_AFTER_SPLICE, Offsets, Place, after, offsets_to

sequences = st.integers(0, 1 << 40)
timestamps = st.integers(0, (1 << 32) - 1)


def packet(sequence, timestamp, *, picture_id=None, tl0=0, tl0_at=0):
    picture = None if picture_id is None else Picture(2, picture_id, tl0_at, tl0)
    return MediaPacket(sequence, timestamp, True, b"", True, picture)


@given(sequences, sequences, timestamps, timestamps)
def test_the_first_packet_comes_next_and_later(last, first, last_timestamp, timestamp):
    place = Place(last, last_timestamp)
    one = packet(first, timestamp)
    reached = offsets_to(place, one, timestamp).place_of(one, timestamp)
    assert reached.sequence == last + 1
    if last_timestamp:
        step = (reached.timestamp - last_timestamp) & 0xFFFFFFFF
        assert 0 < step < 1 << 31
        assert step >= min(TICK_AFTER_SPLICE, (timestamp - last_timestamp) & 0xFFFFFFFF)


@given(timestamps, timestamps)
def test_a_timestamp_that_is_later_already_stays(timestamp, last):
    ahead = (timestamp - last) & 0xFFFFFFFF
    if 0 < ahead < 1 << 31:
        assert after(timestamp, last) == timestamp
    else:
        assert (after(timestamp, last) - last) & 0xFFFFFFFF == TICK_AFTER_SPLICE


@given(st.integers(0, 0x7FFF), st.integers(0, 0x7FFF), st.integers(0, 255), st.integers(0, 255))
def test_pictures_are_numbered_on(last, first, last_tl0, first_tl0):
    place = Place(10, 1, last, last_tl0)
    one = packet(500, 7, picture_id=first, tl0=first_tl0, tl0_at=4)
    offsets = offsets_to(place, one, 7)
    assert (first + offsets.picture) & 0x7FFF == (last + 1) & 0x7FFF
    assert (first_tl0 + offsets.tl0) & 0xFF == (last_tl0 + 1) & 0xFF


def test_a_viewer_that_was_sent_nothing_has_any_timestamp():
    assert offsets_to(Place(5, 0), packet(9, 1_000), 1_000).timestamp == 0


def test_a_single_packet_is_written_as_egress_would_write_it():
    header = bytes(12)
    payload = b"\x90\xc0" + (0x8000 | 0x7FFF).to_bytes(2) + bytes([255]) + b"rest"
    batch = Batch(header + payload, (len(header + payload),), 0, (14,), (16,))
    made = Offsets(picture=2, tl0=3).apply(batch, 0xDEADBEEF)
    assert made[8:12] == b"\xde\xad\xbe\xef"
    assert made[14:16] == (0x8000 | 1).to_bytes(2)
    assert made[16] == 2
    assert made[17:] == b"rest"
