"""RTCP, against aiortc's independent reading and writing of it."""

import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.rtp import rtcp

WORDS = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.builds(
    rtcp.Block,
    ssrc=WORDS,
    lost_share=st.integers(0, 255).map(lambda n: n / 256),
    lost=st.integers(-(1 << 23) + 1, (1 << 23) - 1),
    highest=WORDS,
    jitter=WORDS,
    last_sr=WORDS,
    delay=WORDS,
)
SEQUENCES = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=60, unique=True)


def info(block):
    """The same block in aiortc's words."""
    return RtcpReceiverInfo(
        ssrc=block.ssrc,
        fraction_lost=round(block.lost_share * 256),
        packets_lost=block.lost,
        highest_sequence=block.highest,
        jitter=block.jitter,
        lsr=block.last_sr,
        dlsr=block.delay,
    )


def theirs(packet):
    (read,) = RtcpPacket.parse(packet)
    return read


def ours(packet):
    (read,) = rtcp.parse(bytes(packet))
    return read


@given(WORDS, st.integers(0, (1 << 64) - 1), WORDS, WORDS, WORDS, st.lists(BLOCKS, max_size=4))
def test_sender_reports_are_read_by_another(ssrc, ntp, timestamp, packets, octets, blocks):
    written = rtcp.sender_report(ssrc, ntp, timestamp, packets, octets, blocks)
    sender = RtcpSenderInfo(ntp, timestamp, packets, octets)
    packet = RtcpSrPacket(ssrc, sender, [info(block) for block in blocks])
    assert theirs(written) == packet
    assert ours(packet) == rtcp.SenderReport(ssrc, ntp, timestamp, packets, octets, tuple(blocks))


@given(WORDS, st.lists(BLOCKS, max_size=31))
def test_receiver_reports_are_read_by_another(ssrc, blocks):
    packet = RtcpRrPacket(ssrc, [info(block) for block in blocks])
    assert theirs(rtcp.receiver_report(ssrc, blocks)) == packet
    assert ours(packet) == rtcp.ReceiverReport(ssrc, tuple(blocks))


def test_counts_beyond_32_bits_begin_again_and_losses_stop_at_24():
    report = ours(rtcp.sender_report(1, 2, (1 << 32) + 3, (1 << 32) + 4, (1 << 32) + 5))
    assert report[2:5] == (3, 4, 5)
    block = rtcp.Block(1, 1.0, 1 << 30, (1 << 32) + 7, 0, 0, 0)
    (read,) = ours(rtcp.receiver_report(1, [block])).blocks
    assert (read.lost_share, read.lost, read.highest) == (255 / 256, (1 << 23) - 1, 7)


def test_what_a_profile_adds_to_a_report_is_skipped():
    body = rtcp.receiver_report(1)[4:] + b"more"
    assert ours(rtcp.packet(201, 0, body)) == rtcp.ReceiverReport(1, ())


@given(WORDS, st.text("abc", max_size=255))
def test_descriptions_of_sources_are_read_by_another(ssrc, cname):
    written = rtcp.sdes(ssrc, cname)
    assert theirs(written) == RtcpSdesPacket([RtcpSourceInfo(ssrc, [(1, cname.encode())])])
    assert written[12 + len(cname) - 2] == 0  # the list of items ends (RFC 3550 §6.5)
    assert rtcp.parse(written) == []


@given(st.lists(WORDS, max_size=31))
def test_goodbyes_are_read(ssrcs):
    assert theirs(rtcp.bye(ssrcs)) == RtcpByePacket(ssrcs)
    assert ours(RtcpByePacket(ssrcs)) == rtcp.Bye(tuple(ssrcs))


@given(SEQUENCES.map(sorted), WORDS, WORDS)
def test_requests_for_packets_are_read_by_another(sequences, sender, ssrc):
    packet = RtcpRtpfbPacket(1, sender, ssrc, sequences)
    assert rtcp.nack(sender, ssrc, sequences) == bytes(packet)
    assert ours(packet) == rtcp.Nack(ssrc, sequences)


@given(SEQUENCES, st.integers(0, 1 << 30))
def test_nacks_in_any_order_and_of_extended_numbers(sequences, cycles):
    written = rtcp.nack(1, 2, [sequence + (cycles << 16) for sequence in sequences])
    assert sorted(ours(written).sequences) == sorted(sequences)


