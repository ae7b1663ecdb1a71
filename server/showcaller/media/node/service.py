"""Media for one event on this node: admission, finding the worker, and keeping everything in line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from ... import system
from ...broker.base import Entry
from ...domain.facts import Fact, SessionRecorded
from ...domain.ids import PersonId, SessionId, StageId
from ...domain.outcome import Outcome
from ...domain.people import Principal
from ...domain.runsheet import RunSheet
from ...domain.touches import PublicationTouch, SessionTouch, StageTouch
from ...errors import Forbidden, NotFound, OurFault, ShowcallerError, Unavailable
from ...protocol.messages import ServerMessage, Since
from ...show.live_event import LiveEvent
from ..contract.addresses import choose_addresses
from ..contract.calls import (
    Answer,
    Asker,
    Call,
    Lend,
    ListViewers,
    OfResource,
    OfStage,
    Preview,
    Publish,
    Sdp,
    Source,
    Take,
    View,
)
from ..contract.engine import MediaEvent
from ..contract.recording import Plan, RecorderStatus
from ..contract.statistics import ViewerStatistics, worst
from .admission import admit_publisher, admit_viewer_of_session, admit_viewer_of_stage
from .foreign_stages import ForeignStages
from .ledger import Ledger
from .measures import NodeMedia
from .overview import TELL_EVERY_S, MediaOverview, Overview, of_stages
from .recording import RecorderLine, Recording, Written, deletions_of, rooms_of
from .refusals import Refusals
from .relay import Relay
from .rooms import Rooms
from .serving import Serving
from .stages import RENEW_EVERY_S, Stages
from .viewing import Viewing
from .workers import Worker, Workers

log = logging.getLogger(__name__)

MOVES_FORGIVEN = 2  # a stage that moves while it is asked for is asked again
MOVED_RETRY_S = 0.3
FLUSH_WITHIN_S = 2.0
RECORDER_WAITS_S = 30.0  # for workers that start
R = TypeVar("R")

ENDED = "this media resource ended with its worker"


class MediaService:
    """WHIP and WHEP for one event. `start` it once, `stop` it once.

    `workers` media processes run here (0: this node only passes requests on); `written` learns what is
    recorded of stages; `addresses` are those that
    clients reach media at (none: all of this machine), `first_port` is where their UDP ports begin (`ports`),
    `first_tcp_port` where those for TCP do (None: the same numbers, 0: none).
    """

    def __init__(
        self,
        event: LiveEvent,
        *,
        workers: int,
        addresses: Sequence[str] = (),
        first_port: int = 0,
        first_tcp_port: int | None = None,
        recordings: str = "",
        kept_days: int = 0,
        written: Written | None = None,
        keys: tuple[bytes, ...] = (),
    ) -> None:
        self._event = event
        self._kept_days = kept_days
        self._records = bool(recordings)
        bound = choose_addresses(addresses)
        self._workers = Workers(workers, bound, self, first_port, keys, first_tcp_port)
        self._ledger = Ledger(event)
        self._rooms = Rooms(self._ledger)
        self._relay = Relay(event.log, self._do_here)
        self._refusals = Refusals()
        self._overview = Overview(
            event.log,
            self._relay.node,
            lambda: self._stages.reports(),
            lambda: self._refusals.recent(int(event.wall_ms())),
            self._recorder_line,
        )
        self._stages = Stages(
            event.log,
            self._workers,
            self._rooms,
            self._ledger,
            self._overview,
            self._relay.ask,
            ForeignStages(self._relay.ask),
        )
        self._viewing = Viewing(self._stages, self._rooms, self._relay.ask)
        self._recording = (
            Recording(recordings, self._recording_plan, self._note_recorded, written)
            if recordings and workers
            else None
        )
        self._recorded: set[str] = set()  # sessions, as the log was told
        self._changed = asyncio.Event()  # the run sheet
        self._lease_due = asyncio.Event()  # sooner than each second
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the workers without waiting for them: until one runs, requests get 503."""
        self._event.add_listener(self)
        await self._relay.start()
        self._ledger.start()
        self._spawn(self._keep_in_line())
        self._spawn(self._keep_leases())
        self._spawn(self._keep_telling())
        self._workers.start()
        if self._recording is not None:
            self._spawn(self._start_recording(self._recording))

    async def _start_recording(self, recording: Recording) -> None:
        """Start the recorder behind the workers: talks come first."""
        await self._workers.wait_up(RECORDER_WAITS_S)
        recording.start()

    async def wait_up(self, within_s: float) -> None:
        """Return when all workers run, or after `within_s`: before this node replaces another one."""
        await self._workers.wait_up(within_s)

    async def stop(self) -> None:
        """Say what ends here, let others take over, end the workers."""
        self._stopping = True
        self._event.remove_listener(self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._recording is not None:
            await self._recording.stop()
            self._note_recorded(RecorderStatus())
        await self._attempt(self._stages.end_sessions())
        self._rooms.end_all()
        await self._ledger.stop(FLUSH_WITHIN_S)
        for worker in self._workers.all():
            await self._attempt(self._stages.give_back(self._stages.drop(worker)))
        self._relay.stop()
        self._overview.stop()
        await self._workers.stop()

    # What clients ask -------------------------------------------------------------------------

    async def publish(
        self, principal: Principal, session: str, offer: Sdp, source: Source = "main"
    ) -> Answer:
        """Answer a WHIP offer. Raises what `admission` does, `BadInput`, `Unprocessable`, `Unavailable`."""
        stage = admit_publisher(self._sheet, principal, session, self._event.wall_ms())
        await self._attempt(self._event.introduce(principal))
        asker = asker_of(principal)
        return await self._at_stage(
            Publish(
                stage=stage,
                session=session,
                asker=asker,
                offer=offer,
                source=source,
                first=self._codec_first(session),
            )
        )

    def _codec_first(self, session: str) -> str:
        """Return the codec to prefer: of what is recorded, one that every player reads."""
        is_recorded = self._records and self._sheet.plan(SessionId(session)).record != "no"
        return "H264" if is_recorded else ""

    def note_refused(
        self, session: str, error: ShowcallerError, *, person: str, name: str = ""
    ) -> None:
        """Tell producers that a publisher was turned away, and why; the log too, each minute at most."""
        sheet = self._event.state.runsheet
        if sheet is None or session not in sheet.sessions:
            return
        now_ms = int(self._event.wall_ms())
        if self._refusals.note(session, error, now_ms, person=person, name=name):
            about = {"event": self._event.event_id, "session": session, "person": person}
            log.warning(
                f"a publisher was turned away: {error.code}",
                extra={"action": "media.publisher_refused", "code": error.code} | about,
            )

    def note_let_in(self, session: str, person: str) -> None:
        """Forget why somebody was turned away before."""
        self._refusals.forget(session, person)

    async def view_stage(
        self, principal: Principal, stage: str, offer: Sdp, *, face: bool = False
    ) -> Answer:
        """Answer a WHEP offer for a stage, or for the face beside its slides.

        Raises as `publish` does, and `Full`.
        """
        found = admit_viewer_of_stage(self._sheet, stage, self._event.wall_ms())
        asker = asker_of(principal)
        return await self._at_stage(View(stage=found, asker=asker, offer=offer, face=face))

    async def view_session(self, principal: Principal, session: str, offer: Sdp) -> Answer:
        """Answer a WHEP offer for a session: it leads to the stage that the session is on."""
        stage = admit_viewer_of_session(self._sheet, session, self._event.wall_ms())
        return await self._at_stage(View(stage=stage, asker=asker_of(principal), offer=offer))

    async def preview(self, principal: Principal, publication: str, offer: Sdp) -> Answer:
        """Answer a WHEP offer for one publication, on a stage or not: a producer's, or its stage's manager's.

        Raises `Forbidden`, `NotFound`, and as `publish` does.
        """
        check_sees_backstage(principal, self._stage_of(publication))
        asker = asker_of(principal)
        return await self.do(Preview(resource=publication, asker=asker, offer=offer))

    async def do(self, call: OfResource[R]) -> R:
        """Carry out a call to a publication or a viewer, on whichever node it is.

        Raises what the call says, and `Forbidden` for somebody else's.
        """
        worker = worker_of(call.resource)
        if self._overview.has_ended(worker):
            raise NotFound(ENDED)
        try:
            return await self._do(worker, call)
        except Unavailable as error:
            if error.code != "no_answer":
                raise
            raise NotFound(ENDED) from None

    def overview(self, principal: Principal) -> MediaOverview:
        """Return what all nodes measure: at most some seconds old; for stage managers that of their stages.

        Raises `Forbidden`.
        """
        if principal.has("producer"):
            return self._overview.everything()
        if not principal.has("stage_manager"):
            raise Forbidden(NOT_BACKSTAGE)
        return of_stages(self._overview.everything(), principal.stages, self._event.stage_of)

    def _stage_of(self, publication: str) -> StageId | None:
        runs = self._sheet.sessions.values()
        run = next((run for run in runs if publication in run.publications), None)
        return self._event.stage_of(run.id) if run is not None else None

    async def viewers(self, principal: Principal, stage: str) -> list[ViewerStatistics]:
        """Return the stage's viewers, those that lose most first; for producers and its managers.

        Raises `Forbidden`, `NotFound`, `Unavailable`.
        """
        check_sees_backstage(principal, stage)
        if stage not in self._sheet.stages:
            raise NotFound(f"there is no stage {stage!r}")
        call = ListViewers(stage=stage)
        found = await self._viewing.viewers(call)
        for worker in self._overview.serving(stage):
            with contextlib.suppress(Unavailable):  # it has gone, and so have they
                found += await self._do(worker, call)
        return await self._named(worst(found))

    async def _named(self, viewers: list[ViewerStatistics]) -> list[ViewerStatistics]:
        """Return the viewers with their names, which workers don't know."""
        names = await self._event.names_of(PersonId(viewer.person) for viewer in viewers)
        return [replace(viewer, name=names[PersonId(viewer.person)]) for viewer in viewers]

    def measured(self) -> NodeMedia:
        """Return this node's media, for `/metrics`."""
        media = self._stages.node_media()
        if self._recording is None:
            return media
        recorder, restarts = self._recording.status, self._recording.restarts
        return media._replace(recorder=recorder, recorder_restarts=restarts)

    @property
    def _sheet(self) -> RunSheet:
        sheet = self._event.state.runsheet
        if sheet is None:
            raise Unavailable("the event's run has not started", retry_after_s=1)
        return sheet

    # Where it is done -------------------------------------------------------------------------

    async def _at_stage(self, call: OfStage[R]) -> R:
        """Carry it out at the worker that has the stage, here or elsewhere; it may move meanwhile."""
        for _ in range(MOVES_FORGIVEN):
            try:
                return await self._at_stage_now(call)
            except Unavailable:
                await asyncio.sleep(MOVED_RETRY_S)
        return await self._at_stage_now(call)

    async def _at_stage_now(self, call: OfStage[R]) -> R:
        if self._stopping:
            raise Unavailable("this node is stopping", retry_after_s=1)
        stage = StageId(call.stage)
        worker = await self._stages.owner(self._sheet, self._event.state.run, stage)
        if isinstance(call, View) and self._workers.get(worker) is None:
            answered: Any = await self._viewing.view_foreign(self._sheet, call, worker)
            if answered is not None:
                return answered  # type: ignore[no-any-return]
        return await self._do(worker, call)

    async def _do(self, worker: str, call: Call[R]) -> R:
        if self._workers.get(worker) is None:
            return await self._relay.ask(worker, call)
        answer: R = await self._do_here(worker, call)
        return answer

    async def _do_here(self, name: str, call: Call[Any]) -> Any:
        """Carry it out at our worker `name`: asked by our own clients or by another node."""
        match call:
            case OfResource():
                return await self._rooms.do(call)
            case Take():
                return await self._take_here(name, StageId(call.stage))
            case ListViewers():
                return await self._viewing.viewers(call)
            case Lend():
                return self._stages.lend(call, name)
            case View(passed_on=True):
                return await self._viewing.view_passed_on(self._sheet, call)
            case Publish() | View():
                worker = self._stages.hosted_by(call.stage, name)
                if worker is None:
                    raise Unavailable("the stage has moved to another worker", retry_after_s=1)
                if isinstance(call, Publish):
                    return await self._rooms.open(worker, call)
                return await self._viewing.view_or_pass_on(call)
        raise OurFault(f"nodes don't ask one another to {type(call).__name__}", code="unknown_call")

    async def _take_here(self, name: str, stage: StageId) -> str:
        """Have our worker `name` take the stage: another node found that it has the least to do."""
        worker = self._workers.get(name)
        if worker is None or self._stopping:
            raise Unavailable("the media worker has gone: try again", retry_after_s=1)
        return await self._stages.take(self._sheet, self._event.state.run, stage, worker)

    # What happens -----------------------------------------------------------------------------

    def on_folded(self, entry: Entry, fact: Fact, outcome: Outcome) -> None:
        if any(
            isinstance(touch, SessionTouch | StageTouch | PublicationTouch)
            for touch in outcome.touched
        ):
            self._changed.set()
        if outcome.banned or outcome.revoked:
            self._spawn(self._rooms.shut_out(outcome.banned, outcome.revoked))

    def on_message(self, channel: str, message: ServerMessage) -> None:
        """Ignore it: media follows facts, not channels."""

    def on_new_epoch(self, before: Since) -> None:
        """Ignore it: the facts are the same."""

    def on_reset(self) -> None:
        self._stages.note_all_hosted(self._event.state.run)
        self._rooms.note_all_started()
        self._recorded = set()  # the recorder's next word tells the log again
        people = self._event.state.people  # bans may have come while the log was folded anew
        self._spawn(self._rooms.shut_out(people.banned, people.revoked))
        self._changed.set()

    def on_media_event(self, worker: Worker, event: MediaEvent) -> None:
        if event.kind == "parted":
            self._spawn(self._attempt(self._stages.foreign.mend(StageId(event.stage))))
        else:
            self._rooms.on_event(worker, event)

    def on_worker_up(self, worker: Worker) -> None:
        self._spawn(self._relay.serve(worker.name))
        self._lease_due.set()

    def on_worker_down(self, worker: Worker) -> None:
        self._relay.forget(worker.name)
        self._rooms.on_worker_down(worker)
        self._overview.note_ended(worker.name)
        self._spawn(self._give_back(self._stages.drop(worker)))
        self._spawn(self._overview.tell())

    async def _give_back(self, lost: list[Serving]) -> None:
        await self._attempt(self._stages.give_back(lost))
        self._lease_due.set()

    async def _keep_in_line(self) -> None:
        """Follow the run sheet: routes first, so that engines can splice; then rooms that close."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if (sheet := self._event.state.runsheet) is not None:
                await self._attempt(self._stages.follow(sheet))
                over = {id for id, session in sheet.sessions.items() if session.over}
                await self._attempt(
                    self._rooms.close_rooms(over & self._rooms.publishing_sessions())
                )
            if self._recording is not None:
                self._recording.changed()

    def _recording_plan(self) -> Plan | None:
        """Return what our recorder is to do now; None before the run has begun."""
        sheet = self._event.state.runsheet
        if sheet is None:
            return None
        return Plan(
            event=self._event.event_id,
            run=self._event.state.run,
            ahead_ms=self._event.wall_ms() - system.monotonic_s() * 1000,
            trunks=tuple(sorted(worker.trunk for worker in self._workers.all())),
            rooms=rooms_of(sheet, self._event.state.people.erased),
            deleted=deletions_of(sheet, self._event.state.people.erased),
            kept_days=self._kept_days,
        )

    def _recorder_line(self) -> RecorderLine | None:
        return self._recording.line(self._relay.node) if self._recording else None

    def _note_recorded(self, status: RecorderStatus) -> None:
        """Tell the log which sessions are recorded here, so that all who are in them see it."""
        now = set(status.sessions)
        for session in now ^ self._recorded:
            fact = SessionRecorded(
                session=SessionId(session), node=self._relay.node, on=session in now
            )
            self._ledger.note(fact, f"recorded:{system.random_id('r')}")
        self._recorded = now

    async def _keep_leases(self) -> None:
        while True:
            if (sheet := self._event.state.runsheet) is not None:
                await self._attempt(self._stages.renew(sheet, self._event.state.run))
            try:
                async with asyncio.timeout(RENEW_EVERY_S):
                    await self._lease_due.wait()
            except TimeoutError:
                continue
            self._lease_due.clear()

    async def _keep_telling(self) -> None:
        while True:
            await self._attempt(self._overview.listen())
            await self._overview.tell()
            await asyncio.sleep(TELL_EVERY_S)

    @staticmethod
    async def _attempt(work: Awaitable[None]) -> None:
        """Try it; what fails now is tried again with the next change or the next second."""
        try:
            await work
        except ShowcallerError as error:
            log.warning(error.message, extra={"action": "media.behind"})
        except Exception:
            log.exception("media could not be brought in line", extra={"action": "media.failed"})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_RESOURCE = re.compile(r"(w_[0-9a-f]{26})~[\w-]+")


def worker_of(resource: str) -> str:
    """Return the worker that a resource's id names. Raises `NotFound` for ids that none of ours can be."""
    found = _RESOURCE.fullmatch(resource)
    if found is None:
        raise NotFound("there is no such media resource")
    return found[1]


NOT_BACKSTAGE = "only producers, and stage managers of their stages, may see this"


def check_sees_backstage(principal: Principal, stage: str | None) -> None:
    """Raise `Forbidden` for who may not see what a stage does not show."""
    if not (principal.has("producer") or principal.manages(stage)):
        raise Forbidden(NOT_BACKSTAGE)


def asker_of(principal: Principal) -> Asker:
    """Return the person of a token as media's calls name them."""
    return Asker(principal.person, principal.token, principal.has("producer"))
