"""People who were sent away come back as a flat rate, whenever and however many they were."""

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.slots import JITTER_S, SOONEST_S, SPREAD_S, Slots

BURSTS = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 300)), min_size=1, max_size=8)


def taken(slots, bursts):
    """Return when people come back who were sent away in `bursts` of (pause before it, how many)."""
    now_s, back_s = 100.0, []
    for pause_s, count in bursts:
        now_s += pause_s
        for _ in range(count):
            wait_s = slots.take(now_s)
            assert SOONEST_S <= wait_s <= SOONEST_S + SPREAD_S + JITTER_S
            back_s.append(now_s + wait_s)
    return sorted(back_s)


@given(BURSTS, st.floats(0.01, 5))
def test_no_window_sees_more_than_the_rate(bursts, window_s):
    per_s = 50  # so that all fit into the spread
    back_s = taken(Slots(per_s), bursts)
    for first, at_s in enumerate(back_s):
        within = bisect_right(back_s, at_s + window_s) - first
        assert within <= per_s * (window_s + JITTER_S) + 2


@given(st.integers(1, 2000))
def test_more_than_fit_into_the_spread_share_it_evenly(count):
    per_s = 5
    back_s = taken(Slots(per_s), [(0, count)])
    rounds = -(-count // (per_s * SPREAD_S))
    for first, at_s in enumerate(back_s):
        within = bisect_right(back_s, at_s + 10) - first
        assert within <= rounds * (per_s * (10 + JITTER_S) + 2)


def test_nobody_comes_back_before_the_moment_that_is_asked_for():
    slots = Slots()
    waits_s = [slots.take(10.0, not_before_s=200.0) for _ in range(1000)]
    assert min(waits_s) >= 190
    assert len(set(waits_s)) == len(waits_s)


def test_clients_sent_away_at_quiet_moments_do_not_come_back_together():
    slots = Slots()
    assert slots.take(0.0) != slots.take(10.0)
