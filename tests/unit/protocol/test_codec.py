import json

import msgpack
import pytest

from showcaller.protocol import codec, messages
from showcaller.protocol.codec import MAX_DEPTH, BadMessage, decode, encode

WRITE = {"json": lambda value: json.dumps(value).encode(), "msgpack": msgpack.packb}

formats = pytest.mark.parametrize("format", codec.FORMATS)


def nested(containers):
    value = "x"
    for _ in range(containers):
        value = [value]
    return value


def command(**args):
    return {"op": "command", "id": "7", "name": "question.ask", "args": args}


def bad(value, format="json"):
    with pytest.raises(BadMessage) as caught:
        decode(value if isinstance(value, bytes) else WRITE[format](value), format)
    return caught.value


@formats
def test_both_formats_carry_the_same_maps(format):
    sent = {"op": "subscribe", "id": "1", "channel": "agenda", "since": {"epoch": "e", "offset": 3}}
    assert decode(WRITE[format](sent), format) == messages.Subscribe(
        id="1", channel="agenda", since=messages.Since(epoch="e", offset=3)
    )


@formats
def test_unknown_fields_are_ignored(format):
    sent = {"op": "hello", "token": "t", "later": [1, {"a": None}]}
    assert decode(WRITE[format](sent), format) == messages.Hello(token="t")


@pytest.mark.parametrize(
    ("format", "read", "opcode"),
    [("json", json.loads, 0x81), ("msgpack", msgpack.unpackb, 0x82)],
)
def test_a_message_becomes_one_finished_frame(format, read, opcode):
    frame = encode(messages.Levels(channel="c", epoch="e", values={"q": None}, mark=4), format)
    assert frame[0] == opcode
    assert read(frame[2:]) == {
        "op": "levels",
        "channel": "c",
        "epoch": "e",
        "values": {"q": None},
        "mark": 4,
    }


@formats
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"op": "command", "id": "7", "name": 5}, "name"),
        ({"op": "command", "id": "7"}, None),
        ({"op": "fly", "id": "7"}, "op"),
        ({"id": "7"}, None),
        ({"op": 5, "id": "7"}, "op"),
        ({"op": "subscribe", "id": "7", "channel": ""}, "channel"),
        ({"op": "subscribe", "id": "7", "channel": "c", "since": {"epoch": "e"}}, "since"),
        (
            {"op": "subscribe", "id": "7", "channel": "c", "since": {"epoch": "e", "offset": -1}},
            "since.offset",
        ),
        (
            {"op": "subscribe", "id": "7", "channel": "c", "since": {"epoch": "e", "offset": True}},
            "since.offset",
        ),
    ],
)
def test_a_wrong_field_is_named_and_the_id_kept(format, sent, field):
    error = bad(sent, format)
    assert (error.field, error.id) == (field, "7")


@pytest.mark.parametrize("id", [None, 5, "", "x" * 65, ["a"]])
def test_a_message_without_a_valid_id_gets_no_reply(id):
    assert bad({"op": "unsubscribe", "id": id, "channel": "c"}).id is None


@formats
@pytest.mark.parametrize("value", [None, [], "hello", 5, [{"op": "hello"}]])
def test_a_message_is_a_map(format, value):
    assert bad(value, format).id is None


@formats
def test_values_nested_too_deep_are_refused(format):
    inside = MAX_DEPTH - 2  # the message and `args` are two
    assert decode(WRITE[format](command(a=nested(inside))), format)
    assert "nested" in bad(command(a=nested(inside + 1)), format).message
    assert "nested" in bad({"op": "hello", "token": "", "later": nested(40)}, format).message
    assert "nested" in bad({"op": "hello", "token": "", "later": nested(900)}, format).message


@pytest.mark.parametrize(
    "bomb",
    [
        b"\xdd\xff\xff\xff\xff",  # an array of 4 billion
        b"\xdf\xff\xff\xff\xff",  # a map of 4 billion
        b"\xdb\xff\xff\xff\xff",  # 4 GiB of text
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\x91" * 65_000,
        b"\xdd\x0f\xff\xff\xff" * 12_000,
        b"\x81\xa2op\xdd\x0f\xff\xff\xff" + b"\xc0" * 60_000,
    ],
)
def test_msgpack_bombs_are_refused_without_memory(bomb, peak_bytes):
    bad(bomb, "msgpack")
    assert peak_bytes() < 4_000_000


@pytest.mark.parametrize("bomb", [b"[" * 65_536, b'{"a":' * 13_000, b"[" * 900 + b"]" * 900])
def test_json_bombs_are_refused_without_memory(bomb, peak_bytes):
    bad(bomb)
    assert peak_bytes() < 4_000_000


@pytest.mark.parametrize(
    "value",
    [
        command(a=b"bytes"),
        command(a={1: 2}),
        {1: 2},
        command(a=float("nan")),
        {"op": "clock", "t1": float("inf")},
        command(a=msgpack.ExtType(5, b"x")),
        command(a=msgpack.Timestamp(0)),
    ],
)
def test_msgpack_may_not_say_what_json_could_not(value):
    bad(value, "msgpack")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\x00",
        b'{"op":"clock","t1":1e999}',
        b'{"op":"clock","t1":' + b"9" * 5000 + b"}",
        b'{"op":"hello","token":"\\ud800"}',
        b'{"op":"hello","token":NaN}',
    ],
)
def test_malformed_json(data):
    bad(data)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\xa1\xff", b"\x81\xa2op"])
def test_malformed_msgpack(data):
    bad(data, "msgpack")


def test_a_decoding_error_tells_the_place():
    assert "byte 6" in bad(b'{"op":x}').message
