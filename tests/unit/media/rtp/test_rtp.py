"""RTP packets, against aiortc's independent reading and writing of them."""

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket, wrap_rtx
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.rtp import rtp

MID, SEND_TIME, RID, TRANSPORT = 1, 2, 3, 4
URIS = {
    MID: "urn:ietf:params:rtp-hdrext:sdes:mid",
    SEND_TIME: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    RID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    TRANSPORT: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
}
SEQUENCES = st.integers(0, 0xFFFF)
WORDS = st.integers(0, 0xFFFFFFFF)


def extensions_map():
    extensions = HeaderExtensionsMap()
    headers = [RTCRtpHeaderExtensionParameters(id=n, uri=uri) for n, uri in URIS.items()]
    extensions.configure(RTCRtpParameters(headerExtensions=headers))
    return extensions


MAP = extensions_map()


@st.composite
def packets(draw):
    packet = RtpPacket(
        payload_type=draw(st.integers(0, 127)),
        marker=draw(st.integers(0, 1)),
        sequence_number=draw(SEQUENCES),
        timestamp=draw(WORDS),
        ssrc=draw(WORDS),
        payload=draw(st.binary(max_size=40)),
    )
    packet.csrc = draw(st.lists(WORDS, max_size=15))
    packet.padding_size = draw(st.integers(0, 9))
    packet.extensions.mid = draw(st.none() | st.text("abc", min_size=1, max_size=20))
    packet.extensions.abs_send_time = draw(st.none() | st.integers(0, 0xFFFFFF))
    packet.extensions.rtp_stream_id = draw(st.none() | st.text("hml", min_size=1, max_size=3))
    packet.extensions.transport_sequence_number = draw(st.none() | SEQUENCES)
    return packet


def values(extensions):
    """Return values by id, as bytes, as they stand in a packet."""
    found = {
        MID: extensions.mid and extensions.mid.encode(),
        SEND_TIME: extensions.abs_send_time,
        RID: extensions.rtp_stream_id and extensions.rtp_stream_id.encode(),
        TRANSPORT: extensions.transport_sequence_number,
    }
    sizes = {SEND_TIME: 3, TRANSPORT: 2}
    return {
        n: value.to_bytes(sizes[n], "big") if n in sizes else value
        for n, value in found.items()
        if value is not None
    }


@given(packets())
def test_what_another_wrote_is_read(packet):
    """A mid of more than 16 characters makes it the two-byte form."""
    read = rtp.parse(packet.serialize(MAP))
    assert read == rtp.Packet(
        packet.payload_type,
        bool(packet.marker),
        packet.sequence_number,
        packet.timestamp,
        packet.ssrc,
        values(packet.extensions),
        packet.payload,
    )


@given(packets(), st.binary(max_size=20))
def test_what_is_written_another_reads(packet, payload):
    extensions = {n: v for n, v in values(packet.extensions).items() if len(v) <= 16}
    block = rtp.extension_block(extensions.items())
    written = rtp.header(
        packet.payload_type,
        bool(packet.marker),
        packet.sequence_number,
        packet.timestamp,
        packet.ssrc,
        block,
    )
    read = RtpPacket.parse(written + payload, MAP)
    assert values(read.extensions) == extensions
    assert len(block) % 4 == 0
    assert (read.payload_type, read.marker) == (packet.payload_type, packet.marker)
    assert (read.sequence_number, read.timestamp) == (packet.sequence_number, packet.timestamp)
    assert (read.ssrc, read.payload) == (packet.ssrc, payload)


def extended(block):
    return bytes([0x90, 96]) + bytes(10) + block


@pytest.mark.parametrize("head", [0xF0, 0x01], ids=["id 15", "id 0 with a length"])
def test_nothing_counts_behind_a_reserved_id(head):
    block = b"\xbe\xde\x00\x02" + b"\x10a" + bytes([head, 0]) + b"\x20b\x00\x00"
    assert rtp.parse(extended(block) + b"x").extensions == {1: b"a"}
    assert rtp.parse(extended(block) + b"x").payload == b"x"


def test_extensions_of_an_unknown_profile_are_skipped():
    read = rtp.parse(extended(b"\xab\xcd\x00\x01zzzz") + b"x")
    assert (read.extensions, read.payload) == ({}, b"x")


def test_an_empty_element_of_the_two_byte_form():
    read = rtp.parse(extended(b"\x10\x03\x00\x01\x00\x05\x00\x00"))
    assert read.extensions == {5: b""}


@pytest.mark.parametrize("value", [(0, b"a"), (15, b"a"), (1, b""), (1, bytes(17))])
def test_what_the_one_byte_form_can_not_say(value):
    with pytest.raises(ValueError):
        rtp.extension_block([value])


def test_no_extensions_are_no_block():
    assert rtp.extension_block([]) == b""


RUBBISH = {
    "empty": b"",
    "11 bytes": bytes([0x80]) + bytes(10),
    "version 1": bytes([0x40]) + bytes(11),
    "no room for its sources": bytes([0x8F]) + bytes(11),
    "no room for its extensions": extended(b"\xbe\xde\x00"),
    "cut extensions": extended(b"\xbe\xde\x00\x02aaaa"),
    "a cut element": extended(b"\xbe\xde\x00\x01\x14aaa"),
    "a cut element of two bytes' form": extended(b"\x10\x00\x00\x01\x01\x03aa"),
    "an element of two bytes' form without its length": extended(
        b"\x10\x00\x00\x01\x00\x00\x00\x01"
    ),
    "no padding": bytes([0xA0]) + bytes(12),
    "padding into the header": bytes([0xA0]) + bytes(11) + b"\x02",
}


@pytest.mark.parametrize("data", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_no_rtp(data):
    with pytest.raises(ValueError):
        rtp.parse(data)


@given(packets(), SEQUENCES)
def test_a_retransmission_is_unwrapped(packet, sequence):
    packet.padding_size = 0
    sent = wrap_rtx(packet, payload_type=97, sequence_number=sequence, ssrc=7)
    again = rtp.unwrap_rtx(rtp.parse(sent.serialize(MAP)), packet.payload_type, packet.ssrc)
    assert again == rtp.parse(packet.serialize(MAP))


@pytest.mark.parametrize("payload", [b"", b"\x01"])
def test_a_retransmission_of_nothing(payload):
    packet = rtp.parse(rtp.header(97, False, 1, 2, 3) + payload)
    assert rtp.unwrap_rtx(packet, 96, 4) is None


@given(SEQUENCES, st.integers(-0x8000, 0x7FFF))
def test_a_sequence_number_is_ahead_or_behind_by_the_shorter_way(sequence, step):
    assert rtp.ahead((sequence + step) & 0xFFFF, sequence) == step


@given(st.integers(0, 1 << 40), st.integers(-0x8000, 0x7FFF))
def test_an_extended_number_is_the_nearest_one(near, step):
    assert rtp.unwrap((near + step) & 0xFFFF, near) == near + step


@given(SEQUENCES, st.lists(st.integers(0, 200), max_size=100))
def test_extended_numbers_of_reordered_packets_keep_their_order(first, delays):
    sent = list(range(first, first + len(delays)))
    arriving = sorted(sent, key=lambda n: n + delays[n - first])
    newest, extended = first, []
    for sequence in arriving:
        extended.append(rtp.unwrap(sequence & 0xFFFF, newest))
        newest = max(newest, extended[-1])
    assert extended == arriving
