"""Meters on a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.rates import Meters, Rate

RATE = Rate(burst=4, per_s=0.5)
moments = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 4)), max_size=60)


def test_a_burst_then_so_much_a_second():
    meters = Meters(RATE)
    assert [meters.take("ada", 0.0) for _ in range(4)] == [0.0] * 4
    assert meters.take("ada", 0.0) == pytest.approx(2.0)
    assert meters.take("ada", 2.0) == 0.0
    assert meters.left("ada", 2.0) == pytest.approx(0.0)


def test_what_is_refused_costs_nothing():
    meters = Meters(RATE)
    assert meters.take("ada", 0.0, 3.0) == 0.0
    assert all(meters.take("ada", 0.0, 2.0) for _ in range(50))
    assert meters.left("ada", 0.0) == pytest.approx(1.0)


def test_each_key_has_a_meter_of_its_own():
    meters = Meters(RATE)
    meters.charge("ada", 0.0, 100.0)
    assert meters.take("ada", 0.0)
    assert not meters.take("bob", 0.0)


def test_what_was_charged_on_credit_is_paid_back_first():
    meters = Meters(RATE)
    meters.charge("ada", 0.0, 10.0)
    assert meters.left("ada", 0.0) == pytest.approx(-6.0)
    assert meters.wait_s("ada", 0.0, 0.0) == pytest.approx(12.0)
    assert meters.wait_s("ada", 12.0, 0.0) == 0.0


def test_a_reserve_is_left_to_others():
    meters = Meters(RATE)
    assert [bool(meters.take("all", 0.0, reserve=2.0)) for _ in range(3)] == [False, False, True]
    assert [bool(meters.take("all", 0.0)) for _ in range(3)] == [False, False, True]


def test_memory_is_bounded():
    meters = Meters(RATE, kept=10)
    for number in range(1000):
        meters.take(number, 0.0)
    assert len(meters) == 10


@given(moments)
def test_nobody_takes_more_than_the_burst_and_what_came_since(moments):
    meters, now_s, taken = Meters(RATE), 0.0, 0.0
    for pause_s, price in moments:
        now_s += pause_s
        if not meters.take("ada", now_s, price):
            taken += price
        assert taken <= RATE.burst + now_s * RATE.per_s + 1e-6


@given(moments)
def test_who_waits_as_told_is_let_through(moments):
    meters, now_s = Meters(RATE), 0.0
    for pause_s, price in moments:
        now_s += pause_s
        wait_s = meters.take("ada", now_s, price)
        if wait_s:
            now_s += wait_s
            assert not meters.take("ada", now_s, price)
