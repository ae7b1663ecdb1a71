"""One attendee's idea of the server's clock, with a clock of its own that is wrong and drifts."""

import random

from hypothesis import given
from hypothesis import strategies as st
from showcaller_load.clock_estimate import JUMP_MS, ClockEstimate


def probe(estimate, own_ms, offset_ms, there_ms, back_ms):
    """A probe sent at `own_ms` of a clock that is `offset_ms` behind the server's."""
    t2 = own_ms + there_ms + offset_ms
    estimate.answer(own_ms, t2, t2, own_ms + there_ms + back_ms)


def test_nothing_is_known_before_the_first_answer():
    assert ClockEstimate().server_ms(1000.0) is None


@given(st.floats(-1e7, 1e7), st.floats(0, 50), st.floats(0, 50))
def test_the_error_is_at_most_half_the_round_trip(offset_ms, there_ms, back_ms):
    estimate = ClockEstimate()

    probe(estimate, 0.0, offset_ms, there_ms, back_ms)

    error_ms = estimate.server_ms(100.0) - (100.0 + offset_ms)
    assert abs(error_ms) <= (there_ms + back_ms) / 2 + 0.02


def test_the_quickest_of_the_newest_probes_counts():
    estimate = ClockEstimate()
    probe(estimate, 0.0, 1000.0, 0.5, 0.5)
    for number in range(1, 6):
        probe(estimate, 200.0 * number, 1000.0, 80.0, 0.0)

    assert abs(estimate.server_ms(1300.0) - 2300.0) < 0.5


def test_small_corrections_are_smooth_and_large_ones_at_once():
    estimate = ClockEstimate()
    probe(estimate, 0.0, 0.0, 20.0, 0.0)  # it takes the server to be 10 ms ahead
    probe(estimate, 100.0, 0.0, 0.0, 0.0)

    assert abs(estimate.server_ms(100.0) - 105.0) < 5.1  # 50 ms a second: 4 ms by now
    assert abs(estimate.server_ms(400.0) - 400.0) < 0.1

    probe(estimate, 500.0, JUMP_MS + 100, 0.0, 0.0)
    assert abs(estimate.server_ms(700.0) - 700.0 - JUMP_MS - 100) < 0.1


def test_the_first_probe_after_a_nap_counts_though_it_was_slower():
    estimate = ClockEstimate()
    for number in range(8):
        probe(estimate, 15_000.0 * number, 0.0, 5.0, 5.0)
    probe(estimate, 120_000.0, 20_000.0, 20.0, 20.0)

    assert abs(estimate.server_ms(120_040.0) - 140_040.0) < 0.1


def test_a_drifting_clock_is_followed():
    rng = random.Random(1)
    estimate, drift = ClockEstimate(), 200e-6
    for now_ms in range(0, 300_000, 15_000):
        own_ms = now_ms * (1 + drift)
        there_ms, back_ms = rng.uniform(0.1, 3), rng.uniform(0.1, 3)
        server_ms = now_ms + there_ms
        estimate.answer(own_ms, server_ms, server_ms, own_ms + there_ms + back_ms)

        assert abs(estimate.server_ms(own_ms + 10) - (now_ms + 10)) < 10
