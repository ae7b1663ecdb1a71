"""The recorder: borrows what the node's workers lend, and writes what a plan wants written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from ... import system
from ...errors import ShowcallerError
from ...hls.rendition import Told
from ...hls.talks import SOURCE
from ...recording import layout
from ...recording.layout import Gap
from ...recording.part import Take
from ...recording.storage import Storage
from ..contract.recording import NamedGap, Plan, RecorderStatus, Room
from ..egress import Egress
from ..sfu.branch import Branch
from ..sfu.ingest import Ingest
from .deletions import Deletions
from .outbox import Outbox
from .sources import Source
from .stages import Stages
from .takes import About, TakeWriter

log = logging.getLogger(__name__)

TICK_S = 0.1
GULP_S = 0.1  # nobody waits for a recorder
FINISH_WITHIN_S = 3.0


class Recorder:
    """One node's recorder. `follow` plans, `close` once; it tells what was written of stages."""

    def __init__(
        self,
        storage: Storage,
        egress: Egress,
        outbox: Outbox | None = None,
        tell: Callable[[Told | NamedGap], None] = lambda told: None,
    ) -> None:
        self.sources: dict[str, Source] = {}  # by publication
        self.outbox = outbox or Outbox(storage)
        self._storage = storage
        self._egress = egress
        self._plan: Plan | None = None
        self._rooms: dict[str, Room] = {}
        self._branches: dict[str, Branch] = {}
        self._ended_ms: dict[tuple[str, str], float] = {}  # by publication and kind
        self._looked_up: set[str] = set()  # folders of sessions
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._gaps = self._parts = self._parts_lost = 0
        self._tell = tell
        self._stages = Stages(self._put_of_stage, tell, _unique, self._folder, self._wants)
        self.deletions = Deletions(storage, self.outbox)
        self.outbox.start()
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """End all takes and store what waits, for some seconds at most."""
        self._ticking.cancel()
        now_s = system.monotonic_s()
        for publication in list(self.sources):
            self._end(publication, now_s)
        if self._plan is not None:
            self._stages.close(self.to_server_ms(now_s))
        for branch in self._branches.values():
            branch.close()
        self.deletions.stop()
        await self.outbox.stop(FINISH_WITHIN_S)

    def follow(self, plan: Plan) -> None:
        """Do as this plan says from now on."""
        if self._plan is not None and (self._plan.event, self._plan.run) != (plan.event, plan.run):
            self._ended_ms.clear()
        self._plan = plan
        self._rooms = {room.session: room for room in plan.rooms}
        for path in set(plan.trunks) - set(self._branches):
            self._branches[path] = Branch(path, self._egress, self._on_changed, gulp_s=GULP_S)
        for path in set(self._branches) - set(plan.trunks):
            self._branches.pop(path).close()
        self._look(system.monotonic_s())
        for deletion in plan.deleted:
            every = layout.event_folder(plan.event, plan.run)
            folder = self._folder(deletion.session) if deletion.session else every
            self.deletions.begin(folder, deletion.person)
        self.deletions.retain(layout.event_folder(plan.event, plan.run), plan.kept_days)

    def status(self) -> RecorderStatus:
        writers = [w for source in self.sources.values() for w in source.writers.values()]
        return RecorderStatus(
            takes=len(writers),
            sessions=tuple(sorted({source.ingest.session for source in self.sources.values()})),
            parts=self._parts + sum(writer.parts for writer in writers),
            stored_bytes=self.outbox.stored_bytes,
            waiting_bytes=self.outbox.waiting_bytes,
            parts_lost=self._parts_lost + sum(writer.parts_lost for writer in writers),
            gaps=self._gaps,
            failing_s=round(self.outbox.failing_s(system.monotonic_s()), 1),
        )

    def to_server_ms(self, now_s: float) -> float:
        assert self._plan is not None
        return now_s * 1000 + self._plan.ahead_ms

    # Which publications are written -----------------------------------------------------------

    def _on_changed(self, session: str, now_s: float) -> None:
        self._look(now_s)
        for source in list(self.sources.values()):
            if source.ingest.session == session:
                source.follow(now_s)

    def _look(self, now_s: float) -> None:
        """Begin and end recordings, so that those are written that are wanted."""
        ingests = self._ingests()
        for publication, source in list(self.sources.items()):
            ingest = ingests.get(publication)
            if ingest is not source.ingest or not self._wants(ingest):
                self._end(publication, now_s, wanted=ingest is None or self._wants(ingest))
        for publication, ingest in ingests.items():
            if publication not in self.sources and self._wants(ingest):
                self._begin(ingest, now_s)
        self._lead_stages(now_s)

    def _ingests(self) -> dict[str, Ingest]:
        every = (ingest for branch in self._branches.values() for ingest in branch.ingests.values())
        return {ingest.resource: ingest for ingest in every}

    def _put_of_stage(self, name: str, data: bytes) -> bool:
        """Store an object of a stage; all but its parts are needed."""
        return self.outbox.put(name, data, needed=not name.endswith(".m4s"))

    def _lead_stages(self, now_s: float) -> None:
        ingests = list(self._ingests().values())
        self._stages.lead(self._rooms.values(), ingests, now_s, self.to_server_ms(now_s))

    def _wants(self, ingest: Ingest) -> bool:
        room = self._rooms.get(ingest.session)
        if room is None or not room.record:
            return False
        return ingest.person not in room.but and (room.only is None or ingest.person in room.only)

    def _begin(self, ingest: Ingest, now_s: float) -> None:
        folder = self._folder(ingest.session)
        if folder not in self._looked_up:
            self._look_up(folder)
            return
        source = Source(ingest, folder, self.to_server_ms, self._writer_of, self._stages.add)
        self.sources[ingest.resource] = source
        source.follow(now_s)
        log.info("recording", extra={"action": "recording.started", "session": ingest.session})

    def _end(self, publication: str, now_s: float, *, wanted: bool = False) -> None:
        """End a publication's recording; if it was still wanted, what may follow is a gap."""
        source = self.sources.pop(publication)
        source.close(now_s)
        for writer in source.writers.values():
            self._parts += writer.parts
            self._parts_lost += writer.parts_lost
            if wanted and writer.ended_ms is not None:
                self._ended_ms[writer.about.place] = writer.ended_ms
            else:
                self._ended_ms.pop(writer.about.place, None)

    def _folder(self, session: str) -> str:
        assert self._plan is not None
        return layout.session_folder(self._plan.event, self._plan.run, session)

    # Where others have ended ------------------------------------------------------------------

    def _look_up(self, folder: str) -> None:
        """Learn up to where a recorder before this one has written, so that the gap can be named."""
        if folder not in self._looking:
            self._looking[folder] = asyncio.create_task(self._learn(folder))

    async def _learn(self, folder: str) -> None:
        try:
            for place, ended_ms in (await read_ends(self._storage, folder)).items():
                self._ended_ms.setdefault(place, ended_ms)
        except ShowcallerError as error:
            log.warning(error.for_operators, extra={"action": "recording.unread"})
        self._looked_up.add(folder)
        del self._looking[folder]
        self._look(system.monotonic_s())

    # Writing ----------------------------------------------------------------------------------

    def _writer_of(self, about: About, base_of: Callable[[float], int]) -> TakeWriter:
        def noted(gap: Gap) -> None:
            self._note_gap(about, gap)

        return TakeWriter(
            about,
            self.outbox,
            base_of,
            _unique,
            noted,
            ended_ms=self._ended_ms.pop(about.place, None),
        )

    def _note_gap(self, about: About, gap: Gap) -> None:
        self._gaps += 1
        self._tell(NamedGap(session=about.session, **gap._asdict()))
        line = gap.source, gap.kind, gap.from_ms, gap.to_ms, gap.reason
        self.outbox.put(layout.gap_name(about.folder, *line), b"", needed=True)
        log.warning(
            "a recording has a gap",
            extra={
                "action": "recording.gap",
                "session": about.session,
                "source": gap.source,
                "medium": gap.kind,
                "gap_ms": gap.to_ms - gap.from_ms,
                "reason": gap.reason,
            },
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_s = system.monotonic_s()
            for branch in self._branches.values():
                for ingest in list(branch.ingests.values()):
                    ingest.tick(now_s)
            for source in self.sources.values():
                source.tick(now_s)
            if self._plan is not None:
                self._lead_stages(now_s)
                self._stages.flush_if_still(self.to_server_ms(now_s))


def _unique() -> str:
    return system.random_hex(4)


async def read_ends(storage: Storage, folder: str) -> dict[tuple[str, str], float]:
    """Return the server time at which each publication's newest part of a kind ends, of one session.

    Takes of stages don't count: their parts are shorter, and end later.
    """
    objects = await storage.list_below(folder)
    ends: dict[tuple[str, str], float] = {}
    for stored in objects:
        if stored.name.endswith(f"/{layout.TAKE}"):
            take = msgspec.json.decode(await storage.get(stored.name), type=Take)
            if take.source.startswith(SOURCE):
                continue
            parts = layout.read_parts(take, objects)
            if parts:
                end_ms = parts[-1].time_ms + parts[-1].duration_ms(take.timescale)
                place = take.publication, take.kind
                ends[place] = max(end_ms, ends.get(place, 0.0))
    return ends
