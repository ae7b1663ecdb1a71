"""Laws of the frame reader: where the bytes are cut does not matter, and rubbish is a violation at most."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.protocol.frames import CLOSE, FrameReader, ProtocolViolation
from showcaller.testing.raw_frames import client_frame

LIMIT = 300


@st.composite
def frame(draw):
    opcode = draw(st.sampled_from([0, 1, 2, 8, 9, 10]))
    payload = draw(st.one_of(st.binary(max_size=LIMIT + 20), st.text(max_size=60).map(str.encode)))
    fin = draw(st.booleans()) if opcode < CLOSE else True
    return client_frame(opcode, payload, fin=fin, masked=draw(st.integers(0, 20)) > 0)


streams = st.lists(frame(), max_size=8).map(b"".join)


def outcome(chunks):
    """Return the events, and how it ended."""
    reader = FrameReader(LIMIT)
    events: list = []
    try:
        for chunk in chunks:
            events.extend(reader.feed(chunk))
    except ProtocolViolation as violation:
        return events, (violation.code, violation.reason)
    return events, None


@settings(max_examples=80, deadline=None)
@given(streams, st.data())
def test_any_split_gives_the_same_events(stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert outcome(chunks) == outcome([stream])


@settings(max_examples=80, deadline=None)
@given(streams)
def test_byte_by_byte_gives_the_same_events(stream):
    assert outcome(bytes([byte]) for byte in stream) == outcome([stream])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_random_bytes_raise_nothing_but_violations(chunks):
    _, end = outcome(chunks)
    assert end is None or end[0] in (1002, 1007, 1009)


@settings(max_examples=80, deadline=None)
@given(streams, st.data())
def test_damaged_streams_raise_nothing_but_violations(stream, data):
    damaged = bytearray(stream)
    for place in data.draw(st.lists(st.integers(0, max(0, len(stream) - 1)), max_size=5)):
        if damaged:
            damaged[place] ^= data.draw(st.integers(1, 255))
    outcome([bytes(damaged)])
