"""Laws of the codec: whatever comes in is a message or a `BadMessage`, and both formats judge alike."""

import json

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.protocol import codec, messages
from showcaller.protocol.codec import BadMessage, decode, encode

names = st.sampled_from(
    ["op", "id", "channel", "since", "epoch", "offset", "name", "args", "key", "token", "t1", "x"]
)
ops = st.sampled_from(["hello", "subscribe", "unsubscribe", "command", "refresh", "clock", "x"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=70),
    ops,
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
maps = st.builds(
    lambda op, rest: {"op": op} | rest, ops, st.dictionaries(names, values, max_size=6)
)


def verdict(data, format):
    try:
        return decode(data, format)
    except BadMessage as error:
        return error.field, error.id


@pytest.mark.parametrize("format", codec.FORMATS)
@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_a_message_or_a_bad_message(format, data):
    verdict(data, format)


@pytest.mark.parametrize("format", codec.FORMATS)
@settings(max_examples=80, deadline=None)
@given(maps, st.data())
def test_damaged_messages_are_a_message_or_a_bad_message(format, message, data):
    sent = bytearray(json.dumps(message).encode() if format == "json" else msgpack.packb(message))
    sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    verdict(bytes(sent), format)


@settings(max_examples=80, deadline=None)
@given(maps | values)
def test_both_formats_give_the_same_verdict(value):
    assert verdict(json.dumps(value).encode(), "json") == verdict(msgpack.packb(value), "msgpack")


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53), max_size=5), st.text())
def test_another_implementation_reads_what_we_write(levels, channel):
    message = messages.Snapshot(channel=channel, epoch="e", offset=1, items={}, levels=levels)
    as_json, as_msgpack = (encode(message, format) for format in codec.FORMATS)
    assert msgpack.unpackb(payload(as_msgpack)) == msgspec.to_builtins(message)
    assert json.loads(payload(as_json)) == msgspec.to_builtins(message)


def payload(frame):
    """Return the payload of an unmasked frame."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]
