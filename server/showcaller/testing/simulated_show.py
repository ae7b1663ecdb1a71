"""Several nodes on one log, simulated: latency, loss, stale folds, skewed clocks and deaths on virtual time.

`SimulatedLog` keeps the broker's contract for appending; a `SimulatedNode` folds it late and is to a
`ClockRunner` what a `LiveEvent` is.
"""

from __future__ import annotations

import asyncio
import random
from typing import cast

from msgspec import Struct

from ..broker.base import Entry, NotYet
from ..domain import facts
from ..domain.ids import EventId
from ..domain.outcome import Outcome
from ..domain.state import State
from ..errors import Unavailable
from ..show.clock_runner import ClockRunner
from ..show.event_listener import EventListener
from ..show.live_event import LiveEvent

LONG_NAP_S = 3600.0  # so that a wake-up which is missing shows


class SimulatedLog:
    """An event's log in memory. Its clock is the running loop's, from `start_ms` on."""

    def __init__(self, start_ms: int) -> None:
        self.entries: list[Entry] = []
        self._start_ms = start_ms
        self._by_key: dict[str, Entry] = {}
        self._grown = asyncio.Event()

    def now_ms(self) -> float:
        """The broker's wall clock."""
        return self._start_ms + asyncio.get_running_loop().time() * 1000

    def append(self, key: str, fact: facts.Fact, not_before_ms: int | None = None) -> Entry:
        """Append at once, as `EventLog.append` does."""
        if key in self._by_key:
            return self._by_key[key]
        at_ms = int(self.now_ms())
        if not_before_ms is not None and at_ms < not_before_ms:
            raise NotYet(not_before_ms - at_ms)
        entry = Entry(len(self.entries) + 1, key, at_ms, facts.encode_fact(fact))
        self.entries.append(entry)
        self._by_key[key] = entry
        self._grown.set()
        self._grown = asyncio.Event()
        return entry

    async def wait_beyond(self, offset: int) -> None:
        """Wait until there is an entry after `offset`."""
        while len(self.entries) <= offset:
            await self._grown.wait()


class Network(Struct, frozen=True, kw_only=True):
    """The network between a node and the broker, and how well the node knows the time."""

    skew_ms: float = 0  # of the node's clock against the broker's
    latency_ms: float = 4  # of one way, at most
    stall: float = 0  # chance that folding an entry takes up to `stall_ms`
    stall_ms: float = 5000
    loss: float = 0  # chance that an append fails, before or after it took effect


class SimulatedNode:
    """One node: follows the log, and runs the clock."""

    def __init__(
        self, log: SimulatedLog, network: Network, rng: random.Random, state: State | None = None
    ) -> None:
        self.state = state or State(event_id=EventId("event"))
        self._log = log
        self._network = network
        self._rng = rng
        self._listeners: list[EventListener] = []
        self._folded: dict[int, asyncio.Future[Outcome]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        runner = ClockRunner(cast(LiveEvent, self), nap_s=LONG_NAP_S)
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(runner.run())]

    async def kill(self) -> None:
        """Die in the middle of whatever it does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What a clock runner asks of an event ---------------------------------------------------------

    def wall_ms(self) -> float:
        return self._log.now_ms() + self._network.skew_ms

    def add_listener(self, listener: EventListener) -> None:
        self._listeners.append(listener)

    def remove_listener(self, listener: EventListener) -> None:
        self._listeners.remove(listener)

    async def append(
        self, fact: facts.Fact, key: str, *, not_before_ms: int | None = None
    ) -> Outcome:
        await self._travel()
        if self._rng.random() < self._network.loss:
            raise Unavailable("lost on the way there")
        entry = self._log.append(key, fact, not_before_ms)
        await self._travel()
        if self._rng.random() < self._network.loss:
            raise Unavailable("lost on the way back")
        if entry.offset <= self.state.folded:
            return Outcome()
        future = asyncio.get_running_loop().create_future()
        return await self._folded.setdefault(entry.offset, future)

    async def _travel(self) -> None:
        await asyncio.sleep(self._rng.uniform(0, self._network.latency_ms) / 1000)

    async def _follow(self) -> None:
        while True:
            await self._log.wait_beyond(self.state.folded)
            await self._travel()
            if self._rng.random() < self._network.stall:
                await asyncio.sleep(self._rng.uniform(0, self._network.stall_ms) / 1000)
            for entry in self._log.entries[self.state.folded :]:
                self._fold(entry)

    def _fold(self, entry: Entry) -> None:
        fact = facts.decode_fact(entry.data)
        outcome = self.state.apply(entry.offset, entry.at_ms, fact)
        for listener in self._listeners:
            listener.on_folded(entry, fact, outcome)
        waiting = self._folded.pop(entry.offset, None)
        if waiting is not None:
            waiting.set_result(outcome)
