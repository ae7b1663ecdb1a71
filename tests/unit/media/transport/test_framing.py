"""Frames of RFC 4571: whatever way a stream is cut, its packets come out; rubbish is refused or bounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.transport.framing import MAX_FRAME_BYTES, Deframer, framed

packets_of_clients = st.lists(st.binary(min_size=1, max_size=64), max_size=12)


def cut(data, cuts):
    """Return the data in pieces, cut at these places."""
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(places)]


@given(packets_of_clients, st.lists(st.integers(0, 1_000), max_size=12))
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(packets, cuts):
    stream = b"".join(framed(packet, len(packet)) for packet in packets)
    deframer = Deframer()
    assert [one for piece in cut(stream, cuts) for one in deframer.feed(piece)] == packets


@given(st.binary(min_size=1, max_size=500), st.integers(1, 100))
def test_a_batch_is_framed_packet_by_packet(batch, segment):
    packets = [batch[at : at + segment] for at in range(0, len(batch), segment)]
    for given_as in (batch, memoryview(batch)):
        assert Deframer().feed(framed(given_as, segment)) == packets


@given(st.lists(st.binary(max_size=3_000), max_size=8))
def test_rubbish_is_refused_or_cut_into_what_a_datagram_could_be(pieces):
    deframer = Deframer()
    try:
        for piece in pieces:
            assert all(0 < len(one) <= MAX_FRAME_BYTES for one in deframer.feed(piece))
            assert len(deframer._rest) < 2 + MAX_FRAME_BYTES
    except ValueError as refused:
        assert "a frame of" in str(refused)


def test_a_frame_as_long_as_the_longest_datagram_is_taken_and_a_longer_one_refused():
    longest = bytes(MAX_FRAME_BYTES)
    assert Deframer().feed(framed(longest, len(longest))) == [longest]
    with pytest.raises(ValueError, match="2049"):
        Deframer().feed((MAX_FRAME_BYTES + 1).to_bytes(2))


def test_empty_frames_count_as_none():
    assert Deframer().feed(b"\0\0\0\1x\0\0") == [b"x"]
