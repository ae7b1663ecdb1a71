"""Messages between a trunk and its branches arrive as they were sent; rubbish is none."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu import trunk_link


@given(
    st.one_of(
        st.builds(
            trunk_link.Lent,
            resource=st.text(max_size=20),
            session=st.text(max_size=20),
            person=st.text(max_size=20),
            source=st.sampled_from(["main", "slides", "spare"]),
            offer=st.text(max_size=100),
            tracks=st.lists(
                st.builds(
                    trunk_link.TrackLine,
                    ssrc=st.integers(0, 2**32 - 1),
                    payload_type=st.integers(0, 127),
                    rid=st.text(max_size=8),
                    repairs=st.lists(st.integers(0, 2**32 - 1), max_size=3).map(tuple),
                ),
                max_size=4,
            ),
        ),
        st.builds(trunk_link.Ended, resource=st.text(max_size=20)),
        st.builds(trunk_link.Packet, resource=st.text(max_size=20), data=st.binary(max_size=2_000)),
        st.builds(
            trunk_link.KeyframeWanted, resource=st.text(max_size=20), ssrc=st.integers(0, 2**32 - 1)
        ),
    )
)
async def test_a_message_arrives_as_it_was_sent(message):
    reader = asyncio.StreamReader()
    reader.feed_data(trunk_link.frame(message))
    reader.feed_eof()
    assert await trunk_link.receive(reader) == message
    assert await trunk_link.receive(reader) is None


@given(st.binary(max_size=200), st.booleans())
async def test_rubbish_is_never_an_error(rubbish, framed):
    reader = asyncio.StreamReader()
    reader.feed_data(len(rubbish).to_bytes(4) + rubbish if framed else rubbish)
    reader.feed_eof()
    read = await trunk_link.receive(reader)
    assert read is None or isinstance(read, trunk_link.Message)


async def test_a_message_that_is_too_long_is_not_read():
    reader = asyncio.StreamReader()
    reader.feed_data((trunk_link.MAX_MESSAGE_BYTES + 1).to_bytes(4))
    assert await trunk_link.receive(reader) is None
