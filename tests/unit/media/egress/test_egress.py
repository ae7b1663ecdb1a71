"""The contract that both egresses keep. Everything goes through real sockets and is read by libsrtp."""

import itertools
import os
import socket
import weakref

import pytest

from showcaller.media.egress import Batch
from showcaller.media.egress.keys import CM, GCM, Keys

SSRC = 0xDEADBEEF
UDP_GRO = 104
SO_NO_CHECK = 11  # without checksums Linux refuses UDP_SEGMENT


def sequences(packets):
    return [int.from_bytes(packet[2:4], "big") for packet in packets]


def open_files():
    return sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208


class TestSending:
    @pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
    @pytest.mark.parametrize("profile", [GCM, CM])
    def test_each_viewer_gets_the_batch_under_its_own_ssrc_and_keys(
        self, egress, watch, make, family, profile
    ):
        group, watching = egress.group(), []
        for number in range(3):
            sink, peer = watch(egress, family, profile)
            group.add(sink.stream(number))
            watching.append((number, peer))
        packets = [make.rtp(n, bytes([n]) * 900) for n in range(5)]
        assert group.send(make.batch(*packets)) == 3
        for number, peer in watching:
            assert peer.packets() == [make.rtp(n, bytes([n]) * 900, ssrc=number) for n in range(5)]

    def test_profiles_may_be_mixed_in_a_group(self, egress, watch, make):
        group, peers = egress.group(), []
        for profile in (GCM, CM, GCM):
            sink, peer = watch(egress, profile=profile)
            group.add(sink.stream(SSRC))
            peers.append(peer)
        group.send(make.batch(make.rtp(1), make.rtp(2)))
        assert [sequences(peer.packets()) for peer in peers] == [[1, 2]] * 3

    def test_a_frame_is_one_send(self, egress, watch, make):
        sink, peer = watch(egress)
        group = egress.group()
        group.add(sink.stream(SSRC))
        peer.socket.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        group.send(make.batch(*(make.rtp(n, bytes(1100)) for n in range(7)), make.rtp(7)))
        assert peer.sends() == [8]

    def test_other_sizes_take_sends_of_their_own(self, egress, watch, make):
        sink, peer = watch(egress)
        group, sizes = egress.group(), (500, 500, 20, 700, 0, 700)
        group.add(sink.stream(SSRC))
        packets = [make.rtp(n, os.urandom(size), ssrc=SSRC) for n, size in enumerate(sizes)]
        group.send(make.batch(*packets))
        assert peer.packets() == packets

    def test_what_a_viewer_has_had_before_is_added(self, egress, watch, make):
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        stream.shift(sequence=65_530, timestamp=0xFFFFFFFF, picture=0x7FFF, tl0=255)
        stream.send_one(
            make.batch(
                make.rtp(8, b"\x90\xe0\x80\x00\x05rest"),
                make.rtp(9, b"no picture id"),
                picture_at=(14, 0),
                tl0_at=(16, 0),
            )
        )
        assert peer.packets() == [
            make.rtp(2, b"\x90\xe0\xff\xff\x04rest", timestamp=8999, ssrc=SSRC),
            make.rtp(3, b"no picture id", timestamp=8999, ssrc=SSRC),
        ]

    def test_negative_shifts_count_backwards(self, egress, watch, make):
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        stream.shift(sequence=-3, timestamp=-9001)
        stream.send_one(make.batch(make.rtp(10)))
        assert peer.packets() == [make.rtp(7, timestamp=0xFFFFFFFF, ssrc=SSRC)]

    def test_the_send_time_is_stamped(self, egress, watch, make):
        sink, peer = watch(egress)
        packets = [make.with_send_time(make.rtp(n)) for n in range(2)]
        sink.stream(SSRC).send_one(make.batch(*packets, send_time_at=17))
        stamp = int(5.5 * (1 << 18)).to_bytes(3, "big")
        assert [packet[17:20] for packet in peer.packets()] == [stamp] * 2

    def test_single_packets_and_rtcp_go_as_they_are(self, egress, watch, make):
        sink, peer = watch(egress)
        rtx, bye = make.rtp(77, ssrc=0x1234), bytes.fromhex("81cb0001deadbeef")
        assert sink.send(rtx) and sink.send_rtcp(bye)
        first, second = peer.datagrams()
        assert peer.session.unprotect(first) == rtx
        assert peer.session.unprotect_rtcp(second) == bye

    def test_what_was_sent_is_counted_as_sender_reports_want_it(self, egress, watch, make):
        sink, _ = watch(egress)
        stream = sink.stream(SSRC)
        padded = b"\xa0" + make.rtp(2, b"five!\0\0\3")[1:]
        stream.send_one(make.batch(make.with_send_time(make.rtp(1, b"eleven")), padded))
        assert (stream.packets, stream.octets, stream.dropped) == (2, 6 + 5, 0)

    @pytest.mark.parametrize(
        ("data", "sizes", "fields"),
        [
            (b"\x80" + bytes(10), (11,), {}),
            (b"\x40" + bytes(20), (21,), {}),
            (b"\x80" + bytes(20), (20,), {}),
            (b"\x80" + bytes(20), (12, 12), {}),
            (b"\x8f" + bytes(20), (21,), {}),
            (b"\x90" + bytes(13) + b"\xff\xff" + bytes(4), (20,), {}),
            (b"\xa0" + bytes(19) + b"\x30", (21,), {}),
            (b"\x80" + bytes(20), (21,), {"send_time_at": 12}),
            (b"\x80" + bytes(20), (21,), {"picture_at": (20,)}),
            (b"\x80" + bytes(20), (21,), {"picture_at": (3,)}),
            (b"\x80" + bytes(20), (21,), {"tl0_at": (21,)}),
            (b"\x80" + bytes(20), (21,), {"tl0_at": (13, 13)}),
        ],
    )
    def test_a_batch_that_is_not_sound_is_an_error(self, egress, watch, data, sizes, fields):
        sink, peer = watch(egress)
        group = egress.group()
        group.add(sink.stream(SSRC))
        with pytest.raises(ValueError):
            group.send(Batch(data, sizes, **fields))
        assert peer.datagrams() == []

    def test_an_empty_batch_is_nothing(self, egress, watch):
        sink, peer = watch(egress)
        assert sink.stream(SSRC).send_one(Batch(b"", ()))
        assert peer.datagrams() == []


