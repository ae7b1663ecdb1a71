"""Many wishes, granted once in a while."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.throttle import Throttle


def test_the_first_wish_is_granted_at_once_and_the_next_becomes_due():
    throttle = Throttle(0.5)
    assert throttle.ask(10.0)
    assert not throttle.ask(10.1)
    assert not throttle.due(10.4)
    assert throttle.due(10.5)
    assert not throttle.due(20.0), "it was granted"


def test_what_came_by_itself_is_not_due():
    throttle = Throttle(0.5)
    assert throttle.ask(10.0)
    assert not throttle.ask(10.1)
    throttle.forget()
    assert not throttle.due(11.0)


@given(st.lists(st.floats(0, 0.3), max_size=60))
def test_no_two_are_granted_within_the_interval_and_none_is_forgotten(steps):
    throttle, now_s, granted, refused = Throttle(0.5), 0.0, [], False
    for step in steps:
        now_s += step
        refused = not throttle.ask(now_s)
        if not refused:
            granted.append(now_s)
    assert all(after - before >= 0.5 for before, after in pairwise(granted))
    assert throttle.due(now_s + 1) == refused
