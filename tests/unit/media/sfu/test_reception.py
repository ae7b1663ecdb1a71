"""The packets of a stream that came and that did not, against a model of a bad line."""

import heapq
import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.rtp import rtcp
from showcaller.media.sfu.reception import (
    ASK_AGAIN_S,
    GIVEN_UP_S,
    MAX_AHEAD,
    MAX_ASKED,
    MAX_BACK,
    REORDERING_S,
    UNKNOWN_RTT_S,
    Reception,
)

SSRC, CLOCK_HZ = 7, 90_000
STEP_S = 0.004  # between two packets


def received(*sequences, now_s=1.0):
    """A reception of those, all at once, and what it said to each."""
    reception = Reception(SSRC, CLOCK_HZ)
    return reception, [reception.add(sequence, 0, now_s, 100) for sequence in sequences]


def test_sequence_numbers_are_extended_over_the_wrap():
    _, extended = received(65_534, 65_535, 1, 0, 2)
    assert extended == [65_534, 65_535, 65_537, 65_536, 65_538]


def test_a_duplicate_is_none_and_so_is_what_came_before_the_first():
    _, extended = received(10, 12, 12, 11, 11, 9, 10)
    assert extended == [10, 12, None, 11, None, None, None]


def test_what_is_only_out_of_order_is_not_asked_for():
    reception, _ = received(10, 12)
    assert reception.missing(1.0 + REORDERING_S / 2) == []
    reception.add(11, 0, 1.0 + REORDERING_S / 2, 100)
    assert reception.missing(2.0) == []
    assert (reception.lost, reception.repaired) == (0, 0)


def test_a_missing_packet_is_asked_for_until_it_comes():
    reception, _ = received(65_534, 1)
    now_s = 1.0 + REORDERING_S
    assert reception.missing(now_s) == [65_535, 65_536]
    assert reception.missing(now_s + 0.05) == []
    assert reception.add(65_535, 0, now_s + 0.05, 100) == 65_535
    assert reception.missing(now_s + UNKNOWN_RTT_S) == [65_536]
    assert reception.repaired == 1


def test_a_repair_measures_the_round_trip_and_sets_the_pace():
    reception, _ = received(10, 12, 14)
    now_s = 1.0 + REORDERING_S
    reception.missing(now_s)
    reception.add(11, 0, now_s + 0.06, 100)
    assert reception.rtt_s == pytest.approx(0.06)
    again_s = now_s + UNKNOWN_RTT_S
    assert reception.missing(again_s) == [13]
    assert reception.missing(again_s + 0.055) == []
    assert reception.missing(again_s + 0.065) == [13]


def test_a_missing_packet_is_asked_for_eight_times_and_given_up_after_a_second():
    reception, _ = received(10, 12)
    asked_s = [1 + ms / 1000 for ms in range(0, 3000, 5) if reception.missing(1 + ms / 1000)]
    assert len(asked_s) == MAX_ASKED
    assert min(b - a for a, b in itertools.pairwise(asked_s)) >= ASK_AGAIN_S
    assert reception.lost == 1
    assert reception.add(11, 0, 4.0, 100) is None


@pytest.mark.parametrize("first", [10, 40_000])
@pytest.mark.parametrize("jump", [-MAX_BACK - 2, MAX_AHEAD + 1, 30_000])
def test_two_packets_show_that_a_source_begins_anew(first, jump):
    """Two packets say so; the first of them is asked for again."""
    reception, _ = received(first, first + 2)
    begin = first + 2 + jump
    assert reception.add(begin & 0xFFFF, 0, 1.1, 100) is None
    extended = reception.add(begin + 1 & 0xFFFF, 0, 1.1, 100)
    assert extended is not None and extended > first + 2
    assert (extended - begin - 1) % 0x10000 == 0
    assert (reception.restarts, reception.lost) == (1, 1)
    assert reception.missing(1.2) == [extended - 1]
    assert reception.add(begin & 0xFFFF, 0, 1.25, 100) == extended - 1
    assert reception.add(begin + 2 & 0xFFFF, 0, 1.25, 100) == extended + 1


