"""The clock estimate of PROTOCOL.md §5, against drifting clocks and jittery ways."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller_client.clock import ServerClock

WAYS = st.lists(
    st.tuples(st.floats(0.1, 400), st.floats(0.1, 400), st.floats(50, 30_000)),
    min_size=1,
    max_size=40,
)


@given(offset_ms=st.floats(-1e9, 1e9), ppm=st.floats(-45, 45), ways=WAYS)
def test_never_off_by_more_than_it_says(
    offset_ms: float, ppm: float, ways: list[tuple[float, float, float]]
) -> None:
    clock = ServerClock()

    def server(own_ms: float) -> float:
        return own_ms * (1 + ppm / 1e6) + offset_ms

    now_ms = 0.0
    for there_ms, back_ms, pause_ms in ways:
        sent, arrived = now_ms, now_ms + there_ms
        now_ms = arrived + back_ms
        clock.measured(sent, server(arrived), server(arrived), now_ms)
        for at_ms in (now_ms, now_ms + pause_ms / 2, now_ms + pause_ms):
            wrong_ms = abs(clock.server_ms(at_ms) - server(at_ms))
            assert wrong_ms <= clock.error_ms(at_ms) + 1e-3
        now_ms += pause_ms


@given(WAYS)
def test_time_never_runs_backwards_while_it_is_smoothed(
    ways: list[tuple[float, float, float]],
) -> None:
    clock, now_ms, seen_ms = ServerClock(), 0.0, -math.inf
    for there_ms, back_ms, pause_ms in ways:
        arrived = now_ms + there_ms
        clock.measured(now_ms, arrived, arrived, arrived + back_ms)
        now_ms = arrived + back_ms
        for _ in range(4):
            assert clock.server_ms(now_ms) >= seen_ms
            seen_ms = clock.server_ms(now_ms)
            now_ms += pause_ms / 4


@given(WAYS, st.lists(st.sampled_from([0, -20_000, 20_000, 3_600_000]), min_size=40, max_size=40))
def test_never_off_by_more_than_it_says_once_probed_after_a_nap(
    ways: list[tuple[float, float, float]], naps_ms: list[float]
) -> None:
    clock, now_ms, ahead_ms = ServerClock(), 0.0, 0.0
    for (there_ms, back_ms, pause_ms), nap_ms in zip(ways, naps_ms, strict=False):
        ahead_ms += nap_ms
        arrived = now_ms + there_ms + ahead_ms
        now_ms += there_ms + back_ms
        clock.measured(now_ms - there_ms - back_ms, arrived, arrived, now_ms)
        wrong_ms = abs(clock.server_ms(now_ms) - (now_ms + ahead_ms))
        assert wrong_ms <= clock.error_ms(now_ms) + 1e-3
        now_ms += pause_ms


def probe(clock: ServerClock, at_ms: float, offset_ms: float, way_ms: float) -> None:
    middle = at_ms + way_ms + offset_ms
    clock.measured(at_ms, middle, middle, at_ms + 2 * way_ms)


def test_the_quickest_probe_counts() -> None:
    clock = ServerClock()
    clock.measured(0, 1090, 1090, 100)  # slow there, quick back: 1040 instead of 1000
    probe(clock, 200, offset_ms=1000, way_ms=1)
    assert clock.error_ms(202) == pytest.approx(41)
    assert clock.server_ms(1202) == pytest.approx(2202)


def test_approaches_at_fifty_milliseconds_a_second() -> None:
    clock = ServerClock()
    probe(clock, 0, offset_ms=0, way_ms=5)
    probe(clock, 90, offset_ms=100, way_ms=1)
    assert clock.server_ms(1092) == pytest.approx(1092 + 50, abs=0.5)
    assert clock.server_ms(9092) == pytest.approx(9092 + 100)


def test_the_clock_jumps_when_it_is_far_off() -> None:
    clock = ServerClock()
    probe(clock, 0, offset_ms=0, way_ms=1)
    clock.restart()
    probe(clock, 100, offset_ms=5000, way_ms=1)
    assert clock.server_ms(102) == pytest.approx(5102)


@pytest.mark.parametrize("step_ms", [20_000, -20_000])
def test_the_first_probe_after_a_step_counts_though_it_was_slower(step_ms: float) -> None:
    clock = ServerClock()
    for number in range(8):
        probe(clock, number * 15_000, offset_ms=0, way_ms=5)
    probe(clock, 120_000, offset_ms=step_ms, way_ms=20)
    assert clock.server_ms(120_040) == pytest.approx(120_040 + step_ms)
    assert clock.error_ms(120_040) == pytest.approx(20)


def test_a_slow_probe_that_may_agree_leaves_the_earlier_ones() -> None:
    clock = ServerClock()
    probe(clock, 0, offset_ms=0, way_ms=5)
    clock.measured(100, 400, 400, 400)  # 300 ms there, none back
    assert clock.error_ms(400) == pytest.approx(5, abs=0.1)


def test_only_the_last_eight_count() -> None:
    clock = ServerClock()
    probe(clock, 0, offset_ms=0, way_ms=0.1)
    for number in range(8):
        probe(clock, 100 + number, offset_ms=0, way_ms=20)
    assert clock.error_ms(147) >= 20


def test_the_first_measurement_replaces_the_guess() -> None:
    clock = ServerClock()
    clock.seed(server_ms=10_000, now_ms=0)
    assert clock.server_ms(50) == 10_050
    assert clock.error_ms(50) == math.inf
    probe(clock, 100, offset_ms=10_200, way_ms=1)
    assert clock.server_ms(102) == pytest.approx(10_302)


def test_the_server_time_is_unknown_before_any_connection() -> None:
    with pytest.raises(RuntimeError):
        ServerClock().server_ms(0)
