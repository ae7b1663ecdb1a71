"""Feedback on arrivals, read as draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1 has it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.sfu.twcc import MAX_AGE, MAX_AHEAD, Recorder

TICK_S = 0.000_25
REFERENCE_S = 0.064


class Feedback:
    """One message, read bit by bit."""

    def __init__(self, data):
        flags, kind, words = data[0], data[1], int.from_bytes(data[2:4], "big")
        assert (flags, kind) == (0x80 | 15, 205)
        assert len(data) == 4 * (words + 1) <= 1_500
        self.sender, self.media, head = data[4:8], data[8:12], data[12:20]
        self.base = int.from_bytes(head[:2], "big")
        self.count = int.from_bytes(head[2:4], "big")
        self.reference_s = int.from_bytes(head[4:7], "big") * REFERENCE_S
        self.number = head[7]
        at = self.read_statuses(data, 20)
        at = self.read_deltas(data, at)
        assert not any(data[at:]) and len(data) - at < 4

    def read_statuses(self, data, at):
        self.statuses = []
        while len(self.statuses) < self.count:
            bits = f"{int.from_bytes(data[at : at + 2], 'big'):016b}"
            at += 2
            if bits[0] == "0":
                self.statuses += [int(bits[1:3], 2)] * int(bits[3:], 2)
            elif bits[1] == "0":
                self.statuses += [int(bit) for bit in bits[2:]]
            else:
                self.statuses += [int(bits[n : n + 2], 2) for n in range(2, 16, 2)]
        self.statuses = self.statuses[: self.count]
        return at

    def read_deltas(self, data, at):
        """`arrivals`: by sequence number, in seconds."""
        self.arrivals, now_s = {}, self.reference_s
        for n, status in enumerate(self.statuses):
            assert status in (0, 1, 2)
            if status:
                now_s += TICK_S * int.from_bytes(data[at : at + status], "big", signed=status == 2)
                self.arrivals[(self.base + n) & 0xFFFF] = now_s
            at += status
        return at


def told(recorder):
    """All that a recorder has to tell."""
    messages = []
    while (data := recorder.feedback(1, 2)) is not None:
        messages.append(Feedback(data))
    return messages


def record(arrivals):
    recorder = Recorder()
    for sequence, now_s in arrivals:
        recorder.add(sequence & 0xFFFF, now_s)
    return recorder


def test_there_is_no_feedback_while_nothing_came():
    assert Recorder().feedback(1, 2) is None


def test_arrivals_with_gaps_over_the_wrap():
    recorder = record([(65_534, 10.0), (65_535, 10.01), (65_538, 10.02)])
    (message,) = told(recorder)
    assert (message.sender, message.media) == (bytes([0, 0, 0, 1]), bytes([0, 0, 0, 2]))
    assert (message.base, message.statuses) == (65_534, [1, 1, 0, 0, 1])
    assert message.arrivals == pytest.approx({65_534: 10.0, 65_535: 10.01, 2: 10.02}, abs=TICK_S)
    assert told(recorder) == []


def test_the_next_message_goes_on_where_the_last_one_ended():
    recorder = record([(10, 1.0)])
    (first,) = told(recorder)
    recorder.add(13, 1.1)
    (second,) = told(recorder)
    assert (second.base, second.statuses) == (11, [0, 0, 1])
    assert second.number == first.number + 1


def test_a_late_packet_is_told_with_those_behind_it():
    recorder = record([(10, 1.0), (12, 1.01)])
    told(recorder)
    recorder.add(11, 1.1)
    (message,) = told(recorder)
    assert message.statuses == [1, 2]  # 12 is told again: it came before 11
    assert message.arrivals == pytest.approx({11: 1.1, 12: 1.01}, abs=TICK_S)


def test_a_duplicate_and_a_packet_that_is_too_late_change_nothing():
    recorder = record([(1_000, 1.0)])
    told(recorder)
    recorder.add(1_000, 1.1)
    recorder.add(1_000 - MAX_AGE, 1.1)
    assert told(recorder) == []


def test_a_pause_that_no_delta_can_hold_makes_two_messages():
    first, second = told(record([(1, 1.0), (2, 20.0)]))
    assert first.arrivals == pytest.approx({1: 1.0}, abs=TICK_S)
    assert second.arrivals == pytest.approx({2: 20.0}, abs=TICK_S)


def test_a_source_that_begins_anew():
    recorder = record([(10, 1.0), (10 + MAX_AHEAD + 1, 1.1), (12 + MAX_AHEAD, 1.2)])
    (message,) = told(recorder)
    assert (message.base, message.statuses) == (11 + MAX_AHEAD, [1, 2])


def test_long_gaps_are_short():
    data = record([(0, 1.0), (8_000, 1.01), (16_000, 1.02), (24_000, 1.03)]).feedback(1, 2)
    assert len(data) < 60


def test_arrivals_and_losses_by_turns_are_short():
    data = record((2 * n, 1.0) for n in range(70)).feedback(1, 2)
    assert len(data) <= 20 + 2 * 10 + 70 + 3


def test_many_arrivals_make_several_messages():
    recorder = record((2 * n, 100 + 0.07 * n) for n in range(250))
    messages = []
    while (data := recorder.feedback(1, 2)) is not None:
        assert len(data) <= 1_200
        messages.append(Feedback(data))
    assert [len(message.arrivals) for message in messages] == [200, 50]


def test_a_long_uptime_wraps_the_reference():
    (message,) = told(record([(1, REFERENCE_S * (0x1000000 + 0x123456))]))
    assert message.arrivals == pytest.approx({1: REFERENCE_S * 0x123456}, abs=TICK_S)


def test_leaps_that_no_count_can_hold():
    arrivals = [(n * MAX_AHEAD, 1.0) for n in range(20)]
    messages = told(record(arrivals))
    assert sum(len(message.arrivals) for message in messages) == 20
    assert len(messages) > 1


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(),
    first=st.sampled_from([0, 30_000, 65_400]),
    count=st.integers(1, 300),
    lossy=st.sampled_from([0.0, 0.05, 0.3, 0.9]),
    late_s=st.sampled_from([0.0, 0.01, 0.2]),
    pause_s=st.sampled_from([0.0, 0.002, 0.08]),
    every=st.sampled_from([1, 20, 1_000]),
)
def test_what_is_told_is_what_came(seed, first, count, lossy, late_s, pause_s, every):
    line = random.Random(seed)
    sent = [n for n in range(count) if line.random() >= lossy]
    arrivals = sorted((100 + pause_s * n + line.uniform(0, late_s), first + n) for n in sent)
    recorder, messages = Recorder(), []
    for n, (at_s, sequence) in enumerate(arrivals):
        recorder.add(sequence & 0xFFFF, at_s)
        if n % every == 0:
            messages += told(recorder)
    messages += told(recorder)
    found = {}
    for message in messages:
        found |= message.arrivals
    came = {sequence & 0xFFFF: at_s for at_s, sequence in arrivals}
    assert found.keys() == came.keys()
    assert all(abs(found[sequence] - came[sequence]) <= 0.6 * TICK_S for sequence in came)
    assert [message.number for message in messages] == [n & 0xFF for n in range(len(messages))]
