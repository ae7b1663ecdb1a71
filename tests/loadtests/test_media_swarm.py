"""The thin WebRTC clients of the benchmarks, against libraries that they do not use, and a real server."""

import socket
import time

import pytest
from aioice import stun as aioice_stun
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import (
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st
from media_swarm import rtcp, shape, stun
from media_swarm.counter import Counter
from media_swarm.offers import read_answer
from media_swarm.peer import grow_receive_buffer
from media_swarm.publisher import Track
from media_swarm.shape import SHAPES, Mark
from media_swarm.show import show
from media_swarm.srtp import CM, GCM, SALT_BYTES, Crypto, Forged, Master
from media_swarm.viewers import VIDEO, Viewers
from pylibsrtp import Policy, Session
from rig import Figures

LIBSRTP = {
    GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    CM: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


def master(profile):
    return Master(profile, bytes(range(16)), bytes(range(100, 100 + SALT_BYTES[profile])))


def libsrtp(profile, direction):
    keys = master(profile)
    return Session(Policy(keys.key + keys.salt, ssrc_type=direction, srtp_profile=LIBSRTP[profile]))


def rtp(sequence, payload=b"x" * 40, ssrc=7):
    return RtpPacket(96, 0, sequence, 1234, ssrc, payload).serialize()


@pytest.mark.parametrize("profile", [GCM, CM])
def test_what_we_protect_libsrtp_unprotects_over_a_rollover(profile):
    ours, theirs = Crypto(master(profile)), libsrtp(profile, Policy.SSRC_ANY_INBOUND)
    for index in (65_534, 65_535, 65_536, 65_537):
        packet = rtp(index & 0xFFFF)
        assert theirs.unprotect(ours.protect(packet, index >> 16)) == packet
    report = rtcp.receiver_report(1, [])
    assert theirs.unprotect_rtcp(ours.protect_rtcp(report, 1)) == report


@pytest.mark.parametrize("profile", [GCM, CM])
def test_what_libsrtp_protects_we_unprotect_and_nothing_else(profile):
    ours, theirs = Crypto(master(profile)), libsrtp(profile, Policy.SSRC_ANY_OUTBOUND)
    packet, report = rtp(5), rtcp.pli(1, 2)
    sealed, sealed_report = theirs.protect(packet), theirs.protect_rtcp(report)

    assert ours.unprotect(sealed, 0) == packet
    assert ours.unprotect_rtcp(sealed_report) == report
    with pytest.raises(Forged):
        ours.unprotect(sealed, 1)
    with pytest.raises(Forged):
        ours.unprotect(sealed[:-1] + bytes([sealed[-1] ^ 1]), 0)
    with pytest.raises(Forged):
        ours.unprotect_rtcp(sealed_report[:9] + bytes([sealed_report[9] ^ 1]) + sealed_report[10:])


def test_a_check_is_one_for_aioice_and_its_answer_is_one_for_us():
    sent = stun.check("them:us", b"their password", b"12345678", nominate=True)
    request = aioice_stun.parse_message(sent)
    assert request.check_message_integrity(b"their password")
    assert request.attributes["USERNAME"] == "them:us"
    assert "USE-CANDIDATE" in request.attributes

    reply = aioice_stun.Message(
        aioice_stun.Method.BINDING, aioice_stun.Class.RESPONSE, request.transaction_id
    )
    reply.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 4000)
    reply.add_message_integrity(b"their password")
    got = stun.parse(bytes(reply))
    assert got.kind == stun.SUCCESS and got.transaction == request.transaction_id
    assert stun.is_authentic(got, b"their password")
    assert not stun.is_authentic(got, b"another")


def test_a_check_of_the_server_gets_the_address_that_it_came_from():
    request = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    sent = stun.answer(stun.parse(bytes(request)), b"our password", ("10.1.2.3", 4567))
    reply = aioice_stun.parse_message(sent)
    assert reply.check_message_integrity(b"our password")
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == ("10.1.2.3", 4567)


def test_reports_and_requests_say_what_they_should_to_aiortc():
    block = rtcp.Block(9, 64, 3, 70_000, 5, 6)
    compound = rtcp.receiver_report(1, [block]) + rtcp.remb(1, 9, 2_500_000) + rtcp.pli(1, 9)
    report, estimate, request, lost = RtcpPacket.parse(compound + rtcp.nack(1, 9, 77))

    assert isinstance(report, RtcpRrPacket)
    told = report.reports[0]
    assert (told.ssrc, told.fraction_lost, told.packets_lost) == (9, 64, 3)
    assert (told.highest_sequence, told.lsr, told.dlsr) == (70_000, 5, 6)
    bps, ssrcs = unpack_remb_fci(estimate.fci)
    assert bps == pytest.approx(2_500_000, rel=1e-4) and ssrcs == [9]
    assert isinstance(request, RtcpPsfbPacket) and request.media_ssrc == 9
    assert isinstance(lost, RtcpRtpfbPacket) and lost.lost == [77]


@given(st.sets(st.integers(0, 65_535), min_size=1, max_size=30))
def test_all_that_a_nack_asks_for_is_found(wanted):
    asked = bytes(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2, lost=sorted(wanted)))
    (part,) = rtcp.parts(asked)
    assert set(rtcp.sequences(part)) == wanted


