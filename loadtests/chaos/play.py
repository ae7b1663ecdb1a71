"""One scenario: an audience of the load tool's on a cluster, and a story of what is done to it meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from showcaller_load.controller import Controller, Settings
from showcaller_load.results import Fault, ProcessSample, Result, Second
from showcaller_load.scenario import Action, Audience, FaultPlan, Point, Scenario

from .cluster import Cluster
from .score import Score, score, total

CHANNELS = ("agenda", "announcements", "session/{session}", "session/{session}/questions", "me")
SETTLE_S = 60.0
JOIN_S = 1.0


class Told(NamedTuple):
    """A story's own findings, beside those of the ledgers."""

    score: Score = Score()
    words: str = ""


Story = Callable[[Cluster], Awaitable[Told]]


class Watcher:
    """Says what happens."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def on_phase(self, text: str) -> None:
        self._say(f"  {text}")

    def on_second(self, second: Second, processes: list[ProcessSample]) -> None: ...

    def on_fault(self, fault: Fault) -> None:
        self._say(f"  {fault.t_s:5.1f} s: {fault.what}")

    def on_done(self, result: Result) -> None: ...


class _Storyteller(Controller):
    """A controller that lets a story happen in the place of the deployment's own faults."""

    def __init__(
        self, scenario: Scenario, cluster: Cluster, story: Story | None, watcher: Watcher
    ) -> None:
        super().__init__(scenario, cluster, Settings(local_cores=1), watcher)
        self._cluster = cluster
        self._story = story
        self.told = Told()

    async def _cause_faults(self) -> None:
        if self._story is not None:
            self.told = await self._story(self._cluster)
        await super()._cause_faults()


def audience(
    name: str,
    *,
    sockets: int = 80,
    joins: int = 0,
    duration_s: float,
    acts_from_s: float = 0.0,
    votes_per_s: float = 40.0,
    faults: Sequence[FaultPlan] = (),
) -> Scenario:
    """Return an audience that asks, votes and is announced to; `joins` more come evenly over the time."""
    grows = [Point(0.0, sockets // 2), Point(JOIN_S, sockets)]
    if joins:
        grows.append(Point(duration_s - 1, sockets + joins))
    rates = {"ask": 3.0, "vote": votes_per_s, "announce": 2.0, "probe": 5.0}
    return Scenario(
        name=name,
        summary=name,
        duration_s=duration_s,
        settle_s=SETTLE_S,
        session=Cluster.session,
        questions=0 if acts_from_s else 6,
        audience=Audience(grows=tuple(grows), channels=CHANNELS, msgpack_share=0.3),
        actions=tuple(
            Action(do=do, per_s=per_s, from_s=acts_from_s, until_s=duration_s)  # type: ignore[arg-type]
            for do, per_s in rates.items()
        ),
        faults=tuple(faults),
    )


class Played(NamedTuple):
    score: Score
    result: Result
    words: str


async def play(
    scenario: Scenario, cluster: Cluster, story: Story | None, say: Callable[[str], None]
) -> Played:
    """Let it happen, and compare every ledger with the log. Raises what the story raises."""
    storyteller = _Storyteller(scenario, cluster, story, Watcher(say))
    result = await storyteller.run()
    for found in result.findings[:20]:
        say(f"  {found.kind} {found.attendee} {found.channel} {found.offset}: {found.detail}")
    told = storyteller.told
    return Played(total([score(result), told.score]), result, told.words)
