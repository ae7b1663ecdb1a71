"""The clock that a publisher's sender reports tell, and those that tell none."""

from __future__ import annotations

import pytest

from showcaller.media.sfu.sender_clock import TOGETHER_S, SenderClock

SECOND = 1 << 32
THEN = 3_900_000_000 * SECOND  # NTP


def test_a_clock_that_goes_is_followed():
    clock = SenderClock()
    for second in range(10):
        assert clock.note(THEN + second * SECOND, 100.0 + second)
    assert clock.offset_s == pytest.approx(3_900_000_000 - 100)


def test_a_report_whose_ntp_time_is_zero_tells_nothing():
    clock = SenderClock()
    for second in range(5):
        assert not clock.note(0, 100.0 + second)
    assert clock.offset_s is None


def test_a_clock_that_stands_is_not_believed_until_it_goes_again():
    clock = SenderClock()
    assert clock.note(THEN, 100.0)
    for second in range(1, 5):
        assert not clock.note(THEN, 100.0 + second)
        assert clock.offset_s is None
    assert clock.note(THEN + SECOND, 105.0)
    assert clock.offset_s is not None


def test_two_streams_may_tell_one_instant():
    clock = SenderClock()
    assert clock.note(THEN, 100.0)
    assert clock.note(THEN, 100.0 + TOGETHER_S / 2)
    assert clock.note(THEN - SECOND // 1000, 100.0 + TOGETHER_S / 2)
    assert clock.note(THEN + SECOND, 101.0)
