"""The estimate that a publisher without transport-wide feedback is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.uplink import LEAST_BPS, MOST_BPS, START_BPS, UplinkEstimate


def test_the_estimate_starts_high():
    assert UplinkEstimate().update(0.0, 5.0) == START_BPS


def test_without_loss_the_estimate_grows_by_8_percent_a_second_up_to_the_most():
    estimate = UplinkEstimate()
    told = [estimate.update(0.0, now_s) for now_s in range(30)]
    assert told[2] == pytest.approx(START_BPS * 1.08**2)
    assert told[-1] == MOST_BPS


def test_heavy_loss_lowers_the_estimate_by_half_the_share():
    estimate = UplinkEstimate()
    assert estimate.update(0.2, 0.0) == START_BPS * 0.9
    assert estimate.update(0.2, 1.0) == START_BPS * 0.81


def test_a_little_loss_holds_the_estimate():
    estimate = UplinkEstimate()
    assert {estimate.update(0.05, now_s) for now_s in range(9)} == {START_BPS}


def test_an_estimate_starts_no_higher_than_the_most_that_is_wanted():
    assert UplinkEstimate(most_bps=1_000_000).update(0.0, 1.0) == 1_000_000


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e4)), max_size=60))
def test_it_stays_within_bounds_and_never_leaps(updates):
    estimate, now_s = UplinkEstimate(), 0.0
    for lost_share, step_s in updates:
        now_s += step_s
        before = estimate.bps
        after = estimate.update(lost_share, now_s)
        assert LEAST_BPS <= after <= MOST_BPS
        assert after <= before * 1.08**2 + 1
