"""Viewers of stages: taken in by a worker of this node that has room, or by another node's."""

from __future__ import annotations

import contextlib

from msgspec.structs import replace

from ...domain.ids import StageId
from ...domain.runsheet import RunSheet
from ...errors import Full, Unavailable
from ..contract.calls import Answer, ListViewers, View
from ..contract.statistics import ViewerStatistics, worst
from .foreign_stages import Ask
from .rooms import Rooms
from .stages import Stages


class Viewing:
    """The viewers that this node is asked to take in, or to tell of."""

    def __init__(self, stages: Stages, rooms: Rooms, ask: Ask) -> None:
        self._stages = stages
        self._rooms = rooms
        self._ask = ask

    async def view_foreign(self, sheet: RunSheet, call: View, holder: str) -> Answer | None:
        """Take in a viewer of a stage that another node's worker `holder` has; None: ask that one."""
        if await self._stages.serve_foreign(sheet, StageId(call.stage), holder):
            with contextlib.suppress(Full, Unavailable):
                return await self.view(call)
        return None

    async def view_passed_on(self, sheet: RunSheet, call: View) -> Answer:
        """Take in a viewer for the node that has the stage and is full. Raises `Full`, `Unavailable`."""
        await self._stages.serve_foreign(sheet, StageId(call.stage))
        return await self.view(call)

    async def view_or_pass_on(self, call: View) -> Answer:
        """Take in a viewer of a stage of ours, or have a node do so that has room. Raises `Full`."""
        try:
            return await self.view(call)
        except Full:
            other = self._stages.spare_elsewhere()
            if other is None:
                raise
            with contextlib.suppress(Unavailable):
                return await self._ask(other, replace(call, passed_on=True))
            raise

    async def view(self, call: View) -> Answer:
        """Take a viewer in at the first of the stage's workers that has room, which may be one more.

        Raises `Full`, `Unavailable`.
        """
        stage = StageId(call.stage)
        workers = self._stages.workers_of(stage)
        full: Full | None = None
        for worker in workers:
            try:
                return await self._rooms.open(worker, call)
            except Full as error:
                full = error
        branch = await self._stages.branch_off(stage, len(workers))
        if branch is None:
            raise full or Unavailable("the stage is moving to another worker", retry_after_s=1)
        return await self._rooms.open(branch, call)

    async def viewers(self, call: ListViewers) -> list[ViewerStatistics]:
        """Return the viewers that this node has of a stage, those that lose most first."""
        workers = self._stages.workers_of(call.stage)
        return worst([one for each in workers for one in await each.do(call)])
