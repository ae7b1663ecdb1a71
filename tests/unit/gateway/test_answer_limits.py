"""Allowances for what is asked for again and again, on a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.answer_limits import MIB, OF_ADDRESS, OF_PERSON, AnswerLimits


def ask(limits, person, now_s, size, channel="c", came_from="a", staff=False):
    """Open a channel of so many bytes; return what was sent."""
    if limits.wait_s(person, came_from, channel, now_s, staff=staff):
        return 0
    limits.charge(person, came_from, channel, size, now_s, staff=staff)
    return size


def test_who_asks_again_and_again_is_sent_the_allowance_and_little_more():
    limits = AnswerLimits()
    sent = sum(ask(limits, "ada", n / 1000, 700_000) for n in range(3_000))
    assert OF_PERSON.burst <= sent <= OF_PERSON.burst + 3 * OF_PERSON.per_s + 700_000


def test_an_answer_may_be_larger_than_the_allowance_and_is_paid_for_later():
    limits = AnswerLimits()
    assert ask(limits, "ada", 0.0, 40 * MIB)
    assert limits.wait_s("ada", "a", "c", 0.0, staff=False) == pytest.approx(24.0)
    assert ask(limits, "ada", 24.1, MIB)


def test_who_comes_in_opens_several_large_channels_in_one_go():
    limits = AnswerLimits()
    opened = [bool(ask(limits, "ada", 0.0, 12 * MIB, channel=f"c{n}")) for n in range(10)]
    assert opened == [True] * 7 + [False] * 3


def test_people_at_one_address_share_what_they_ask_for_again():
    limits, people = AnswerLimits(), [f"p{n}" for n in range(60)]
    sent = sum(ask(limits, one, 0.0, MIB) for _ in range(16) for one in people)
    assert OF_ADDRESS.burst <= sent <= OF_ADDRESS.burst + 61 * MIB
    assert limits.wait_s("p0", "a", "c", 0.0, staff=False) > 0
    assert ask(limits, "who comes in there", 0.0, MIB)
    assert ask(limits, "who is elsewhere", 0.0, MIB, came_from="b")


def test_three_thousand_people_come_in_over_one_address():
    limits = AnswerLimits()
    assert all(
        ask(limits, f"p{n}", n / 1000, MIB // 4, channel=f"c{k}")
        for n in range(3_000)
        for k in range(6)
    )


def test_moderators_see_more():
    limits = AnswerLimits()
    assert sum(ask(limits, "mo", 0.0, 10 * MIB, staff=True) for _ in range(50)) > 250 * MIB


def test_memory_is_bounded():
    limits = AnswerLimits(kept=10)
    for n in range(100):
        ask(limits, f"p{n}", 0.0, 1)
    assert len(limits._opened) == 10


@given(
    st.lists(st.tuples(st.floats(0, 2), st.integers(0, 3), st.integers(1, 20 * MIB)), max_size=100)
)
def test_nobody_is_sent_more_than_the_rate_and_one_answer_more(asked):
    limits, now_s, sent, largest = AnswerLimits(), 0.0, {}, 0
    for pause_s, person, size in asked:
        now_s, largest = now_s + pause_s, max(largest, size)
        sent[person] = sent.get(person, 0) + ask(limits, str(person), now_s, size)
        assert sent[person] <= OF_PERSON.burst + now_s * OF_PERSON.per_s + largest + 1
    assert sum(sent.values()) <= 4 * 20 * MIB + OF_ADDRESS.burst + now_s * OF_ADDRESS.per_s + 4 * (
        largest
    )