class TestSequence:
    @pytest.mark.parametrize("profile", [GCM, CM])
    def test_it_rolls_over_and_late_packets_are_still_understood(
        self, egress, watch, make, profile
    ):
        sink, peer = watch(egress, profile=profile)
        stream = sink.stream(SSRC)
        for order in ([65_000], [65_400, 65_532], [65_534, 0, 65_533, 1], [65_535, 2]):
            stream.send_one(make.batch(*map(make.rtp, order)))
        assert sequences(peer.packets()) == [
            65_000,
            65_400,
            65_532,
            65_534,
            0,
            65_533,
            1,
            65_535,
            2,
        ]

    def test_it_rolls_over_again_and_again(self, egress, watch, make):
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        for index in range(0, 5 << 16, 20_000):
            assert stream.send_one(make.batch(make.rtp(index)))
            assert len(peer.packets()) == 1

    def test_the_same_is_never_sent_twice_by_batches(self, egress, watch, make):
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        stream.send_one(make.batch(make.rtp(1), make.rtp(2)))
        stream.send_one(make.batch(make.rtp(2, b"other"), make.rtp(3), make.rtp(3, b"other")))
        assert [packet[12:] for packet in peer.packets()] == [b"payload"] * 3
        assert (stream.packets, stream.dropped) == (3, 0)

    def test_what_is_far_too_late_is_dropped(self, egress, watch, make):
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        assert stream.send_one(make.batch(make.rtp(2_000)))
        assert not stream.send_one(make.batch(make.rtp(976), make.rtp(977)))
        assert (sequences(peer.packets()), stream.dropped) == ([2_000, 977], 1)

    @pytest.mark.parametrize("profile", [GCM, CM])
    def test_sent_again_is_the_same_to_the_byte(self, egress, watch, make, profile):
        sink, peer = watch(egress, profile=profile)
        stream, packets = sink.stream(SSRC), []
        for sequence in (65_534, 65_535, 0, 1):
            packets.append(make.with_send_time(make.rtp(sequence, b"content", ssrc=SSRC)))
        stream.send_one(make.batch(*packets, send_time_at=17))
        first = peer.datagrams()
        assert all(stream.send_again(packet, 17) for packet in packets)
        assert peer.datagrams() == first
        assert (stream.packets, stream.octets) == (8, 8 * 7)

    def test_the_send_time_repeated_is_that_of_then(self, egress, watch, make):
        seconds = itertools.count(1)
        egress._clock = lambda: next(seconds)
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        packets = [make.with_send_time(make.rtp(n, ssrc=SSRC)) for n in range(6)]
        for one in packets:
            stream.send_one(make.batch(one, send_time_at=17))
        first = peer.datagrams()
        assert stream.send_again(packets[2], 17)
        assert peer.datagrams() == [first[2]]

    def test_what_was_not_sent_is_not_sent_again(self, egress, watch, make):
        sink, peer = watch(egress)
        stream = sink.stream(SSRC)
        stream.send_one(make.batch(make.rtp(5), make.rtp(7)))
        peer.datagrams()
        assert [stream.send_again(make.rtp(n, ssrc=SSRC)) for n in (4, 6, 8)] == [False] * 3
        assert peer.datagrams() == []

    def test_what_is_no_packet_is_not_sent_again(self, egress, watch):
        sink, _ = watch(egress)
        with pytest.raises(ValueError):
            sink.stream(SSRC).send_again(b"short")


