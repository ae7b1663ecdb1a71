"""The streams to a viewer, and the consequences of its reports: packets and a clock by hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller.media.egress import choose
from showcaller.media.rtp import rtcp
from showcaller.media.sfu.feed import Feed
from showcaller.media.sfu.pacer import Pacer
from showcaller.media.sfu.repairs import AGAIN_BPS, MAX_TIMES_AGAIN
from showcaller.media.sfu.wishes import CALM_AFTER_S, WISH_AGAIN_AT_MOST_S
from showcaller.testing.media_by_hand import (
    DELTA_PICTURE,
    KEY_PICTURE,
    VP8,
    WALL_AHEAD_S,
    Audience,
    Clock,
    Noted,
    Speaker,
)

OFFERS = Path(__file__).parents[1] / "sdp/offers"
VIDEO, REPAIRS, AUDIO = 70, 71, 80


@pytest.fixture
def clock():
    return Clock()


class Stage:
    """A speaker on a stage, and one who watches."""

    def __init__(self, clock):
        egress = choose("python")
        self.clock = clock
        self.feed = Feed("main", egress, Pacer(lambda again: None, clock), Noted())
        self.speaker = Speaker(clock, egress, OFFERS / "chromium-publisher.sdp", listener=self)
        self.audience = Audience(clock, egress, OFFERS / "chromium-viewer.sdp")
        self.viewer = self.audience.viewer
        self.show(self.speaker)
        self.feed.add(self.viewer, clock.now_s)
        self.speaker.send(VP8, 1, KEY_PICTURE)

    def show(self, speaker):
        self.feed.show(speaker.ingest, speaker.ingest, self.clock.now_s)

    def on_ingest_changed(self, ingest, now_s):
        self.feed.show(ingest, ingest, now_s)

    def on_ingest_packet(self, ingest, data):
        """Nobody borrows it."""

    @property
    def wishes(self):
        return len(self.audience.noted.wishes)

    def say(self, packet):
        self.viewer.on_rtcp(packet, self.clock.now_s)

    def pictures(self, count=1):
        """The numbers of pictures that come to the viewer."""
        for _ in range(count):
            self.speaker.send(VP8, 1, DELTA_PICTURE + bytes(1_000))
            self.clock.now_s += 0.04
        return [packet.sequence for packet in self.audience.packets(VIDEO)]

    def close(self):
        self.feed.end()
        self.audience.close()


@pytest.fixture
def stage(clock):
    stage = Stage(clock)
    yield stage
    stage.close()


def test_what_a_viewer_misses_is_sent_again_as_a_retransmission(stage):
    *_, lost = stage.pictures(3)
    stage.say(rtcp.nack(9, VIDEO, [lost]))
    [repair] = stage.audience.packets(REPAIRS)
    assert int.from_bytes(repair.payload[:2]) == lost  # RFC 4588 §4
    assert (stage.viewer.nacks, stage.viewer.retransmitted) == (1, 1)


def test_a_repair_that_is_on_its_way_is_not_sent_twice(stage):
    *_, lost = stage.pictures(3)
    for _ in range(5):
        stage.say(rtcp.nack(9, VIDEO, [lost]))
    assert len(stage.audience.packets(REPAIRS)) == 1
    stage.clock.now_s += 0.03
    stage.say(rtcp.nack(9, VIDEO, [lost]))
    assert len(stage.audience.packets(REPAIRS)) == 1


def test_one_packet_is_repaired_a_few_times_at_most(stage):
    *_, lost = stage.pictures(3)
    for _ in range(50):
        stage.say(rtcp.nack(9, VIDEO, [lost]))
        stage.clock.now_s += 0.2
    assert len(stage.audience.packets(REPAIRS)) == MAX_TIMES_AGAIN
    *_, lost = stage.pictures(1)
    stage.say(rtcp.nack(9, VIDEO, [lost]))
    assert len(stage.audience.packets(REPAIRS)) == 1


def test_repairs_have_a_budget(stage):
    numbers = stage.pictures(400)
    for _ in range(3):
        for at in range(0, 400, 16):
            stage.say(rtcp.nack(9, VIDEO, numbers[at : at + 16]))
        stage.clock.now_s += 0.03
    sent_bits = 8 * 1_000 * stage.viewer.retransmitted
    assert sent_bits < 1.2 * AGAIN_BPS
    stage.clock.now_s += 1
    stage.say(rtcp.nack(9, VIDEO, numbers[-1:]))
    assert 8 * 1_000 * stage.viewer.retransmitted > sent_bits


def test_what_was_never_sent_is_not_repaired(stage):
    *_, last = stage.pictures(3)
    stage.say(rtcp.nack(9, VIDEO, [last + 100 & 0xFFFF]))
    stage.say(rtcp.nack(9, 4_711, [last]))  # somebody else's stream
    assert stage.audience.packets(REPAIRS) == []


def test_one_viewers_wishes_for_keyframes_get_rarer_and_calm_makes_them_welcome_again(stage):
    granted = []
    for tenth in range(300):
        before = stage.wishes
        stage.say(rtcp.pli(9, VIDEO))
        if stage.wishes > before:
            granted.append(tenth / 10)
        stage.clock.now_s += 0.1
    waits = [round(new - old, 1) for old, new in pairwise(granted)]
    assert waits[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert max(waits) == WISH_AGAIN_AT_MOST_S
    assert stage.viewer.keyframe_requests == 300
    stage.clock.now_s += CALM_AFTER_S + 1
    before = stage.wishes
    for _ in range(2):
        stage.say(rtcp.fir(9, VIDEO, 1))
        stage.clock.now_s += 0.5
    assert stage.wishes == before + 2


def test_reports_tell_loss_jitter_and_round_trip(stage):
    sent = rtcp.ntp(
        WALL_AHEAD_S + stage.clock.now_s - 0.150
    )  # our report, which was kept for 50 ms
    block = rtcp.Block(VIDEO, 0.25, 17, 500, 900, rtcp.middle(sent), round(0.05 * 65_536))
    stage.say(rtcp.receiver_report(9, [block]))
    viewer = stage.viewer
    assert viewer.lost_share == pytest.approx(0.25, abs=0.01)
    assert (viewer.packets_lost, viewer.jitter_ms) == (17, 10.0)
    assert viewer.rtt_ms == pytest.approx(100, abs=1)


def test_losses_that_a_viewer_takes_back_are_not_taken_from_what_was_counted(stage):
    """A repair that comes late makes the receiver's sum smaller (RFC 3550 §6.4.1); counts only grow."""
    for lost in (17, 12):
        stage.say(rtcp.receiver_report(9, [rtcp.Block(VIDEO, 0.0, lost, 500, 0, 0, 0)]))
    assert stage.viewer.packets_lost == 17


