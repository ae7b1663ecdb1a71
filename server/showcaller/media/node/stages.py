"""The stages and the workers that have them: leases, routes, and taking over what a dead worker left.

The lease `stage/STAGE` belongs to a worker; its fencing number is the stage's generation, which tells
viewers to connect again. The node of the worker renews it; whoever needs a stage that nobody holds has the
worker with the least to do take it (`placement`). `follow` and `renew` bring routes, rooms and leases in
line with the run sheet, at any time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

from msgspec import structs

from ... import system
from ...broker.base import EventLog, Lease
from ...domain.facts import StageHosted
from ...domain.ids import StageId
from ...domain.runsheet import RunSheet
from ...errors import Unavailable
from ..contract.calls import LeaveStage, Lend, Lender, Route, Take
from .foreign_stages import Ask, ForeignStages
from .ledger import Ledger
from .measures import NodeMedia
from .overview import Overview, WorkerReport
from .placement import Candidate, Placement
from .rooms import Rooms, note_stopped
from .serving import Serving
from .tree import Tree
from .workers import Worker, Workers

log = logging.getLogger(__name__)

LEASE_TTL_MS = 3_000
RENEW_EVERY_S = 1.0
SPARE_LOAD = 0.7  # of a core: a worker with more to do takes no branch
RESTED_AFTER_S = 6.0  # by then its worker's load is measured without the stage


class Hosting(Serving, kw_only=True):
    """A stage of ours: speakers publish to the first of its workers."""

    lease: Lease
    rests_since_s: float | None = None  # a session has left it, and nothing is shown
    tree: Tree | None = None  # of other nodes' workers that borrow it


class Stages:
    """The stages of one event, as this node sees them."""

    def __init__(
        self,
        event_log: EventLog,
        workers: Workers,
        rooms: Rooms,
        ledger: Ledger,
        overview: Overview,
        ask: Ask,
        foreign: ForeignStages,
    ) -> None:
        self._log = event_log
        self._workers = workers
        self._rooms = rooms
        self._ledger = ledger
        self._overview = overview
        self._ask = ask
        self.foreign = foreign
        self._hosted: dict[StageId, Hosting] = {}
        self._taking = asyncio.Lock()
        self._placement = Placement()
        self._left_to_others: set[StageId] = set()

    def hosted_by(self, stage: str, worker: str) -> Worker | None:
        """Return our worker of that name, if it has the stage."""
        hosting = self._hosted.get(StageId(stage))
        return hosting.worker if hosting and hosting.worker.name == worker else None

    def workers_of(self, stage: str) -> list[Worker]:
        """Return our workers that serve the stage's viewers: first the one that has it, then branches."""
        serving = self._serving(StageId(stage))
        return serving.workers if serving else []

    def _serving(self, stage: StageId) -> Serving | None:
        return self._hosted.get(stage) or self.foreign.get(stage)

    async def branch_off(self, stage: StageId, full: int) -> Worker | None:
        """Add one of our workers to a stage whose first `full` are full; None: there is none to spare."""
        async with self._taking:
            serving = self._serving(stage)
            if serving is None:
                return None
            if len(serving.workers) > full:  # somebody else was faster
                return serving.workers[-1]
            worker = self._spare({worker.name for worker in serving.workers})
            if worker is None:
                return None
            await serving.branch_off(worker)
        about = {"stage": stage, "media_worker": worker.name}
        log.info("stage branched off", extra={"action": "media.stage_branched", **about})
        return worker

    def _spare(self, busy: Collection[str] = ()) -> Worker | None:
        """Return our worker with the least to do, if it has time to spare; none of those that are `busy`."""
        idle = (c for c in self._ours() if c.worker not in busy and c.load < SPARE_LOAD)
        best = self._placement.best(idle, system.monotonic_s())
        return self._workers.get(best.worker) if best else None

    def spare_elsewhere(self) -> str | None:
        """Return the worker of another node with the least to do, if it has time to spare."""
        others = (_candidate(report, here=False) for report in self._overview.elsewhere())
        idle = (candidate for candidate in others if candidate.load < SPARE_LOAD)
        best = self._placement.best(idle, system.monotonic_s())
        return best.worker if best else None

    async def serve_foreign(self, sheet: RunSheet, stage: StageId, holder: str = "") -> bool:
        """Serve viewers of a stage that another node has, its worker `holder`; return whether we do."""
        if (known := self.foreign.get(stage)) is not None and known.holder == holder:
            return True
        lease = await self._log.read_lease(_name(stage))
        if lease is None or self._workers.get(lease.owner) is not None:
            return False
        return await self.foreign.serve(sheet, stage, lease, self._spare())

    def lend(self, call: Lend, worker: str) -> Lender:
        """Return who lends our stage to another node's worker. Raises `Unavailable`."""
        hosting = self._hosted.get(StageId(call.stage))
        if hosting is None or hosting.worker.name != worker:
            raise Unavailable("the stage has moved to another worker", retry_after_s=1)
        if hosting.worker.lender is None:
            raise Unavailable("this worker lends to no other node", retry_after_s=5)
        if hosting.tree is None:
            hosting.tree = Tree(hosting.worker.lender)
        now_s = system.monotonic_s()
        lender = hosting.tree.place(call.to, call.load, now_s, without=call.without)
        if lender is None:
            raise Unavailable("nobody else lends this stage", retry_after_s=1)
        return lender

    async def owner(self, sheet: RunSheet, run: str, stage: StageId) -> str:
        """Return the name of the worker that has the stage; if none does, have the least busy one take it.

        Raises `Unavailable` when nobody has it and no worker runs anywhere.
        """
        return await self.holder(stage) or await self._place(sheet, run, stage)

    async def holder(self, stage: StageId) -> str | None:
        """Return the name of the worker that has the stage; None if nobody does."""
        if (hosting := self._hosted.get(stage)) is not None:
            return hosting.worker.name
        lease = await self._log.read_lease(_name(stage))
        return lease.owner if lease is not None else None

    async def take(self, sheet: RunSheet, run: str, stage: StageId, worker: Worker) -> str:
        """Have our `worker` take the stage, unless somebody has it. Returns who has it then.

        Raises `Unavailable` when that is nobody.
        """
        hosting = await self._take(sheet, run, stage, worker)
        if hosting is not None:
            return hosting.worker.name
        lease = await self._log.read_lease(_name(stage))
        if lease is None:
            raise Unavailable("the stage is moving to another worker", retry_after_s=1)
        return lease.owner

    # In line with the run sheet ---------------------------------------------------------------

    async def follow(self, sheet: RunSheet) -> None:
        """Lead the right rooms to our stages."""
        for stage in list(self._hosted):
            await self._route(sheet, stage)
        await self.foreign.follow(sheet)

    async def renew(self, sheet: RunSheet, run: str) -> None:
        """Keep our leases; take the stages in use that nobody holds any more."""
        for stage, hosting in list(self._hosted.items()):
            lease = await self._log.acquire_lease(_name(stage), hosting.worker.name, LEASE_TTL_MS)
            if self._hosted.get(stage) is not hosting:  # its worker died meanwhile
                await self.release([lease] if lease else [])
            elif lease is None:
                await self._lose(sheet, stage)
            else:
                # Had it run out, and somebody else the stage meanwhile? Then viewers are elsewhere.
                elsewhere = sheet.stages[stage].generation > hosting.lease.fence
                hosting.lease = lease
                if elsewhere:
                    self._note_hosted(run, stage, lease)
        for stage in _in_use(sheet):
            if stage not in self._hosted:
                await self._take_over(sheet, run, stage)
        for stage, hosting in list(self._hosted.items()):
            await self._move_if_better(sheet, run, stage, hosting)
        await self.foreign.renew()

    def drop(self, worker: Worker) -> list[Serving]:
        """Forget the stages of a worker that is gone; they are to be given back."""
        hosted = [hosting for hosting in self._hosted.values() if hosting.worker is worker]
        for hosting in hosted:
            del self._hosted[hosting.stage]
        for hosting in self._hosted.values():
            hosting.branches = [branch for branch in hosting.branches if branch is not worker]
        return [*hosted, *self.foreign.drop(worker)]

    async def give_back(self, lost: list[Serving]) -> None:
        """End the branches of these stages, and let anybody take those that were ours."""
        for serving in lost:
            await serving.end(serving.branches)
        await self.release([serving.lease for serving in lost if isinstance(serving, Hosting)])

    async def release(self, leases: list[Lease]) -> None:
        """Let anybody take the stages at once, instead of when their leases run out."""
        for lease in leases:
            await self._log.release_lease(lease)

    def note_all_hosted(self, run: str) -> None:
        """Tell the log again who hosts what: it is another one."""
        for stage, hosting in self._hosted.items():
            self._note_hosted(run, stage, hosting.lease)

    async def end_sessions(self) -> None:
        """Lead nothing to our stages any more, so that what was shown is measured: the node stops."""
        for serving in [*self._hosted.values(), *self.foreign.all()]:
            for worker in serving.workers:
                await worker.do(Route(stage=serving.stage))

    # Where a stage goes -----------------------------------------------------------------------

    def reports(self) -> list[WorkerReport]:
        """Return what our workers measured, each with the stages that it has by its lease."""
        return [self._report(worker) for worker in self._workers.all()]

    def node_media(self) -> NodeMedia:
        """Return the reports by the workers' numbers, with what this node counts."""
        by_number = {
            worker.number: self._report(worker).statistics for worker in self._workers.all()
        }
        return NodeMedia(by_number, self._workers.restarts, len(self._hosted))

    def _report(self, worker: Worker) -> WorkerReport:
        measured = worker.measured
        stages = [one for one in measured.stages if worker in self.workers_of(one.stage)]
        return WorkerReport(worker=worker.name, statistics=structs.replace(measured, stages=stages))

    def _candidates(self) -> list[Candidate]:
        return self._ours() + [
            _candidate(report, here=False) for report in self._overview.elsewhere()
        ]

    def _ours(self) -> list[Candidate]:
        return [_candidate(report, here=True) for report in self.reports()]

    async def _place(self, sheet: RunSheet, run: str, stage: StageId) -> str:
        """Have the worker with the least to do take the stage; one of ours if it does not answer."""
        candidates, now_s = self._candidates(), system.monotonic_s()
        best = self._placement.best(candidates, now_s)
        if best is not None and not best.here:
            try:
                return await self._give(sheet, run, stage, best)
            except Unavailable:
                self._overview.forget(best.worker)
                best = self._placement.best((c for c in candidates if c.here), now_s)
        if best is None:
            raise Unavailable("no media worker is free for this stage", retry_after_s=1)
        return await self._give(sheet, run, stage, best)

    async def _give(self, sheet: RunSheet, run: str, stage: StageId, to: Candidate) -> str:
        """Have a worker take the stage, here or elsewhere. Returns who has it then."""
        self._placement.note(to.worker, system.monotonic_s())
        worker = self._workers.get(to.worker)
        if worker is not None:
            return await self.take(sheet, run, stage, worker)
        if to.here:  # it died meanwhile
            raise Unavailable("the media worker has gone: try again", retry_after_s=1)
        return await self._ask(to.worker, Take(stage=stage))

    async def _take_over(self, sheet: RunSheet, run: str, stage: StageId) -> None:
        """Take a stage in use that nobody holds; who has more to do than others waits a turn for them."""
        if await self._log.read_lease(_name(stage)) is not None:
            self._left_to_others.discard(stage)
            return
        candidates, now_s = self._candidates(), system.monotonic_s()
        ours = self._placement.best((c for c in candidates if c.here), now_s)
        if ours is None:
            return
        if self._placement.best(candidates, now_s) != ours and stage not in self._left_to_others:
            self._left_to_others.add(stage)
            return
        self._left_to_others.discard(stage)
        await self._give(sheet, run, stage, ours)

    async def _move_if_better(
        self, sheet: RunSheet, run: str, stage: StageId, hosting: Hosting
    ) -> None:
        """Move the stage to a worker with clearly less to do, if it rests between two sessions."""
        now_s = system.monotonic_s()
        if hosting.rests_since_s is None or now_s < hosting.rests_since_s + RESTED_AFTER_S:
            return
        if any(sheet.sessions[plan.id].publications for plan in sheet.on_stage(stage)):
            return
        await self._end_idle_branches(hosting)
        if hosting.branches:
            return
        target = self._placement.better(self._candidates(), hosting.worker.name, now_s)
        if target is None or self._hosted.get(stage) is not hosting:
            return
        del self._hosted[stage]
        try:
            await self.release([hosting.lease])
            owner = await self._give(sheet, run, stage, target)
            about = {"stage": stage, "media_worker": owner}
            log.info("stage moved", extra={"action": "media.stage_moved", **about})
        finally:
            await hosting.worker.do(LeaveStage(stage=stage))

    async def _end_idle_branches(self, hosting: Hosting) -> None:
        """End the branches of a resting stage that have no viewers left."""
        await hosting.end([b for b in hosting.branches if not hosting.viewers_at(b)])

    # Taking and losing ------------------------------------------------------------------------

    async def _take(
        self, sheet: RunSheet, run: str, stage: StageId, worker: Worker
    ) -> Hosting | None:
        """Take the stage; None: somebody else has it."""
        async with self._taking:
            if (hosting := self._hosted.get(stage)) is not None:
                return hosting
            lease = await self._log.acquire_lease(_name(stage), worker.name, LEASE_TTL_MS)
            if lease is None:
                return None
            if self._workers.get(worker.name) is None:  # it died meanwhile
                await self._log.release_lease(lease)
                return None
            hosting = self._hosted[stage] = Hosting(stage=stage, lease=lease, worker=worker)
        log.info(
            "stage hosted",
            extra={"action": "media.stage_hosted", "stage": stage, "media_worker": worker.name},
        )
        await self.foreign.leave(stage)
        self._note_hosted(run, stage, lease)
        self._stop_orphans(sheet, stage)
        await self._route(sheet, stage)
        return hosting

    async def _lose(self, sheet: RunSheet, stage: StageId) -> None:
        hosting = self._hosted.pop(stage)
        log.warning("stage lost", extra={"action": "media.stage_lost", "stage": stage})
        await self._rooms.close_rooms(plan.id for plan in sheet.on_stage(stage))
        await hosting.end(hosting.branches)
        await hosting.worker.do(LeaveStage(stage=stage))

    async def _route(self, sheet: RunSheet, stage: StageId) -> None:
        hosting = self._hosted.get(stage)
        if hosting is None or stage not in sheet.stages:
            return
        rested = hosting.routed
        if await hosting.route(sheet):
            session, _ = hosting.routed or (None, "")
            rests = session is None and rested is not None
            hosting.rests_since_s = system.monotonic_s() if rests else None

    def _note_hosted(self, run: str, stage: StageId, lease: Lease) -> None:
        fact = StageHosted(stage=stage, generation=lease.fence)
        self._ledger.note(fact, f"host:{run}:{stage}:{lease.fence}")

    def _stop_orphans(self, sheet: RunSheet, stage: StageId) -> None:
        """End what others published to this stage: it ended with their lease, though nobody said so."""
        for plan in sheet.on_stage(stage):
            for publication in sheet.sessions[plan.id].publications:
                if self._workers.get(publication.partition("~")[0]) is None:
                    note_stopped(self._ledger, plan.id, publication)


def _candidate(report: WorkerReport, *, here: bool) -> Candidate:
    measured = report.statistics
    return Candidate(report.worker, measured.load, report.viewers, len(measured.stages), here)


def _name(stage: StageId) -> str:
    return f"stage/{stage}"


def _in_use(sheet: RunSheet) -> Iterable[StageId]:
    """Stages that were hosted once and that people watch or publish to."""
    for id, stage in sheet.stages.items():
        on_air = any(sheet.sessions[plan.id].publications for plan in sheet.on_stage(id))
        if stage.generation and (stage.showing or on_air):
            yield id
