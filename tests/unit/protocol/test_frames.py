"""The frame reader against frames that an independent implementation wrote."""

import pytest
from websockets.frames import Frame, Opcode

from showcaller.protocol import frames
from showcaller.protocol.frames import (
    Binary,
    Close,
    Fragment,
    FrameReader,
    Ping,
    Pong,
    ProtocolViolation,
    Text,
)
from showcaller.testing.raw_frames import client_frame as masked


def text(data):
    return masked(Opcode.TEXT, data)


def part(data, *, first=False, fin=False):
    return masked(Opcode.TEXT if first else Opcode.CONT, data, fin=fin)


def read(*chunks, limit=1000):
    reader = FrameReader(limit)
    return [event for chunk in chunks for event in reader.feed(chunk)]


def violation(*chunks, limit=1000):
    with pytest.raises(ProtocolViolation) as caught:
        read(*chunks, limit=limit)
    return caught.value.code


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 127, 65_535, 65_536, 70_001])
def test_a_message_of_any_size_comes_back_as_it_was_sent(size):
    data = bytes(i % 251 for i in range(size))
    sent = Frame(Opcode.BINARY, data).serialize(mask=True)
    assert read(sent, limit=80_000) == [Binary(data)]


def test_the_kinds_of_frames():
    stream = text("grüß".encode()) + masked(Opcode.PING, b"p") + masked(Opcode.PONG, b"q")
    assert read(stream) == [Text("grüß".encode()), Ping(b"p"), Pong(b"q")]


def test_a_fragmented_message_with_a_ping_in_between():
    stream = part(b"a", first=True) + masked(Opcode.PING) + part(b"") + part(b"b", fin=True)
    assert read(stream) == [Fragment(), Ping(b""), Fragment(), Text(b"ab")]


def test_a_character_may_be_split_between_fragments():
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert read(part(first, first=True) + part(second, fin=True))[-1] == Text("é".encode())


@pytest.mark.parametrize(
    "bad",
    [
        text(b"\xff"),
        part(b"\xce\xba", first=True) + part(b"\xed\xa0\x80"),  # a surrogate, before the end
        part("é".encode()[:1], first=True) + part(b"", fin=True),  # a character cut off
        masked(Opcode.CLOSE, b"\x03\xe8\xff"),
    ],
)
def test_text_must_be_utf8(bad):
    assert violation(bad) == 1007


def test_bad_text_is_refused_before_its_frame_is_complete():
    frame = text(b"ok \xff" + b"x" * 200)
    assert violation(frame[:20]) == 1007


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(masked(Opcode.TEXT, b"x", masked=False), id="not masked"),
        pytest.param(masked(Opcode.TEXT, b"x", reserved=4), id="reserved bit 1"),
        pytest.param(masked(Opcode.TEXT, b"x", reserved=2), id="reserved bit 2"),
        pytest.param(masked(Opcode.PING, b"", reserved=1), id="reserved bit 3"),
        pytest.param(b"\x83\x80\x00\x00\x00\x00", id="opcode 3"),
        pytest.param(b"\x8b\x80\x00\x00\x00\x00", id="opcode 11"),
        pytest.param(b"\x09\x80\x00\x00\x00\x00", id="fragmented ping"),
        pytest.param(b"\x89\xfe\x00\x7e\x00\x00\x00\x00", id="long ping"),
        pytest.param(part(b"x", fin=True), id="nothing to continue"),
        pytest.param(part(b"x", first=True) + text(b"y"), id="a message inside another"),
        pytest.param(b"\x82\xff\x80" + b"\x00" * 11, id="length with its first bit set"),
        pytest.param(b"\x82\xfe\x00\x05", id="length of 5 in two bytes"),
        pytest.param(b"\x82\xff" + (65_535).to_bytes(8, "big"), id="length of 65,535 in eight"),
        pytest.param(masked(Opcode.CLOSE, b"\x03"), id="half a close code"),
        *(
            pytest.param(masked(Opcode.CLOSE, code.to_bytes(2, "big")), id=f"close {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)
        ),
    ],
)
def test_breaches_of_the_framing(bad):
    assert violation(bad) == 1002


def test_the_limit_is_inclusive_and_holds_for_the_whole_message():
    assert read(text(b"x" * 1000)) == [Text(b"x" * 1000)]
    assert violation(text(b"x" * 1001)) == 1009
    assert violation(part(b"x" * 600, first=True) + part(b"x" * 401)) == 1009


def test_a_message_that_will_be_too_long_is_refused_at_its_header():
    assert violation(b"\x82\xff" + (1 << 40).to_bytes(8, "big")) == 1009


def test_events_before_a_violation_are_delivered():
    reader = FrameReader(1000)
    events = reader.feed(text(b"first") + b"\xff\xff")
    assert next(events) == Text(b"first")
    with pytest.raises(ProtocolViolation):
        next(events)


def test_nothing_is_read_after_a_close_frame():
    assert read(masked(Opcode.CLOSE, b"\x03\xe8bye") + b"\xff\xff", b"\xff") == [Close(1000, "bye")]
    assert read(masked(Opcode.CLOSE)) == [Close(frames.NO_STATUS, "")]


def test_an_idle_reader_holds_nothing():
    reader = FrameReader(1000)
    list(reader.feed(part(b"x", first=True) + part(b"y", fin=True) + masked(Opcode.PING, b"z")))
    assert reader._held == b""
    assert reader._message is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_our_encoding_is_that_of_other_libraries(size):
    data = b"\x55" * size
    assert frames.encode_frame(frames.BINARY, data) == Frame(Opcode.BINARY, data).serialize(
        mask=False
    )


def test_close_frames():
    assert frames.close_frame(4000, "slow") == b"\x88\x06\x0f\xa0slow"
    assert frames.close_frame(frames.NO_STATUS) == b"\x88\x00"
    long = frames.close_frame(1000, "é" * 100)
    assert len(long) <= 2 + 125
    assert long[4:].decode() == "é" * 61  # cut between characters
