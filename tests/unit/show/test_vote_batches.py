"""Batches of votes on virtual time, with an `append` that keeps what it was given."""

from __future__ import annotations

import asyncio

import pytest

from showcaller.domain.outcome import Outcome, Refusal
from showcaller.errors import Unavailable
from showcaller.show import vote_batches
from showcaller.show.vote_batches import VoteBatches, digest
from showcaller.testing.manual_clock import run_virtually

OWN = Refusal("own_question", "nobody votes for their own question")


class Log:
    """Takes 50 ms for each fact, and refuses every vote of Ada's."""

    def __init__(self, error=None):
        self.facts, self.keys, self.error = [], set(), error

    async def append(self, fact, key, *, within):
        self.facts.append(fact)
        self.keys.add(key)
        await asyncio.sleep(0.050)
        if self.error:
            raise self.error
        ada = (place for place, vote in enumerate(fact.votes) if vote[0] == "ada")
        return Outcome(refused_votes=dict.fromkeys(ada, OWN))


def test_votes_at_once_become_one_fact_and_each_gets_its_verdict():
    async def story():
        log = Log()
        batches = VoteBatches(log.append)
        cast = [batches.cast(person, "q1", True) for person in ("bob", "ada", "cy")]
        assert await asyncio.gather(*cast) == [None, OWN, None]
        (fact,) = log.facts
        assert fact.votes == (("bob", "q1", True), ("ada", "q1", True), ("cy", "q1", True))
        assert fact.given_ms == ()

    run_virtually(story())


def test_the_fact_says_when_each_vote_was_given():
    async def story():
        log = Log()
        batches = VoteBatches(log.append)
        await asyncio.gather(batches.cast("bob", "q1", True, 17), batches.cast("cy", "q1", True))
        assert log.facts[0].given_ms == (17, 0)

    run_virtually(story())


def test_the_fact_tells_the_keys_of_votes_without_a_time_only():
    async def story():
        log = Log()
        batches = VoteBatches(log.append)
        votes = [("bob", 17, "k1"), ("bob", 0, "k2"), ("cy", 0, "k2"), ("dee", 0, "")]
        await asyncio.gather(*(batches.cast(who, "q1", True, ms, key) for who, ms, key in votes))
        (fact,) = log.facts
        assert fact.keys == (0, digest("k2"), digest("k2"), 0)
        assert digest("k1") != digest("k2")

    run_virtually(story())


def test_a_vote_waits_ten_milliseconds_at_most():
    async def story():
        loop, log = asyncio.get_running_loop(), Log()
        await VoteBatches(log.append).cast("bob", "q1", True)
        assert loop.time() == pytest.approx(0.060, abs=0.002)

    run_virtually(story())


def test_a_full_batch_does_not_wait(monkeypatch):
    monkeypatch.setattr(vote_batches, "MAX_BATCH", 3)

    async def story():
        loop, log = asyncio.get_running_loop(), Log()
        batches = VoteBatches(log.append)
        await asyncio.gather(*(batches.cast(f"p{n}", "q1", True) for n in range(7)))
        assert [len(fact.votes) for fact in log.facts] == [3, 3, 1]
        assert len(log.keys) == 3
        assert loop.time() == pytest.approx(0.060, abs=0.002)

    run_virtually(story())


def test_a_log_that_is_down_fails_each_vote():
    async def story():
        batches = VoteBatches(Log(error=Unavailable("down")).append)
        cast = (batches.cast(person, "q1", True) for person in ("bob", "cy"))
        for result in await asyncio.gather(*cast, return_exceptions=True):
            assert isinstance(result, Unavailable)

    run_virtually(story())


def test_a_voter_who_leaves_takes_nobody_along():
    async def story():
        log = Log()
        batches = VoteBatches(log.append)
        leaving = asyncio.create_task(batches.cast("bob", "q1", True))
        staying = asyncio.create_task(batches.cast("cy", "q1", True))
        await asyncio.sleep(0.030)
        leaving.cancel()
        assert await staying is None

    run_virtually(story())
