from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.show.limits import RATES, Limits


@pytest.mark.parametrize("bucket", RATES)
def test_a_burst_then_one_at_a_time(bucket):
    limits, rate = Limits(), RATES[bucket]
    assert [limits.take("ada", bucket, 100.0) for _ in range(rate.burst)] == [0.0] * rate.burst
    assert limits.take("ada", bucket, 100.0) == pytest.approx(rate.every_s)
    assert limits.take("ada", bucket, 100.0 + rate.every_s / 2) == pytest.approx(rate.every_s / 2)
    assert limits.take("ada", bucket, 100.0 + rate.every_s) == 0.0
    assert limits.take("ada", bucket, 100.0 + rate.every_s) > 0.0


def test_a_refused_attempt_costs_nothing():
    limits = Limits()
    for _ in range(50):
        limits.take("ada", "question", 0.0)
    assert limits.take("ada", "question", 10.0) == 0.0


def test_a_bucket_fills_up_to_its_burst_and_no_further():
    limits = Limits()
    for _ in range(3):
        limits.take("ada", "question", 0.0)
    assert [limits.take("ada", "question", 9999.0) > 0 for _ in range(4)] == [False] * 3 + [True]


def test_each_person_has_each_bucket_of_their_own():
    limits = Limits()
    for _ in range(3):
        limits.take("ada", "question", 0.0)
    assert limits.take("bob", "question", 0.0) == 0.0
    assert limits.take("ada", "vote", 0.0) == 0.0


def test_memory_is_bounded():
    limits = Limits(kept=10)
    for n in range(1000):
        limits.take(f"p{n}", "other", 0.0)
    assert len(limits._full_at_s) == 10


@given(st.lists(st.floats(0, 3), min_size=1, max_size=100))
def test_a_person_who_waits_as_told_is_let_through(pauses):
    limits, now_s = Limits(), 0.0
    for pause_s in pauses:
        now_s += pause_s
        wait_s = limits.take("ada", "question", now_s)
        if wait_s:
            now_s += wait_s
            assert limits.take("ada", "question", now_s) == 0.0
