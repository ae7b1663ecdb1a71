"""A span between two nodes: whatever a line loses or brings twice, each packet comes once."""

from __future__ import annotations

import pylibsrtp
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.rtp import rtcp
from showcaller.media.sfu.reception import Reception
from showcaller.media.sfu.span import (
    BEAT,
    KEPT_PACKETS,
    KEY_BYTES,
    SALT_BYTES,
    SSRC,
    SpanSender,
    keys_of,
    read_packet,
)
from showcaller.media.transport.transport import receiving_session
from showcaller.testing.until import until

SECRET = bytes(range(KEY_BYTES + SALT_BYTES))
LOST, CAME, TWICE = 0, 1, 2


class Line:
    """A sender, and what a branch makes of its datagrams."""

    def __init__(self):
        self.datagrams = []
        self.sender = SpanSender(keys_of(SECRET), self.datagrams.append)
        self.got = []
        self.reception = Reception(SSRC, 1_000)
        self._inward = receiving_session(keys_of(SECRET))

    def deliver(self, now_s, fates=()):
        """Bring what was sent since the last time; `fates` of the first ones."""
        datagrams, self.datagrams[:] = list(self.datagrams), []
        for place, datagram in enumerate(datagrams):
            for _ in range(fates[place] if place < len(fates) else CAME):
                self._take(datagram, now_s)

    def repair(self, now_s):
        if missing := self.reception.missing(now_s):
            self.sender.on_rtcp(rtcp.nack(SSRC, SSRC, missing), now_s)
            self.deliver(now_s)

    def _take(self, datagram, now_s):
        try:
            packet = read_packet(self._inward.unprotect(datagram))
        except pylibsrtp.Error:
            return
        sequence, sent_ms, number, data = packet
        if self.reception.add(sequence, sent_ms, now_s, len(data)) is not None and number != BEAT:
            self.got.append((number, data))


@settings(max_examples=50)
@given(fates=st.lists(st.sampled_from([LOST, CAME, CAME, TWICE]), min_size=1, max_size=60))
async def test_each_packet_comes_once_whatever_the_line_does(fates):
    line = Line()
    line.sender.send(BEAT, b"", 0.0)
    line.deliver(0.0)
    sent = [(number % 3, b"packet %d" % number) for number in range(len(fates))]
    for number, data in sent:
        line.sender.send(number, data, 1.0)
    line.deliver(1.0, fates)
    line.sender.send(BEAT, b"", 1.1)
    line.deliver(1.1)
    line.repair(1.2)
    assert sorted(line.got) == sorted(sent)
    assert line.reception.lost == 0
    assert line.sender.repeated == fates.count(LOST)


async def test_a_line_that_loses_gets_each_datagram_twice_a_moment_apart():
    line = Line()
    line.sender.send(1, b"one", 0.0)
    assert len(line.datagrams) == 1
    line.sender.on_rtcp(rtcp.nack(SSRC, SSRC, [1]), 0.1)
    line.datagrams.clear()
    line.sender.send(1, b"two", 0.2)
    assert len(line.datagrams) == 1
    await until(lambda: len(line.datagrams) == 2)
    assert line.datagrams[0] == line.datagrams[1]
    line.deliver(0.3)
    assert line.got == [(1, b"two")]


def test_what_is_asked_for_too_late_is_not_there():
    line = Line()
    for number in range(KEPT_PACKETS + 1):
        line.sender.send(0, b"%d" % number, 0.0)
    line.datagrams.clear()
    line.sender.on_rtcp(rtcp.nack(SSRC, SSRC, [1, 2]), 0.0)
    assert len(line.datagrams) == line.sender.repeated == 1


@given(st.binary(max_size=60))
def test_whatever_comes_is_a_packet_or_none(data):
    found = read_packet(data)
    assert (found is None) == (len(data) < 14)
