"""Both formats carry the same maps, and rubbish is a `ValueError`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller_client.codec import Format, decode, encode

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES), st.sampled_from(["json", "msgpack"]))
def test_a_message_is_decoded_as_it_was_encoded(fields: dict[str, object], format: Format) -> None:
    message = {**fields, "op": "x"}
    assert decode(encode(message, format)) == message


@given(st.text() | st.binary())
def test_rubbish_is_a_value_error(data: str | bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)


@pytest.mark.parametrize("data", ["[]", '{"op":1}', "{}", b"\x80", b"\xc1", b"\x91" * 5000])
def test_data_that_is_no_message_is_a_value_error(data: str | bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)
