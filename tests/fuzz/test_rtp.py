"""Rubbish for the reader of RTP: `ValueError`, never anything else; and for those of payloads: nothing."""

from contextlib import suppress

from aiortc.rtp import RtpPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.rtp import codecs, rtp

KEYS = st.sampled_from(
    ["video/vp8", "video/h264 baseline", "video/vp9 0", "video/av1", "audio/opus", "video/else"]
)


@st.composite
def bent_packets(draw):
    """Draw a sound packet, some of whose bytes are others, cut or not."""
    block = draw(st.sampled_from([b"", b"\xbe\xde", b"\x10\x00", b"\xab\xcd"]))
    if block:
        words = draw(st.integers(0, 5))
        block += words.to_bytes(2, "big") + draw(st.binary(min_size=4 * words, max_size=4 * words))
    data = bytearray(rtp.header(96, True, 1, 2, 3, block) + draw(st.binary(max_size=20)))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@settings(max_examples=500)
@given(st.one_of(st.binary(max_size=80), bent_packets()))
def test_any_bytes_are_a_packet_or_refused(data):
    try:
        packet = rtp.parse(data)
    except ValueError:
        return
    assert packet.payload in data[12:]
    assert all(value in data[12:] for value in packet.extensions.values())
    with suppress(ValueError):  # it reads on behind reserved ids
        assert RtpPacket.parse(data).payload == packet.payload
    rtp.unwrap_rtx(packet, 96, 1)


@settings(max_examples=500)
@given(KEYS, st.binary(max_size=40))
def test_any_payload_is_read_within_its_bounds(key, payload):
    begins = codecs.starts_keyframe(key, payload)
    assert isinstance(begins, bool)
    assert isinstance(codecs.starts_frame(key, payload), bool)
    if picture := codecs.picture(key, payload):
        assert 0 <= picture.picture_id < 1 << 15
        assert picture.picture_at + 1 < len(payload)
        assert picture.tl0_at < len(payload)
