"""Rubbish for the reader of RTCP: `ValueError`, never anything else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.rtp import rtcp

BLOCK = rtcp.Block(1, 0.5, 2, 3, 4, 5, 6)
SOUND = [
    rtcp.sender_report(1, 2, 3, 4, 5, [BLOCK]),
    rtcp.receiver_report(1, [BLOCK, BLOCK]),
    rtcp.sdes(1, "somebody"),
    rtcp.nack(1, 2, range(0, 90, 3)),
    rtcp.pli(1, 2),
    rtcp.fir(1, 2, 3),
    rtcp.remb(1, 2_500_000, [4, 5]),
    rtcp.bye([1, 2]),
    rtcp.packet(204, 1, b"anything"),
]


@st.composite
def bent_packets(draw):
    """Draw a compound packet, some of whose bytes are others, cut or not."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(SOUND), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(1, 5))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@settings(max_examples=1000)
@given(st.one_of(st.binary(max_size=80), bent_packets()))
def test_any_bytes_are_messages_or_refused(data):
    try:
        messages = rtcp.parse(data)
    except ValueError:
        return
    assert len(messages) <= len(data) // 4
    for message in messages:
        assert isinstance(message, rtcp.Message)