@pytest.mark.parametrize("name", ["talk", "talk_bursts"])
def test_a_talk_has_its_bitrate_and_larger_keyframes(name):
    talk = SHAPES[name]
    frames = round(talk.keyframe_every_s * shape.FRAMES_PER_S)
    sizes = [sum(talk.sizes(number == 0)) for number in range(frames)]
    assert 8 * sum(sizes) / talk.keyframe_every_s == pytest.approx(2_500_000, rel=0.01)
    assert sizes[0] == pytest.approx(4 * sizes[1], rel=0.01)
    assert max(talk.sizes(True)) <= shape.MAX_VIDEO_BYTES
    assert len(set(map(sum, map(SHAPES["even"].sizes, (True, False))))) == 1
    assert SHAPES["fixed"].sizes(False) == SHAPES["fixed"].sizes(True) == [1_150] * 8


def test_a_picture_is_vp8_to_a_depacketizer_and_its_mark_survives_padding():
    mark = Mark(5, 1 << 50)
    payload = shape.video_payload(600, first=True, keyframe=True, picture=9, layer0=3, mark=mark)
    descriptor, rest = VpxPayloadDescriptor.parse(payload)
    assert (descriptor.partition_start, descriptor.picture_id, descriptor.tl0picidx) == (1, 9, 3)
    assert len(payload) == 600 and not rest[0] & 1 and rest[3:6] == b"\x9d\x01\x2a"

    packet, roc = Track(VIDEO, 90_000).packet(payload, 1.0, marker=True)
    padded = bytes([packet[0] | 0x20]) + packet[1:] + b"\0\0\3"
    assert shape.read_mark(packet) == shape.read_mark(padded) == mark and roc == 0
    assert shape.read_mark(rtp(1)) is None


# Counting ---------------------------------------------------------------------------------------


@pytest.fixture
def counted():
    """A counter that samples everything it can, a sender, and the socket that is counted at slot 1."""
    counter = Counter(4, 1.0)
    ours, theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    grow_receive_buffer(ours)
    ours.bind(("127.0.0.1", 0))
    theirs.connect(ours.getsockname())
    counter.add(1, ours)
    yield counter, theirs, ours
    counter.remove([(1, ours)])
    counter.stop()
    ours.close()
    theirs.close()


def deliver(counter, sender, sequences):
    before = counter.totals(0, 4).datagrams
    for sequence in sequences:
        sender.send(rtp(sequence))
    until = time.monotonic() + 5
    while counter.totals(0, 4).datagrams < before + len(sequences):
        assert time.monotonic() < until
        time.sleep(0.001)


