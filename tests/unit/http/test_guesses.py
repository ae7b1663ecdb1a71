"""Guesses on a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.errors import TokenExpired, Unauthenticated
from showcaller.http.guesses import HELD_S, Guesses, WrongTokens
from showcaller.rates import Rate

OF_ADDRESS, OF_EVENT = Rate(burst=3, per_s=0.1), Rate(burst=10, per_s=0.5)


def guesses():
    return Guesses("invite_codes", OF_ADDRESS, OF_EVENT)


def try_wrong(them, address, now_s, event="event"):
    """Try a wrong code; return whether it was looked at."""
    if them.wait_s(event, address, now_s):
        return False
    them.failed(event, address, now_s)
    return True


def test_an_address_guesses_a_few_times_and_then_waits():
    them = guesses()
    assert [try_wrong(them, "a", 0.0) for _ in range(5)] == [True] * 3 + [False] * 2
    assert not try_wrong(them, "a", 9.0)
    assert try_wrong(them, "a", 10.1)
    assert not try_wrong(them, "a", 10.1)


def test_another_address_is_listened_to():
    them = guesses()
    while try_wrong(them, "a", 0.0):
        pass
    assert not them.wait_s("event", "b", 0.0)


def test_many_addresses_together_guess_no_faster_than_the_event_allows():
    them = guesses()
    assert sum(try_wrong(them, f"a{n % 50}", 0.0) for n in range(500)) <= 50 + OF_EVENT.burst
    assert not them.wait_s("event", "who has tried nothing wrong", 0.0)
    assert not them.wait_s("another event", "a1", 0.0)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 6)), max_size=150))
def test_wrong_ones_are_looked_at_as_often_as_the_rates_say(tries):
    them, now_s, seen = guesses(), 0.0, {}
    for pause_s, address in tries:
        now_s += pause_s
        seen[address] = seen.get(address, 0) + try_wrong(them, str(address), now_s)
        assert seen[address] <= OF_ADDRESS.burst + now_s * OF_ADDRESS.per_s + 1e-6


def test_many_wrong_tokens_are_answered_late_and_expired_ones_at_once():
    wrong = WrongTokens()
    error, expired = Unauthenticated("no"), TokenExpired("was good")
    holds = [wrong.hold_s(error, "event", "a", 0.0) for _ in range(101)]
    assert holds[0] == 0.0 and holds[-1] == HELD_S
    assert wrong.hold_s(expired, "event", "a", 0.0) == 0.0
    assert wrong.hold_s(error, "event", "b", 0.0) == 0.0
