"""A stage on this node's workers: the first of them has its packets, the others branch off from that one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from msgspec import Struct, field

from ...domain.ids import SessionId, StageId
from ...domain.runsheet import RunSheet
from ...errors import ShowcallerError, Unavailable
from ..contract.calls import BranchOff, LeaveStage, Route
from .workers import Worker

Routed = tuple[SessionId | None, str]  # the session and the publication that are led to a stage


class Serving(Struct, kw_only=True):
    """A stage on one or more of our workers."""

    stage: StageId
    worker: Worker
    branches: list[Worker] = field(default_factory=list)  # for viewers beyond what it has room for
    routed: Routed | None = None

    @property
    def workers(self) -> list[Worker]:
        return [self.worker, *self.branches]

    async def route(self, sheet: RunSheet) -> bool:
        """Lead to the stage what the run sheet shows there; return whether that is something else now."""
        if self.stage not in sheet.stages:
            return False
        before, self.routed = self.routed, on_stage(sheet, self.stage)
        if before == self.routed:
            return False
        try:
            for worker in self.workers:
                await self._route(worker)
        except ShowcallerError:
            self.routed = None  # again with the next step
            raise
        return True

    async def branch_off(self, worker: Worker) -> None:
        """Have one worker more serve the stage."""
        await worker.do(BranchOff(stage=self.stage, trunk=self.worker.trunk))
        self.branches.append(worker)
        await self._route(worker)

    async def end(self, workers: Iterable[Worker]) -> None:
        """Have these of its workers serve the stage no longer."""
        for worker in list(workers):
            if worker in self.branches:
                self.branches.remove(worker)
            with contextlib.suppress(Unavailable):  # it is gone, and its viewers know
                await worker.do(LeaveStage(stage=self.stage))

    def viewers_at(self, worker: Worker) -> int:
        """Return how many viewers of the stage a worker of ours has, as it measured last."""
        return sum(one.viewers for one in worker.measured.stages if one.stage == self.stage)

    async def _route(self, worker: Worker) -> None:
        if self.routed is not None:
            session, chosen = self.routed
            await worker.do(Route(stage=self.stage, session=session, publication=chosen))


def on_stage(sheet: RunSheet, stage: StageId) -> Routed:
    """Return the session whose room the audience sees, and which publication of it was chosen."""
    showing = sheet.stages[stage].showing
    if showing is None or not (run := sheet.sessions[showing]).on_stage:
        return None, ""
    return showing, run.chosen
