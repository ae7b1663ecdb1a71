"""Which worker has which stage: leases, routes, and taking over what a dead worker left.

The lease `stage/STAGE` belongs to a worker; its fencing number is the stage's generation, which tells
viewers to connect again. The node of the worker renews it; whoever needs a stage that nobody holds takes
it. `follow` and `renew` bring routes, rooms and leases in line with the run sheet, at any time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from ..broker.base import EventLog, Lease
from ..domain.facts import StageHosted
from ..domain.ids import SessionId, StageId
from ..domain.runsheet import RunSheet
from ..errors import ShowcallerError, Unavailable
from .ledger import Ledger
from .rooms import Rooms, note_stopped
from .workers import Worker, Workers

log = logging.getLogger(__name__)

LEASE_TTL_MS = 3_000
RENEW_EVERY_S = 1.0


class Hosting(Struct):
    """A stage on one of our workers."""

    lease: Lease
    worker: Worker
    routed: SessionId | None = None


class Stages:
    """The stages of one event, as this node sees them."""

    def __init__(self, event_log: EventLog, workers: Workers, rooms: Rooms, ledger: Ledger) -> None:
        self._log = event_log
        self._workers = workers
        self._rooms = rooms
        self._ledger = ledger
        self._hosted: dict[StageId, Hosting] = {}
        self._taking = asyncio.Lock()

    def hosted_by(self, stage: str, worker: str) -> Worker | None:
        """Our worker of that name, if it has the stage."""
        hosting = self._hosted.get(StageId(stage))
        return hosting.worker if hosting and hosting.worker.name == worker else None

    def count(self) -> int:
        return len(self._hosted)

    async def owner(self, sheet: RunSheet, run: str, stage: StageId) -> str:
        """The name of the worker that has the stage; takes it if nobody does.

        Raises `Unavailable` when nobody has it and no worker runs here.
        """
        if (hosting := self._hosted.get(stage)) is not None:
            return hosting.worker.name
        lease = await self._log.read_lease(_name(stage))
        if lease is not None:
            return lease.owner
        taken = await self._take(sheet, run, stage)
        if taken is None:
            raise Unavailable("no media worker is free for this stage", retry_after_s=1)
        return taken.worker.name

    # In line with the run sheet ---------------------------------------------------------------

    async def follow(self, sheet: RunSheet) -> None:
        """Lead the right rooms to our stages; close the rooms of sessions that are over."""
        for stage in list(self._hosted):
            await self._route(sheet, stage)
        over = {id for id, session in sheet.sessions.items() if session.over}
        await self._rooms.close_rooms(over & self._rooms.publishing_sessions())

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
            if stage not in self._hosted and await self._log.read_lease(_name(stage)) is None:
                await self._take(sheet, run, stage)

    def drop(self, worker: Worker) -> list[Lease]:
        """Forget the stages of a worker that is gone; the leases are to be given back."""
        lost = {stage: h for stage, h in self._hosted.items() if h.worker is worker}
        for stage in lost:
            del self._hosted[stage]
        return [hosting.lease for hosting in lost.values()]

    async def release(self, leases: list[Lease]) -> None:
        """Let anybody take the stages at once, instead of when their leases run out."""
        for lease in leases:
            await self._log.release_lease(lease)

    def note_all_hosted(self, run: str) -> None:
        """The log is another one: it is told again who hosts what."""
        for stage, hosting in self._hosted.items():
            self._note_hosted(run, stage, hosting.lease)

    # Taking and losing ------------------------------------------------------------------------

    async def _take(self, sheet: RunSheet, run: str, stage: StageId) -> Hosting | None:
        async with self._taking:
            if (hosting := self._hosted.get(stage)) is not None:
                return hosting
            worker = self._least_busy()
            if worker is None:
                return None
            lease = await self._log.acquire_lease(_name(stage), worker.name, LEASE_TTL_MS)
            if lease is None:
                return None
            if self._workers.get(worker.name) is None:  # it died meanwhile
                await self._log.release_lease(lease)
                return None
            hosting = self._hosted[stage] = Hosting(lease, worker)
        log.info(
            "stage hosted",
            extra={"action": "media.stage_hosted", "stage": stage, "media_worker": worker.name},
        )
        self._note_hosted(run, stage, lease)
        self._stop_orphans(sheet, stage)
        await self._route(sheet, stage)
        return hosting

    async def _lose(self, sheet: RunSheet, stage: StageId) -> None:
        hosting = self._hosted.pop(stage)
        log.warning("stage lost", extra={"action": "media.stage_lost", "stage": stage})
        await self._rooms.close_rooms(plan.id for plan in sheet.on_stage(stage))
        await hosting.worker.leave_stage(stage)

    async def _route(self, sheet: RunSheet, stage: StageId) -> None:
        hosting = self._hosted.get(stage)
        if hosting is None or stage not in sheet.stages:
            return
        showing = sheet.stages[stage].showing
        if hosting.routed != showing:
            hosting.routed = showing
            try:
                await hosting.worker.route(stage=stage, session=showing)
            except ShowcallerError:
                hosting.routed = None  # again with the next step
                raise

    def _least_busy(self) -> Worker | None:
        busy = Counter(hosting.worker.name for hosting in self._hosted.values())
        return min(self._workers.all(), key=lambda worker: busy[worker.name], default=None)

    def _note_hosted(self, run: str, stage: StageId, lease: Lease) -> None:
        fact = StageHosted(stage=stage, generation=lease.fence)
        self._ledger.note(fact, f"host:{run}:{stage}:{lease.fence}")

    def _stop_orphans(self, sheet: RunSheet, stage: StageId) -> None:
        """What others published to this stage ended with their lease, though nobody said so."""
        for plan in sheet.on_stage(stage):
            for publication in sheet.sessions[plan.id].publications:
                if self._workers.get(publication.partition("~")[0]) is None:
                    note_stopped(self._ledger, plan.id, publication)


def _name(stage: StageId) -> str:
    return f"stage/{stage}"


def _in_use(sheet: RunSheet) -> Iterable[StageId]:
    """Stages that were hosted once and that people watch or publish to."""
    for id, stage in sheet.stages.items():
        on_air = any(sheet.sessions[plan.id].publications for plan in sheet.on_stage(id))
        if stage.generation and (stage.showing or on_air):
            yield id