class TestSystem:
    def test_where_segmentation_is_refused_packets_go_one_by_one(self, egress, port, peer, make):
        sender, viewer = port(), peer()
        sender.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        sink = egress.sink(viewer.keys)
        sink.aim(sender.fileno(), viewer.address)
        stream = sink.stream(SSRC)
        for first in (0, 10):
            assert stream.send_one(make.batch(*map(make.rtp, range(first, first + 10))))
        assert sequences(viewer.packets()) == list(range(20))
        assert (stream.packets, stream.dropped) == (20, 0)

    def test_on_another_way_segmentation_is_tried_again(self, egress, watch, port, make):
        sink, viewer = watch(egress)
        stream, good, bad = sink.stream(SSRC), port(), port()
        bad.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        viewer.socket.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        for sender, first in ((bad, 0), (good, 2)):
            sink.aim(sender.fileno(), viewer.address)
            stream.send_one(make.batch(make.rtp(first), make.rtp(first + 1)))
        assert viewer.sends() == [1, 1, 2]

    def test_who_can_not_be_reached_does_not_stop_the_others(self, egress, port, peer, watch, make):
        group, unreachable = egress.group(), egress.sink(peer().keys)
        unreachable.aim(port().fileno(), ("127.0.0.1", 0))
        lost = unreachable.stream(1)
        group.add(lost)
        sink, viewer = watch(egress)
        group.add(sink.stream(SSRC))
        assert group.send(make.batch(make.rtp(1), make.rtp(2))) == 2
        assert sequences(viewer.packets()) == [1, 2]
        assert (lost.packets, lost.dropped) == (0, 2)

    def test_a_sink_that_is_not_aimed_drops(self, egress, peer, make):
        sink = egress.sink(peer().keys)
        stream = sink.stream(SSRC)
        assert not stream.send_one(make.batch(make.rtp(1)))
        assert not sink.send(make.rtp(1)) and not sink.send_rtcp(bytes.fromhex("81cb0001deadbeef"))
        assert stream.dropped == 1

    def test_a_viewer_that_moves_is_followed(self, egress, watch, port, peer, make):
        sink, before = watch(egress)
        stream, after = sink.stream(SSRC), peer(socket.AF_INET6)
        stream.send_one(make.batch(make.rtp(1)))
        sink.aim(port(socket.AF_INET6).fileno(), after.address)
        stream.send_one(make.batch(make.rtp(2)))
        assert sequences(before.packets()) == [1]
        assert sequences(after.packets()) == [2]

    def test_an_address_that_is_none_changes_nothing(self, egress, watch, port, make):
        sink, viewer = watch(egress)
        with pytest.raises(OSError):
            sink.aim(port().fileno(), ("viewer.example", 9))
        sink.stream(SSRC).send_one(make.batch(make.rtp(1)))
        assert sequences(viewer.packets()) == [1]

    def test_a_number_that_is_another_file_s_now_is_not_written_to(
        self, egress, watch, port, peer, make
    ):
        sender, viewer = port(), peer()
        sink = egress.sink(viewer.keys)
        sink.aim(sender.fileno(), viewer.address)
        stream, (theirs, ours), number = sink.stream(SSRC), socket.socketpair(), sender.detach()
        with theirs, ours:
            os.dup2(ours.fileno(), number)
            stream.send_one(make.batch(make.rtp(1)))
            os.close(number)
            theirs.setblocking(False)
            with pytest.raises(BlockingIOError):
                theirs.recv(1)
        assert sequences(viewer.packets()) == [1]

    def test_closing_gives_all_files_back(self, egress, port, peer):
        viewer = peer()
        senders = [port(), port()]
        before = open_files()
        sinks = [egress.sink(viewer.keys) for _ in range(5)]
        for sink, sender in itertools.product(sinks, senders):
            sink.aim(sender.fileno(), viewer.address)
        assert len(open_files()) == len(before) + 1
        for sink in sinks:
            sink.close()
        assert open_files() == before