def test_a_nack_over_the_wrap_of_sequence_numbers():
    asked = [65_530, 65_535, 65_536, 65_546, 65_547]
    written = rtcp.nack(1, 2, asked)
    assert len(written) == 12 + 2 * 4
    assert ours(written).sequences == [65_530, 65_535, 0, 10, 11]


def test_requests_for_keyframes_are_read_by_another():
    assert theirs(rtcp.pli(1, 2)) == RtcpPsfbPacket(1, 1, 2)
    assert ours(RtcpPsfbPacket(1, 1, 2)) == rtcp.KeyframeRequest(2, "pli")
    order = RtcpPsfbPacket(4, 1, 0, bytes([0, 0, 0, 9, 5, 0, 0, 0]))
    assert theirs(rtcp.fir(1, 9, 5)) == order
    assert ours(order) == rtcp.KeyframeRequest(9, "fir")


def test_one_order_for_keyframes_of_two_sources():
    order = RtcpPsfbPacket(4, 1, 0, bytes([0, 0, 0, 9, 5, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0]))
    asked = [rtcp.KeyframeRequest(9, "fir"), rtcp.KeyframeRequest(8, "fir")]
    assert rtcp.parse(bytes(order)) == asked


@given(st.integers(0, (1 << 62) - 1), st.lists(WORDS, max_size=255))
def test_estimates_of_the_line_are_read_by_another(bps, ssrcs):
    packet = RtcpPsfbPacket(15, 1, 0, pack_remb_fci(bps, ssrcs))
    written = theirs(rtcp.remb(1, bps, ssrcs))
    assert written == packet
    told, named = unpack_remb_fci(written.fci)
    assert ours(packet) == rtcp.Remb(told, tuple(ssrcs))
    assert named == ssrcs
    assert bps * (1 - 2**-17) <= told <= bps


def test_a_compound_packet_of_all_sorts():
    unknown = [rtcp.packet(207, 0, bytes(8)), rtcp.packet(205, 15, bytes(8))]
    packets = [rtcp.receiver_report(1), rtcp.sdes(1, "a"), rtcp.pli(1, 2), *unknown, rtcp.bye([1])]
    assert rtcp.parse(b"".join(packets)) == [
        rtcp.ReceiverReport(1, ()),
        rtcp.KeyframeRequest(2, "pli"),
        rtcp.Bye((1,)),
    ]


def test_padding_is_no_part_of_the_message():
    padded = bytearray(rtcp.nack(1, 2, [3]) + b"\x00\x00\x00\x04")
    padded[0] |= 0x20
    padded[3] += 1
    assert ours(padded) == rtcp.Nack(2, [3])


RUBBISH = {
    "empty": b"",
    "cut in the header": b"\x80\xc9\x00",
    "version 1": b"\x41\xc9\x00\x01\x00\x00\x00\x01",
    "cut": rtcp.receiver_report(1)[:-1],
    "a report without its blocks": b"\x82" + rtcp.receiver_report(1)[1:],
    "a nack of half a pair": b"\xa1" + rtcp.packet(205, 1, bytes(11) + b"\x02")[1:],
    "a request without a source": rtcp.packet(206, 1, bytes(4)),
    "an order of half a source": rtcp.packet(206, 4, bytes(12)),
    "an estimate of sources that are not there": rtcp.remb(1, 5, [1, 2])[:-4],
    "a goodbye of nobody there": b"\x83" + rtcp.bye([1])[1:],
    "padded to nothing": b"\xa1" + rtcp.pli(1, 2)[1:-1] + b"\xff",
    "more behind it": rtcp.pli(1, 2) + b"\x80\x81",
}


@pytest.mark.parametrize("data", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_no_rtcp(data):
    with pytest.raises(ValueError):
        rtcp.parse(data)


def test_ntp_times_have_fractions_and_a_middle():
    assert rtcp.ntp(0.0) == 2_208_988_800 << 32
    assert rtcp.ntp(1.5) - rtcp.ntp(0.0) == 3 << 31
    assert rtcp.middle(0x1234_5678_9ABC_DEF0) == 0x5678_9ABC


def test_a_round_trip_is_that_of_a_report_and_its_answer():
    sent, back = rtcp.ntp(1_000.0), rtcp.ntp(1_000.75)
    block = rtcp.Block(1, 0.0, 0, 0, 0, rtcp.middle(sent), 32_768)
    assert rtcp.round_trip_s(block, back) == pytest.approx(0.25, abs=1e-4)
    assert rtcp.round_trip_s(block._replace(delay=65_536), back) == 0.0
    assert rtcp.round_trip_s(block._replace(last_sr=0), back) is None
