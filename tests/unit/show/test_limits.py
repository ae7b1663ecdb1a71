from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.show.limits import (
    LEFT_TO_NEWCOMERS,
    OF_ADDRESS,
    OF_EVENT,
    OF_PERSON,
    Limits,
    Sender,
)

ADA, BOB = Sender("ada"), Sender("bob")


@pytest.mark.parametrize("bucket", OF_PERSON)
def test_a_burst_then_one_at_a_time(bucket):
    limits, rate = Limits(), OF_PERSON[bucket]
    every_s = 1 / rate.per_s
    assert [limits.take(ADA, bucket, 100.0) for _ in range(rate.burst)] == [0.0] * rate.burst
    assert limits.take(ADA, bucket, 100.0) == pytest.approx(every_s)
    assert limits.take(ADA, bucket, 100.0 + every_s / 2) == pytest.approx(every_s / 2)
    assert limits.take(ADA, bucket, 100.0 + every_s) == 0.0
    assert limits.take(ADA, bucket, 100.0 + every_s) > 0.0


def test_a_refused_attempt_costs_nothing():
    limits = Limits()
    for _ in range(50):
        limits.take(ADA, "question", 0.0)
    assert limits.take(ADA, "question", 10.0) == 0.0


def test_each_person_has_each_bucket_of_their_own():
    limits = Limits()
    for _ in range(3):
        limits.take(ADA, "question", 0.0)
    assert limits.take(BOB, "question", 0.0) == 0.0
    assert limits.take(ADA, "vote", 0.0) == 0.0


def test_a_command_that_was_refused_by_the_event_costs_its_sender_more():
    limits = Limits()
    for _ in range(4):
        assert not limits.take(ADA, "other", 0.0)
        limits.charge_refused(ADA, 0.0)
    assert limits.take(ADA, "other", 0.0)
    assert not limits.take(BOB, "other", 0.0)


def test_people_at_one_address_share_what_it_may_and_leave_some_to_newcomers():
    limits, rate = Limits(), OF_ADDRESS["question"]
    people = [Sender(f"p{n}", "a") for n in range(int(0.3 * rate.burst))]
    sent = sum(not limits.take(one, "question", 0.0) for _ in range(3) for one in people)
    assert sent == rate.burst * (1 - LEFT_TO_NEWCOMERS)
    newcomers = sum(not limits.take(Sender(f"n{n}", "a"), "question", 0.0) for n in range(500))
    assert newcomers == rate.burst * LEFT_TO_NEWCOMERS
    assert not limits.take(Sender("elsewhere", "b"), "question", 0.0)


def test_many_addresses_together_leave_some_of_the_event_to_newcomers():
    limits, rate = Limits(), OF_EVENT["question"]
    people = [Sender(f"p{n}", f"a{n % 100}") for n in range(2_000)]
    sent = sum(not limits.take(one, "question", 0.0) for _ in range(3) for one in people)
    assert sent == rate.burst * (1 - LEFT_TO_NEWCOMERS)
    assert not limits.take(Sender("newcomer", "elsewhere"), "question", 0.0)


def test_an_office_of_thousands_votes_at_once():
    limits = Limits()
    voters = [Sender(f"p{n}", "office") for n in range(5_000)]
    assert not any(limits.take(one, "vote", n / 10) for n in range(5) for one in voters)


def test_staff_are_limited_as_persons_only():
    limits = Limits()
    for n in range(20_000):
        assert not limits.take(Sender(f"p{n}"), "other", 0.0)


def test_memory_is_bounded():
    limits = Limits(kept=10)
    for n in range(1000):
        limits.take(Sender(f"p{n}", f"a{n}"), "other", 0.0)
    assert len(limits._of_person["other"]) == len(limits._of_address["other"]) == 10


@given(st.lists(st.floats(0, 3), min_size=1, max_size=100))
def test_a_person_who_waits_as_told_is_let_through(pauses):
    limits, now_s = Limits(), 0.0
    for pause_s in pauses:
        now_s += pause_s
        wait_s = limits.take(ADA, "question", now_s)
        if wait_s:
            now_s += wait_s
            assert limits.take(ADA, "question", now_s) == 0.0
