"""Coming in by helpings, on a clock and a loop of the test's own."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.turnstile import Turnstile

BUDGET_S = 5.0


class Loop:
    """Its turns are made by hand; work takes the time that it says."""

    def __init__(self):
        self.now_s = 100.0
        self.soon = deque()
        self.done = []
        self.turnstile = Turnstile(lambda: self.now_s, self.soon.append, BUDGET_S)

    def work(self, name, takes_s):
        def do():
            self.now_s += takes_s
            self.done.append(name)

        return do

    def come(self, name, takes_s=1.0, **more):
        """Come in as connections do. Returns whether it was done at once."""
        work = self.work(name, takes_s)
        if self.turnstile.is_open:
            self.turnstile.do(work)
            return True
        self.turnstile.wait(work, **more)
        return False

    def turn(self):
        for _ in range(len(self.soon)):
            self.soon.popleft()()

    def turn_until_quiet(self):
        while self.soon:
            self.turn()


@pytest.fixture
def loop():
    return Loop()


def test_at_a_quiet_time_everything_is_done_at_once(loop):
    for number in range(20):
        assert loop.come(number, 2.0)
        loop.turn()
    assert not len(loop.turnstile)


def test_work_that_comes_when_the_budget_is_spent_waits_for_the_next_turn(loop):
    assert [loop.come(name, 3.0) for name in "abcd"] == [True, True, False, False]
    assert loop.done == ["a", "b"]
    loop.turn()
    assert loop.done == ["a", "b", "c", "d"]
    loop.turn_until_quiet()
    assert loop.come("e")


def test_nobody_overtakes_those_who_wait(loop):
    for number in range(30):
        loop.come(number)
    loop.turn()
    assert not loop.come(30, 0.0)
    loop.turn_until_quiet()
    assert loop.done == list(range(31))


def test_a_client_whose_upgrade_was_answered_goes_first(loop):
    loop.come("spends the budget", 5.0)
    loop.come("outside")
    loop.come("half in", half_in=True)
    loop.turn_until_quiet()
    assert loop.done[1:] == ["half in", "outside"]


def test_work_that_is_left_undone_keeps_its_place(loop):
    def first():
        loop.now_s += 5.0
        loop.done.append("first")
        assert not loop.come("the rest of it", half_in=True)

    loop.come("spends the budget", 5.0)
    loop.turnstile.wait(first, half_in=True)
    loop.come("second", half_in=True)
    loop.turn_until_quiet()
    assert loop.done[1:] == ["first", "the rest of it", "second"]


def test_work_in_its_turn_may_go_on_while_there_is_time(loop):
    def first():
        loop.done.append("first")
        assert loop.come("more of it", 6.0)
        assert not loop.come("too much of it", half_in=True)

    loop.come("spends the budget", 5.0)
    loop.turnstile.wait(first, half_in=True)
    loop.turn()
    assert loop.done[1:] == ["first", "more of it"]


def test_a_connection_that_fails_holds_up_nobody(loop):
    def faulty():
        raise RuntimeError

    loop.come("spends the budget", 5.0)
    loop.turnstile.wait(faulty)
    loop.come("next")
    loop.turn_until_quiet()
    assert loop.done[1:] == ["next"]


def test_the_wait_is_judged_by_what_those_before_took(loop):
    """Each upgrade takes 0.1 s, and is followed by half a second's subscriptions."""

    def upgrade():
        loop.now_s += 0.1
        loop.come("subscriptions", 0.5, half_in=True)

    loop.come("spends the budget", 5.0)
    for _ in range(1000):
        loop.turnstile.wait(upgrade)
    for _ in range(60):
        loop.turn()
    left_s = loop.now_s + loop.turnstile.wait_s()
    loop.turn_until_quiet()
    assert loop.now_s * 0.9 <= left_s <= loop.now_s * 2


@given(st.lists(st.tuples(st.floats(0, 2), st.booleans(), st.integers(0, 3)), max_size=60))
def test_a_turn_takes_no_longer_than_its_budget_and_one_work_more(coming):
    loop = Loop()
    for number, (takes_s, half_in, turns) in enumerate(coming):
        loop.come(number, takes_s, half_in=half_in)
        for _ in range(turns):
            began_s = loop.now_s
            loop.turn()
            assert loop.now_s - began_s < BUDGET_S + 2
    loop.turn_until_quiet()
    assert sorted(loop.done) == list(range(len(coming)))


def test_somebody_from_elsewhere_does_not_wait_for_a_flood_from_one_address(loop):
    for number in range(200):
        loop.come(f"flood {number}", 1.0, line="flood")
    loop.come("honest", 1.0, line="honest")
    loop.turn_until_quiet()
    assert loop.done.index("honest") < 20