def test_one_stray_packet_is_no_new_beginning():
    reception, _ = received(10, 11)
    assert reception.add(20_000, 0, 1.0, 100) is None
    assert reception.add(12, 0, 1.0, 100) == 12
    assert reception.add(20_001, 0, 1.0, 100) is None
    assert (reception.restarts, reception.packets) == (0, 3)


@pytest.mark.parametrize("step", [-MAX_BACK, MAX_AHEAD])
def test_a_jump_within_bounds_is_no_new_beginning(step):
    reception, _ = received(10_000)
    reception.add(10_000 + step, 0, 1.0, 100)
    reception.add(10_001 + step, 0, 1.0, 100)
    assert reception.restarts == 0


# Reports ---------------------------------------------------------------------------------------


def test_a_block_tells_what_was_lost_since_the_last_one():
    reception, _ = received(*range(65_500, 65_536, 2))
    block = reception.block(1.0)
    assert (block.ssrc, block.highest) == (SSRC, 65_534)
    assert (block.lost, block.lost_share) == (17, 17 / 35)
    for sequence in range(65_535, 65_555):
        reception.add(sequence & 0xFFFF, 0, 1.1, 100)
    block = reception.block(2.0)
    assert (block.lost, block.lost_share, block.highest) == (17, 0.0, 65_554)
    assert reception.block(3.0).lost_share == 0.0


def test_repairs_do_not_hide_a_bad_line():
    reception, _ = received(10, 12)
    reception.missing(1.0 + REORDERING_S)
    reception.add(11, 0, 1.05, 100)
    assert reception.block(1.1).lost_share == pytest.approx(1 / 3)
    assert reception.lost == 0


def test_a_late_packet_makes_up_for_a_loss_that_was_told():
    reception, _ = received(10, 12)
    assert reception.block(1.0).lost == 1
    reception.add(11, 0, 1.005, 100)
    block = reception.block(1.1)
    assert (block.lost, block.lost_share) == (0, 0.0)


def test_a_block_echoes_the_last_sender_report():
    reception, _ = received(10)
    assert reception.block(1.0)[5:] == (0, 0)
    ntp = rtcp.ntp(1_700_000_000.0)
    reception.note_sender_report(ntp, 5, 1.0)
    assert reception.block(1.5)[5:] == (rtcp.middle(ntp), 32_768)


def test_the_senders_clock():
    reception, _ = received(10)
    assert reception.ntp_of(0) is None
    reception.note_sender_report(rtcp.ntp(1_000.0), 0xFFFFFFFF, 1.0)
    base_s = 1_000.0 + 2_208_988_800
    assert reception.ntp_of(89_999) == pytest.approx(base_s + 1)
    assert reception.ntp_of(0xFFFFFFFF - 45_000) == pytest.approx(base_s - 0.5)


def test_jitter_of_a_steady_stream_is_nothing_and_of_another_it_is_that():
    steady, shaken = Reception(SSRC, CLOCK_HZ), Reception(SSRC, CLOCK_HZ)
    for n in range(400):
        for part in range(3):  # of one frame: paced, which is no jitter
            sequence, timestamp = 3 * n + part, (n * 3000 + 0xFFFFF000) & 0xFFFFFFFF
            steady.add(sequence, timestamp, n / 30 + part * 0.005, 100)
            shaken.add(sequence, timestamp, n / 30 + n % 2 * 0.01, 100)
    assert steady.jitter < 1
    assert shaken.jitter == pytest.approx(900, rel=0.01)
    steady.add(1200, 12345, 14.0, 100)  # its clock jumps
    assert steady.jitter < 1