class TestGroups:
    def test_streams_come_and_go(self, egress, watch, make):
        group, watching = egress.group(), []
        for number in range(20):
            sink, peer = watch(egress)
            watching.append((sink.stream(number), peer))
        for stream, _ in watching:
            group.add(stream)
            group.add(stream)
        for number in (19, 0, 7, 7):
            group.discard(watching[number][0])
        assert len(group) == 17
        assert group.send(make.batch(make.rtp(1))) == 17
        came = [len(peer.packets()) for _, peer in watching]
        assert came == [0, *[1] * 6, 0, *[1] * 11, 0]

    def test_a_part_may_be_sent_to(self, egress, watch, make):
        group, peers = egress.group(), []
        for number in range(5):
            sink, peer = watch(egress)
            group.add(sink.stream(number))
            peers.append(peer)
        one = make.batch(make.rtp(1))
        assert group.send(one, 1, 2) == 3
        assert [len(peer.packets()) for peer in peers] == [0, 1, 1, 0, 0]
        assert group.send(one, 3, 100) == 5
        assert group.send(one, 5) == 5 and group.send(one, 9) == 5

    def test_a_closed_sink_leaves_its_groups(self, egress, watch, make):
        group = egress.group()
        (first, gone), (second, here) = watch(egress), watch(egress)
        group.add(first.stream(1))
        group.add(second.stream(2))
        group.add(first.stream(3))
        first.close()
        first.close()
        assert len(group) == 1
        assert group.send(make.batch(make.rtp(1))) == 1
        assert (len(gone.packets()), len(here.packets())) == (0, 1)

    def test_using_a_closed_sink_is_an_error(self, egress, watch, make):
        sink, _ = watch(egress)
        stream, one = sink.stream(SSRC), make.batch(make.rtp(1))
        stream.send_one(one)
        sink.close()
        for use in (
            lambda: sink.stream(1),
            lambda: sink.send(make.rtp(1)),
            lambda: sink.send_rtcp(make.rtp(1)),
            lambda: sink.aim(0, ("127.0.0.1", 1)),
            lambda: stream.send_one(one),
            lambda: stream.send_again(make.rtp(1)),
            lambda: stream.shift(sequence=1),
            lambda: egress.group().add(stream),
        ):
            with pytest.raises(RuntimeError):
                use()
        assert stream.packets == 1, "what it sent can still be reported"

    def test_a_closed_sink_waits_for_no_garbage_collector(self, egress, peer):
        sink = egress.sink(peer().keys)
        stream = sink.stream(SSRC)
        egress.group().add(stream)
        traces = weakref.ref(sink), weakref.ref(stream)
        sink.close()
        del sink, stream
        assert [trace() for trace in traces] == [None, None]

    @pytest.mark.parametrize("keys", [Keys("SRTP_NULL", bytes(16), bytes(14)), Keys(GCM, b"", b"")])
    def test_keys_that_are_none_are_an_error(self, egress, keys):
        with pytest.raises(ValueError):
            egress.sink(keys)
