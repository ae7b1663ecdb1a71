"""Votes on their way to the log: those that come within a few milliseconds become one fact."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from .. import system
from ..domain.facts import Fact, PollVote, PollVotesCast, VotesCast
from ..domain.ids import PersonId, QuestionId
from ..domain.outcome import Outcome, Refusal
from ..domain.vote_keys import KEY_BYTES
from .live_event import Within

MAX_WAIT_S = 0.010
MAX_BATCH = 500


class Append(Protocol):
    def __call__(self, fact: Fact, key: str, *, within: Within | None) -> Awaitable[Outcome]: ...


def digest(key: str) -> int:
    """Return a key's digest, as the log has it: never 0."""
    data = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()
    return int.from_bytes(data, "big") or 1


Vote = TypeVar("Vote")


class _Waiting(NamedTuple, Generic[Vote]):
    vote: Vote
    within: Within | None
    verdict: asyncio.Future[Refusal | None]


class Batches(Generic[Vote]):
    """Batches of votes, each made a fact and appended; each caller gets their own verdict."""

    def __init__(self, append: Append, make: Callable[[list[Vote]], Fact]) -> None:
        self._append = append
        self._make = make
        self._waiting: list[_Waiting[Vote]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def add(self, vote: Vote, *, within: Within | None = None) -> Refusal | None:
        """Have the vote counted; return why it was not, if so. `within`: as `append` takes it.

        Raises what `append` raises.
        """
        loop = asyncio.get_running_loop()
        verdict: asyncio.Future[Refusal | None] = loop.create_future()
        self._waiting.append(_Waiting(vote, within, verdict))
        if len(self._waiting) >= MAX_BATCH:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(MAX_WAIT_S, self._send)
        return await verdict

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        task = asyncio.create_task(self._append_batch(batch), name="votes")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _append_batch(self, batch: list[_Waiting[Vote]]) -> None:
        fact = self._make([waiting.vote for waiting in batch])
        within = batch[0].within  # it came first; a deadline of its own is not the others'
        try:
            outcome = await self._append(
                fact,
                system.random_id("votes"),
                within=None if within is None else within.without_deadline(),
            )
        except Exception as error:
            for waiting in batch:
                if not waiting.verdict.done():
                    waiting.verdict.set_exception(error)
            return
        for place, waiting in enumerate(batch):
            if not waiting.verdict.done():  # else its caller went away
                waiting.verdict.set_result(outcome.refused or outcome.refused_votes.get(place))


class _QuestionVote(NamedTuple):
    vote: tuple[PersonId, QuestionId, bool]
    given_ms: int
    key: int


class VoteBatches:
    """Batches of votes for questions."""

    def __init__(self, append: Append) -> None:
        self._batches = Batches(append, _votes_cast)

    async def cast(
        self,
        person: PersonId,
        question: QuestionId,
        on: bool,
        given_ms: int = 0,
        key: str = "",
        *,
        within: Within | None = None,
    ) -> Refusal | None:
        """Vote, or withdraw a vote; return why it was not counted, if so. `given_ms`: when the person did, in
        server time, if that is known; if not, of votes with the same `key` one counts. `within`: as `append`
        takes it. Raises what `append` raises.
        """
        known = 0 if given_ms or not key else digest(key)
        vote = _QuestionVote((person, question, on), given_ms, known)
        return await self._batches.add(vote, within=within)


def _votes_cast(batch: list[_QuestionVote]) -> VotesCast:
    given_ms = tuple(one.given_ms for one in batch)
    keys = tuple(one.key for one in batch)
    return VotesCast(
        votes=tuple(one.vote for one in batch),
        given_ms=given_ms if any(given_ms) else (),
        keys=keys if any(keys) else (),
    )


def poll_batches(append: Append) -> Batches[PollVote]:
    """Return batches of votes in polls."""
    return Batches(append, lambda votes: PollVotesCast(votes=tuple(votes)))
