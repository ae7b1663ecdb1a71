"""Stages that another node has, and whose viewers are served here too: a worker of ours borrows the packets.

Where it borrows them the node says that has the stage (`tree`): from the worker there, or from one that
borrows as we do. Without a way to it, or time to spare, viewers are taken in where the stage is.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol, TypeVar

from ... import system
from ...broker.base import Lease
from ...domain.ids import StageId
from ...domain.runsheet import RunSheet
from ...errors import ShowcallerError, Unavailable
from ..contract.calls import BranchOff, Call, Lend, Lender
from .serving import Serving
from .tree import ASK_EVERY_S
from .workers import Worker

log = logging.getLogger(__name__)

REFUSED_FOR_S = 10.0  # then it is tried again
IDLE_FOR_S = 30.0  # without a viewer
LOST_AFTER_S = 3.0  # without a lender: its viewers are better off elsewhere
TRIES = 3

R = TypeVar("R")


class Ask(Protocol):
    """Asks the node of another worker."""

    async def __call__(self, worker: str, call: Call[R]) -> R: ...


class Foreign(Serving, kw_only=True):
    """A foreign stage on our workers, the first of which borrows from `lender` (None: from nobody now)."""

    holder: str  # the worker that has the stage
    generation: int
    lender: Lender | None
    asked_s: float
    watched_s: float  # when it last had viewers
    lent_s: float  # when it last had a lender


class ForeignStages:
    """The foreign stages of this node."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._stages: dict[StageId, Foreign] = {}
        self._refused_until_s: dict[StageId, float] = {}
        self._beginning = asyncio.Lock()
        self._mending: set[StageId] = set()

    def get(self, stage: StageId) -> Foreign | None:
        return self._stages.get(stage)

    def all(self) -> list[Foreign]:
        return list(self._stages.values())

    async def serve(
        self, sheet: RunSheet, stage: StageId, lease: Lease, worker: Worker | None
    ) -> bool:
        """Have `worker` serve viewers of a stage that another node has by this lease.

        Return whether one does; one that did before goes on. None: ours have no time to spare.
        """
        async with self._beginning:
            if (known := self._stages.get(stage)) and known.holder == lease.owner:
                return True
            now_s = system.monotonic_s()
            refused = now_s < self._refused_until_s.get(stage, 0.0)
            if worker is None or worker.lender is None or refused:
                return False
            await self.leave(stage)
            try:
                lender = await self._borrow(stage, lease.owner, worker, "")
            except ShowcallerError as error:
                self._refused_until_s[stage] = now_s + REFUSED_FOR_S
                about = {"action": "media.not_lent", "stage": stage}
                log.warning(f"viewers go to the node that has the stage: {error}", extra=about)
                return False
            self._stages[stage] = Foreign(
                stage=stage,
                worker=worker,
                holder=lease.owner,
                generation=lease.fence,
                lender=lender,
                asked_s=now_s,
                watched_s=now_s,
                lent_s=now_s,
            )
            await self._stages[stage].route(sheet)
        _note_lent(stage, worker, lender)
        return True

    async def follow(self, sheet: RunSheet) -> None:
        """Show what the run sheet says; leave stages that went to another worker."""
        for stage, foreign in list(self._stages.items()):
            run = sheet.stages.get(stage)
            if run is None or run.generation > foreign.generation:
                await self.leave(stage)
            else:
                await foreign.route(sheet)

    async def renew(self) -> None:
        """Ask again where to borrow, each few seconds; leave stages without viewers, or without a lender."""
        for stage, foreign in list(self._stages.items()):
            now_s = system.monotonic_s()
            if any(foreign.viewers_at(worker) for worker in foreign.workers):
                foreign.watched_s = now_s
            if now_s - foreign.watched_s > IDLE_FOR_S:
                await self.leave(stage)
            elif foreign.lender is None:
                await self.mend(stage)
            elif now_s - foreign.asked_s > ASK_EVERY_S:
                await self._ask_again(foreign, now_s)

    async def mend(self, stage: StageId) -> None:
        """Find another lender: the one of before has gone."""
        foreign = self._stages.get(stage)
        if foreign is None or stage in self._mending:
            return
        self._mending.add(stage)
        try:
            before, foreign.lender = foreign.lender, None
            without = before.worker if before else ""
            lender = await self._borrow(stage, foreign.holder, foreign.worker, without)
            foreign.lender, foreign.lent_s = lender, system.monotonic_s()
            _note_lent(stage, foreign.worker, lender)
        except ShowcallerError as error:
            log.warning(error.message, extra={"action": "media.not_lent", "stage": stage})
            if system.monotonic_s() - foreign.lent_s > LOST_AFTER_S:
                await self.leave(stage)
        finally:
            self._mending.discard(stage)

    async def leave(self, stage: StageId) -> None:
        """Serve viewers of that stage no longer: those there are come back to where it is."""
        foreign = self._stages.pop(stage, None)
        if foreign is not None:
            await foreign.end(foreign.workers)

    def drop(self, worker: Worker) -> list[Foreign]:
        """Forget a worker of ours that is gone; return the stages that it borrowed, to be ended."""
        lost = [foreign for foreign in self._stages.values() if foreign.worker is worker]
        for foreign in lost:
            del self._stages[foreign.stage]
        for foreign in self._stages.values():
            foreign.branches = [branch for branch in foreign.branches if branch is not worker]
        return lost

    async def _ask_again(self, foreign: Foreign, now_s: float) -> None:
        """Stay known in the tree; go where it says, if that is another place than before."""
        foreign.asked_s = now_s
        stage, worker = foreign.stage, foreign.worker
        try:
            lender = await self._lender(stage, foreign.holder, worker, "")
            if lender != foreign.lender and stage not in self._mending:
                await worker.do(BranchOff(stage=stage, lender=lender))
                foreign.lender = lender
        except ShowcallerError as error:  # it goes on with the one it has, and asks again
            log.warning(error.message, extra={"action": "media.not_lent", "stage": stage})

    async def _borrow(self, stage: StageId, holder: str, worker: Worker, without: str) -> Lender:
        """Have our worker borrow where it can. Raises `Unavailable`, and what the other node does."""
        for attempt in range(TRIES):
            lender = await self._lender(stage, holder, worker, without)
            try:
                await worker.do(BranchOff(stage=stage, lender=lender))
            except Unavailable:
                if attempt == TRIES - 1:
                    raise
                without = lender.worker
            else:
                return lender
        raise AssertionError("unreachable")

    async def _lender(self, stage: StageId, holder: str, worker: Worker, without: str) -> Lender:
        if worker.lender is None:
            raise Unavailable("this worker knows no other nodes", retry_after_s=1)
        load = worker.measured.load
        call = Lend(stage=stage, to=worker.lender, load=load, without=without)
        return await self._ask(holder, call)


def _note_lent(stage: StageId, worker: Worker, lender: Lender) -> None:
    about = {"stage": stage, "media_worker": worker.name, "lender": lender.worker}
    log.info("stage borrowed", extra={"action": "media.stage_borrowed", **about})