def test_clocks_are_told_each_second_until_they_are_known_and_after_a_splice(stage):
    def seconds(count):
        """Return in which of them something was told."""
        told = []
        for second in range(1, count + 1):
            stage.pictures(1)
            before = stage.audience.reports
            stage.clock.now_s += 0.96
            stage.feed.each_second(0, 1, stage.clock.now_s, 1.0)
            stage.audience.packets(VIDEO)
            if stage.audience.reports > before:
                told.append(second)
        return told

    assert seconds(4) == [1, 2, 3, 4]
    seconds(2)
    assert len(seconds(10)) == 2
    spare = Speaker(stage.clock, choose("python"), OFFERS / "chromium-publisher.sdp")
    stage.show(spare)
    spare.send(VP8, 1, KEY_PICTURE)
    stage.show(spare)
    spare.send(VP8, 1, KEY_PICTURE)
    assert seconds(4) == [1, 2, 3, 4]


def test_the_line_that_a_viewer_estimates_is_known(stage):
    stage.say(rtcp.remb(9, 800_000, [VIDEO]))
    assert stage.viewer.estimate_bps == pytest.approx(800_000, rel=0.01)


def test_a_viewer_that_moves_gets_its_packets_at_the_new_place(stage):
    stage.pictures(1)
    old = stage.audience.socket
    stage.audience.socket = type(old)(old.family, old.type)
    stage.audience.socket.bind(("127.0.0.1", 0))
    stage.audience.socket.setblocking(False)
    stage.viewer.on_path((stage.audience.server.fileno(), stage.audience.socket.getsockname()))
    assert len(stage.pictures(2)) == 2
    with pytest.raises(BlockingIOError):
        old.recv(1)
    old.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(rubbish=st.binary(max_size=200))
def test_rubbish_costs_nothing_but_itself(stage, rubbish):
    """Also what only looks like a report."""
    stage.audience.packets(VIDEO)
    for data in (rubbish, bytes([0x81, 201]) + rubbish, bytes([0x81, 205]) + rubbish):
        stage.say(data)
    assert len(stage.pictures(1)) == 1


def test_at_the_end_nothing_comes_any_more(stage):
    stage.pictures(1)
    stage.viewer.end()
    assert stage.pictures(3) == []
    stage.say(rtcp.nack(9, VIDEO, [1]))
    assert stage.viewer.retransmitted == 0
