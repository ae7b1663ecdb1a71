from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.clock import MAX_RATE, ShowClock
from showcaller.domain.facts import RunStarted
from showcaller.domain.schedule import Schedule

EMPTY = Schedule(event_id="e", title="E", time_zone="UTC", stages=(), sessions=())
T0 = 1_700_000_000_000


def live(at_ms=T0):
    return ShowClock.start(RunStarted(run="r", salt="s", schedule=EMPTY), at_ms)


def rehearsal(from_ms=0, rate=1, at_ms=T0):
    fact = RunStarted(
        run="r", salt="s", schedule=EMPTY, mode="rehearsal", from_ms=from_ms, rate=rate
    )
    return ShowClock.start(fact, at_ms)


def test_live_show_time_is_wall_time():
    clock = live()
    assert clock.show_at(T0 + 12_345) == T0 + 12_345
    assert clock.wall_for(T0 + 12_345) == T0 + 12_345


def test_live_ignores_from_and_rate():
    fact = RunStarted(run="r", salt="s", schedule=EMPTY, from_ms=5, rate=60)
    assert ShowClock.start(fact, T0).show_at(T0 + 1000) == T0 + 1000


def test_rehearsal_runs_from_elsewhere_and_faster():
    clock = rehearsal(from_ms=1000, rate=60)
    assert clock.show_at(T0) == 1000
    assert clock.show_at(T0 + 100) == 7000
    assert clock.wall_for(7000) == T0 + 100


def test_rehearsal_without_from_begins_at_wall_time():
    clock = rehearsal(from_ms=None, rate=2)
    assert clock.show_at(T0 + 5) == T0 + 10


def test_a_rate_out_of_range_is_brought_into_it():
    assert rehearsal(rate=0).rate == 1
    assert rehearsal(rate=10_000).rate == MAX_RATE


def test_the_wall_time_of_a_show_time_is_never_early():
    clock = rehearsal(from_ms=0, rate=600)
    assert clock.wall_for(601) == T0 + 2


def test_a_fraction_of_a_wall_millisecond_counts():
    assert rehearsal(from_ms=0, rate=600).show_at(T0 + 0.5) == 300


def test_held_time_stands_and_goes_on_from_there():
    clock = rehearsal(from_ms=0, rate=2)
    clock.hold(T0 + 100)
    assert clock.show_at(T0 + 5000) == 200
    assert clock.wall_for(200) is None
    clock.resume(T0 + 5000)
    assert clock.show_at(T0 + 5001) == 202
    assert clock.wall_for(300) == T0 + 5050


def test_a_live_event_that_was_held_lags_behind_the_wall():
    clock = live()
    clock.hold(T0 + 10)
    clock.resume(T0 + 70)
    assert clock.show_at(T0 + 100) == T0 + 40


@given(
    rate=st.integers(1, MAX_RATE),
    from_ms=st.integers(-(10**13), 10**13),
    ahead_ms=st.integers(-(10**9), 10**9),
)
def test_the_wall_time_of_a_show_time_is_the_first_millisecond_that_reaches_it(
    rate, from_ms, ahead_ms
):
    clock = rehearsal(from_ms=from_ms, rate=rate)
    wall_ms = clock.wall_for(from_ms + ahead_ms)
    assert clock.show_at(wall_ms) >= from_ms + ahead_ms > clock.show_at(wall_ms - 1)


@given(
    rate=st.integers(1, MAX_RATE),
    steps_ms=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), max_size=8),
)
def test_show_time_is_what_ran_between_the_holds(rate, steps_ms):
    clock = rehearsal(from_ms=0, rate=rate)
    wall_ms, ran_ms = T0, 0
    for running_ms, held_ms in steps_ms:
        wall_ms, ran_ms = wall_ms + running_ms, ran_ms + running_ms
        clock.hold(wall_ms)
        wall_ms += held_ms
        assert clock.show_at(wall_ms) == ran_ms * rate
        clock.resume(wall_ms)
    assert clock.show_at(wall_ms + 7) == (ran_ms + 7) * rate
