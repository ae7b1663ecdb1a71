"""Votes on their way to the log: those that come within a few milliseconds become one fact."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from .. import system
from ..domain.facts import VotesCast
from ..domain.ids import PersonId, QuestionId
from ..domain.outcome import Outcome, Refusal
from ..domain.vote_keys import KEY_BYTES
from .live_event import Within

MAX_WAIT_S = 0.010
MAX_BATCH = 500


class Append(Protocol):
    def __call__(
        self, fact: VotesCast, key: str, *, within: Within | None
    ) -> Awaitable[Outcome]: ...


def digest(key: str) -> int:
    """Return a key's digest, as the log has it: never 0."""
    data = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()
    return int.from_bytes(data, "big") or 1


class _Waiting(NamedTuple):
    vote: tuple[PersonId, QuestionId, bool]
    given_ms: int
    key: int
    within: Within | None
    verdict: asyncio.Future[Refusal | None]


class VoteBatches:
    """Batches of votes, appended with `append(fact, key)`; each caller gets their own verdict."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

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
        loop = asyncio.get_running_loop()
        verdict: asyncio.Future[Refusal | None] = loop.create_future()
        known = 0 if given_ms or not key else digest(key)
        vote = (person, question, on)
        self._waiting.append(_Waiting(vote, given_ms, known, within, verdict))
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

    async def _append_batch(self, batch: list[_Waiting]) -> None:
        given_ms = tuple(waiting.given_ms for waiting in batch)
        keys = tuple(waiting.key for waiting in batch)
        fact = VotesCast(
            votes=tuple(waiting.vote for waiting in batch),
            given_ms=given_ms if any(given_ms) else (),
            keys=keys if any(keys) else (),
        )
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