def test_the_bitrate_is_that_of_what_came_of_late():
    reception = Reception(SSRC, CLOCK_HZ)
    assert reception.bitrate_bps(5.0) == 0
    for n in range(1_000):
        reception.add(n, 0, 5 + n / 100, 1_250)
        if n in (100, 999):
            assert reception.bitrate_bps(5 + n / 100) == pytest.approx(1_000_000, rel=0.25)
    assert reception.bitrate_bps(18.0) == 0


# A bad line -------------------------------------------------------------------------------------


class Line:
    """Packets that get lost, doubled and reordered; and a sender that answers what it is asked for."""

    def __init__(self, seed, *, first, count, lossy, doubled, spread_s, repair_lossy, rtt_s):
        self.random = random.Random(seed)
        self.lossy, self.doubled, self.spread_s = lossy, doubled, spread_s
        self.repair_lossy, self.rtt_s = repair_lossy, rtt_s
        self.first, self.count = first, count
        self.arrivals = []  # (when, extended sequence)
        self.came = {}
        self.asked = Counter()
        self.reception = Reception(SSRC, CLOCK_HZ)

    def chance(self, probability):
        return self.random.random() < probability

    def send(self, sequence, at_s):
        for _ in range(1 + self.chance(self.doubled)):
            late_s = self.random.uniform(0, self.spread_s)
            heapq.heappush(self.arrivals, (at_s + late_s, sequence))

    def run(self):
        for n in range(self.count):
            last = n in (0, self.count - 1)
            if last or not self.chance(self.lossy):
                self.send(self.first + n, 1 + n * STEP_S)
        tick_s, end_s = 1.0, 1 + self.count * STEP_S + 2 * GIVEN_UP_S
        while tick_s < end_s:
            while self.arrivals and self.arrivals[0][0] <= tick_s:
                self.arrive(*heapq.heappop(self.arrivals))
            self.ask(tick_s)
            tick_s += 0.005

    def arrive(self, now_s, sequence):
        extended = self.reception.add(sequence & 0xFFFF, sequence * 360, now_s, 100)
        if sequence in self.came or sequence < min(self.came, default=sequence):
            assert extended is None
        elif extended is not None:
            assert extended - sequence == self.offset(extended, sequence)
            self.came[sequence] = now_s

    def offset(self, extended, sequence):
        """The first packet's cycle is the reception's first."""
        if not self.came:
            self.base = extended - sequence
        return self.base

    def ask(self, now_s):
        for extended in self.reception.missing(now_s):
            sequence = extended - self.base
            assert sequence not in self.came
            self.asked[sequence] += 1
            if not self.chance(self.repair_lossy):
                self.send(sequence, now_s + self.rtt_s)


SHARES = st.sampled_from([0.0, 0.02, 0.1, 0.5])


@settings(max_examples=150, deadline=None)
@given(
    line=st.builds(
        Line,
        st.integers(),
        first=st.sampled_from([0, 500, 65_400]),
        count=st.integers(2, 400),
        lossy=SHARES,
        doubled=SHARES,
        spread_s=st.sampled_from([0.0, 0.008, 0.03]),
        repair_lossy=st.sampled_from([0.0, 0.3, 1.0]),
        rtt_s=st.sampled_from([0.005, 0.05, 0.3]),
    )
)
def test_everything_missing_is_asked_for_and_the_counts_are_true(line):
    line.run()
    reception = line.reception
    seen = range(min(line.came), max(line.came) + 1)
    gone = [sequence for sequence in seen if sequence not in line.came]
    assert reception.packets == len(line.came)
    assert reception.bytes == 100 * len(line.came)
    assert reception.lost == len(gone)
    assert reception.missing(1e6) == []
    assert max(line.asked.values(), default=0) <= MAX_ASKED
    assert all(line.asked[sequence] >= (MAX_ASKED if line.rtt_s < 0.1 else 3) for sequence in gone)
    block = reception.block(1e6)
    firsthand = sum(1 for sequence in line.came if not line.asked[sequence])
    assert block.lost == len(seen) - firsthand
    assert reception.repaired == len(line.came) - firsthand
    if line.repair_lossy == 0.0:
        assert gone == []
