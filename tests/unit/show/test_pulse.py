"""The pulse of a process that is stopped and goes on, on a manual clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.errors import Stalled
from showcaller.show.pulse import BEAT_S, SETTLE_S, STILL_S, UNSTEADY_S, Pulse


def is_refused(pulse, now_s):
    try:
        pulse.require_running(now_s)
    except Stalled:
        return True
    return False


def running(pulse, from_s, until_s, late_s=0.0):
    """Beat from one time until the other; the last beat's time."""
    now_s = from_s
    while now_s <= until_s:
        pulse.beat(now_s)
        now_s += BEAT_S + late_s
    return now_s - BEAT_S - late_s


def test_before_the_first_beat_all_is_served():
    assert not is_refused(Pulse(), 1_000.0)


@given(st.floats(STILL_S + 0.01, 1e5), st.floats(0, SETTLE_S - 0.01))
def test_what_waited_while_the_process_stood_still_is_refused(still_s, read_after_s):
    pulse = Pulse()
    last_s = running(pulse, 0, 10)
    assert is_refused(pulse, last_s + still_s)  # read before the first beat
    assert pulse.beat(last_s + still_s) == pytest.approx(still_s)
    assert is_refused(pulse, last_s + still_s + read_after_s)


@given(st.floats(STILL_S + 0.01, 1e5))
def test_what_comes_a_moment_after_it_goes_on_is_served(still_s):
    pulse = Pulse()
    thawed_s = running(pulse, 0, 10) + still_s
    steady_s = running(pulse, thawed_s, thawed_s + SETTLE_S + BEAT_S)
    assert not is_refused(pulse, steady_s)


def test_a_process_that_is_not_steady_yet_has_not_read_everything():
    pulse = Pulse()
    thawed_s = running(pulse, 0, 10) + 60
    pulse.beat(thawed_s)
    pulse.beat(thawed_s + 0.9 * SETTLE_S)
    assert is_refused(pulse, thawed_s + 1.8 * SETTLE_S)


@given(st.lists(st.floats(0.001, STILL_S - 0.01), min_size=1))
def test_a_process_that_is_only_slow_refuses_nothing(gaps_s):
    pulse, now_s = Pulse(), 0.0
    pulse.beat(now_s)
    for gap_s in gaps_s:
        now_s += gap_s
        assert not is_refused(pulse, now_s)
        assert pulse.beat(now_s) == 0
    assert not is_refused(pulse, now_s)


def test_who_is_refused_is_told_when_to_come_back():
    pulse = Pulse()
    pulse.beat(0.0)
    pulse.beat(60.0)
    with pytest.raises(Stalled) as refused:
        pulse.require_running(60.25)
    assert refused.value.retry and refused.value.retry_after_s == pytest.approx(SETTLE_S - 0.25)
    assert UNSTEADY_S > BEAT_S
