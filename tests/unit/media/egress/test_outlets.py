"""Outlets: what sinks send there is what they would send to a socket, in both egresses."""

import pytest

from showcaller.media.egress import outlets
from showcaller.media.egress.keys import CM, GCM


class Taken:
    """An outlet that keeps what it is given; it takes nothing while `full`."""

    def __init__(self):
        self.full = False
        self.sends = []
        self.number = outlets.open_outlet(self.take)

    def take(self, packets, segment):
        if not self.full:
            self.sends.append((bytes(packets), segment))
        return not self.full

    def packets(self):
        taken = [p[at : at + size] for p, size in self.sends for at in range(0, len(p), size)]
        self.sends.clear()
        return taken


@pytest.fixture
def outlet():
    taken = Taken()
    yield taken
    outlets.close_outlet(taken.number)


@pytest.fixture(params=[GCM, CM])
def sink(request, egress, peer, outlet):
    """(a sink that is aimed at the outlet, what decrypts for it)."""
    one = peer(profile=request.param)
    made = egress.sink(one.keys)
    made.aim(outlet.number, ("192.0.2.1", 4000))
    yield made, one.session
    made.close()


def test_a_batch_goes_there_as_a_socket_would_cut_it(egress, sink, outlet, make):
    (made, session), group = sink, egress.group()
    group.add(made.stream(7))
    packets = [make.rtp(n, bytes([n]) * 900) for n in range(5)] + [make.rtp(5, b"last")]
    assert group.send(make.batch(*packets)) == 1
    assert len(outlet.sends) == 1, "a frame is one send"
    came = [session.unprotect(packet) for packet in outlet.packets()]
    assert came == [make.rtp(n, bytes([n]) * 900, ssrc=7) for n in range(5)] + [
        make.rtp(5, b"last", ssrc=7)
    ]


def test_single_packets_go_there_too(sink, outlet, make):
    made, session = sink
    stream = made.stream(7)
    assert stream.send_one(make.batch(make.rtp(1)))
    assert stream.send_again(make.rtp(1, ssrc=7))
    assert made.send(make.rtp(1, ssrc=8))
    assert made.send_rtcp(b"\x80\xc9\x00\x01" + bytes(4))
    first, again, other, report = outlet.packets()
    assert first == again and session.unprotect(first) == make.rtp(1, ssrc=7)
    assert session.unprotect(other) == make.rtp(1, ssrc=8)
    assert session.unprotect_rtcp(report)


def test_what_it_does_not_take_is_dropped_and_holds_nobody_up(egress, sink, outlet, watch, make):
    (made, session), group = sink, egress.group()
    other, peer = watch(egress)
    slow, quick = made.stream(7), other.stream(8)
    group.add(slow)
    group.add(quick)
    outlet.full = True
    assert group.send(make.batch(make.rtp(1), make.rtp(2))) == 2
    assert (slow.packets, slow.dropped) == (0, 2) and quick.packets == len(peer.packets()) == 2
    outlet.full = False
    assert group.send(make.batch(make.rtp(3))) == 2
    assert [session.unprotect(packet) for packet in outlet.packets()] == [make.rtp(3, ssrc=7)]


def test_what_goes_to_a_closed_one_is_dropped(sink, outlet, make):
    made, _ = sink
    stream = made.stream(7)
    outlets.close_outlet(outlet.number)
    assert not stream.send_one(make.batch(make.rtp(1))) and stream.dropped == 1
    assert not made.send_rtcp(b"\x80\xc9\x00\x01" + bytes(4))


def test_a_viewer_may_change_between_a_socket_and_an_outlet(sink, outlet, port, peer, make):
    made, session = sink
    stream, other = made.stream(7), peer()
    assert stream.send_one(make.batch(make.rtp(1)))
    made.aim(port().fileno(), other.address)
    assert stream.send_one(make.batch(make.rtp(2)))
    made.aim(outlet.number, ("192.0.2.1", 4000))
    assert stream.send_one(make.batch(make.rtp(3)))
    first, last = outlet.packets()
    came = [session.unprotect(packet) for packet in (first, *other.datagrams(), last)]
    assert came == [make.rtp(n, ssrc=7) for n in (1, 2, 3)]