def test_gaps_are_lost_and_what_comes_late_or_twice_is_not(counted):
    counter, sender, _ = counted
    deliver(
        counter, sender, [65_530, 65_531, 65_535, 0, 65_534, 0, 3]
    )  # 532, 533, 1 and 2 are missing

    (stream,) = counter.streams(1)
    assert (stream.packets, stream.expected, stream.lost) == (7, 10, 4)
    assert (stream.doubled, stream.late, stream.jumps) == (1, 1, 0)
    assert stream.rtp_highest == 65_536 + 3
    totals = counter.totals(0, 4)
    assert (totals.packets, totals.lost, totals.doubled) == (7, 4, 1)
    assert totals.lost_share == pytest.approx(4 / 11)


def test_another_numbering_is_a_jump_and_no_loss(counted):
    counter, sender, _ = counted
    deliver(counter, sender, [10, 11, 30_000, 30_001])
    (stream,) = counter.streams(1)
    assert (stream.jumps, stream.lost) == (1, 0)


def test_samples_are_whole_and_know_their_turn_of_sequence_numbers(counted):
    counter, sender, _ = counted
    deliver(counter, sender, [65_000 + number & 0xFFFF for number in range(1_000)])
    sampled = [d for d in counter.datagrams() if d.whole]
    assert sampled and all(d.slot == 1 and len(d.data) == 52 for d in sampled)
    for datagram in sampled:
        sequence = int.from_bytes(datagram.data[2:4], "big")
        assert datagram.roc == (sequence < 65_000)


def test_what_is_no_rtp_comes_out_whole_and_is_not_counted_as_packets(counted):
    counter, sender, _ = counted
    report = rtcp.receiver_report(1, [])
    sender.send(report)
    until = time.monotonic() + 5
    while not (found := list(counter.datagrams())):
        assert time.monotonic() < until
    assert [d.data for d in found] == [report]
    assert counter.totals(0, 4).packets == 0


def test_a_slot_is_new_when_it_is_used_again(counted):
    counter, sender, ours = counted
    deliver(counter, sender, [1, 2, 9])
    counter.remove([(1, ours)])
    assert counter.totals(0, 4).packets == 0
    counter.add(1, ours)
    deliver(counter, sender, [500])
    assert counter.totals(0, 4).lost == 0


def test_a_figure_that_does_not_count_says_why(capsys):
    figures = Figures()
    figures.add("viewers", 10, invalid="others used the worker's core")
    figures.show()
    assert "INVALID viewers: others used the worker's core" in capsys.readouterr().out
    assert figures.values()["viewers"]["invalid"]


def test_an_answer_without_an_address_is_refused():
    with pytest.raises(ValueError, match="the answer has no"):
        read_answer("v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n")


# Against a real server --------------------------------------------------------------------------


async def test_thin_viewers_get_all_that_a_thin_publisher_sends():
    async with show(8) as one:
        publishing = one.publish("fixed")
        viewers = one.viewers.join(one.tokens(4))
        one.loop.run_for(0.5)
        window = one.viewers.watch(2.0)

        assert window.totals.lost == window.totals.doubled == window.totals.jumps == 0
        assert window.packets_per_s / 4 == pytest.approx(290, rel=0.1)
        assert not window.drops and not window.forged and not window.unmarked
        assert {s.payload_type for s in one.viewers.streams(viewers[0])} == {111, VIDEO}
        assert one.viewers.samples and all(s.delay_ms > 0 for s in one.viewers.samples)
        assert not one.viewers.silent()

        before = publishing.counts()
        ssrc = next(s.ssrc for s in one.viewers.streams(viewers[0]) if s.payload_type == VIDEO)
        viewers[0].peer.send_rtcp(rtcp.pli(1, ssrc))
        one.loop.run_until(lambda: publishing.counts()["plis"] > before["plis"], 5, "a PLI")

        resources = {viewer.resource for viewer in viewers}
        assert len(resources) == 4
        one.viewers.leave(viewers[:3])
        assert set(one.viewers.here.values()) == {viewers[3]}
        assert one.viewers.watch(0.5).totals.lost == 0


async def test_a_viewer_who_is_not_let_in_is_told_of():
    async with show(2) as one:
        viewers = Viewers(one.loop, f"{one.base}/stages/nowhere/whep", 2)
        with pytest.raises(RuntimeError, match="404"):
            viewers.join(one.tokens(1))
        viewers.close()
