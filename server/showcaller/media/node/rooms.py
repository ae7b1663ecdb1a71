"""The rooms of this node's workers: publications and viewers, whose they are, and the facts they make."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from ... import system
from ...domain.facts import PublicationStarted, PublicationStopped, TalkMeasured
from ...domain.ids import PersonId, SessionId, StageId
from ...errors import Forbidden, NotFound, RateLimited, ShowcallerError
from ..contract.calls import (
    Answer,
    Asker,
    Close,
    CloseRoom,
    Find,
    OfResource,
    Preview,
    Publish,
    Source,
    View,
)
from ..contract.engine import MediaEvent
from .ledger import Ledger
from .workers import Worker

MAX_CONNECTING = 16  # offers of one person that have not become connections yet
CONNECTING_RETRY_S = 5


class Resource(Struct):
    """A publication (WHIP) or a viewer (WHEP). `session` and `source`: of a publication."""

    worker: Worker
    asker: Asker
    session: str = ""
    source: Source = "main"
    live: bool = False


class Rooms:
    """The resources of this node's workers, by id."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._resources: dict[str, Resource] = {}
        self._opening = 0
        self._ended_early: set[str] = set()  # before the answer that names them was taken in

    async def open(self, worker: Worker, call: Publish | View | Preview) -> Answer:
        """Have `worker` answer an offer. Raises what the call says, and `RateLimited`."""
        self._check_connecting(call.asker)
        self._opening += 1
        try:
            answer = await worker.do(call)
            if answer.resource not in self._ended_early:
                self._keep(answer.resource, worker, call)
            return answer
        finally:
            self._opening -= 1
            if not self._opening:
                self._ended_early.clear()

    def _keep(self, id: str, worker: Worker, call: Publish | View | Preview) -> None:
        resource = self._resources[id] = Resource(worker, call.asker)
        if isinstance(call, Publish):
            resource.session, resource.source = call.session, call.source

    async def do(self, call: OfResource[Any]) -> Any:
        """Carry out a call to a resource, where the asker may. Raises what it says, and `Forbidden`."""
        found = self._of(call.resource, call.asker)
        if call.only_by_owner and found.asker.person != call.asker.person:
            raise Forbidden("this media resource is somebody else's")
        match call:
            case Find():
                return None
            case Preview():
                return await self.open(found.worker, call)
        return await found.worker.do(call)

    def _check_connecting(self, asker: Asker) -> None:
        """Raise `RateLimited` for too many at once: offers are cheap to send and dear to answer."""
        theirs = (r for r in self._resources.values() if r.asker.person == asker.person)
        if sum(not resource.live for resource in theirs) >= MAX_CONNECTING:
            raise RateLimited(
                "too many of your offers wait for their connection",
                retry_after_s=CONNECTING_RETRY_S,
            )

    def _of(self, resource: str, asker: Asker) -> Resource:
        found = self._resources.get(resource)
        if found is None:
            raise NotFound("this media resource has ended")
        if found.asker.person != asker.person and not asker.producer:
            raise Forbidden("this media resource is somebody else's")
        return found

    # What happens to them -------------------------------------------------------------------

    def on_event(self, worker: Worker, event: MediaEvent) -> None:
        if event.kind == "measured":
            self._note_measured(worker, event)
        elif event.kind in ("unpublished", "left"):
            self._ended(event.resource)
        elif (resource := self._resources.get(event.resource)) is not None:
            resource.live = True
            if resource.session:
                self._note_started(event.resource, resource)

    def on_worker_down(self, worker: Worker) -> None:
        for id, resource in list(self._resources.items()):
            if resource.worker is worker:
                self._ended(id)

    def note_all_started(self) -> None:
        """Tell the log again who publishes: it is another one."""
        for id, resource in self._resources.items():
            if resource.session and resource.live:
                self._note_started(id, resource)

    def end_all(self) -> None:
        """Tell the log that all of them have ended: this node is stopping."""
        for id in list(self._resources):
            self._ended(id)

    async def close_rooms(self, sessions: Iterable[str]) -> None:
        """End the publications of sessions that are over, or whose stage has gone elsewhere."""
        over = set(sessions)
        rooms = {(r.session, r.worker.name): r for r in self._resources.values()}
        for (session, _), resource in rooms.items():
            if session in over:
                await resource.worker.do(CloseRoom(session=session))

    async def shut_out(self, persons: Iterable[str], tokens: Iterable[str]) -> None:
        """End everything of banned persons and revoked tokens."""
        people, revoked = set(persons), set(tokens)
        for id, resource in list(self._resources.items()):
            if resource.asker.person in people or resource.asker.token in revoked:
                try:
                    await resource.worker.do(Close(resource=id, asker=resource.asker))
                except ShowcallerError:
                    continue  # it ended meanwhile

    def publishing_sessions(self) -> set[str]:
        return {resource.session for resource in self._resources.values() if resource.session}

    def _ended(self, id: str) -> None:
        resource = self._resources.pop(id, None)
        if resource is None and self._opening:
            self._ended_early.add(id)
        if resource is not None and resource.session and resource.live:
            note_stopped(self._ledger, resource.session, id)

    def _note_started(self, id: str, resource: Resource) -> None:
        fact = PublicationStarted(
            session=SessionId(resource.session),
            publication=id,
            by=PersonId(resource.asker.person),
            source=resource.source,
        )
        self._ledger.note(fact, f"publication:{id}:started")

    def _note_measured(self, worker: Worker, event: MediaEvent) -> None:
        """Tell the log how a talk came across; again, if it comes back when its end is undone."""
        if event.quality is not None:
            fact = TalkMeasured(
                session=SessionId(event.session),
                stage=StageId(event.stage),
                worker=worker.name,
                quality=event.quality,
            )
            self._ledger.note(fact, f"measured:{system.random_id('m')}")


def note_stopped(ledger: Ledger, session: str, publication: str) -> None:
    fact = PublicationStopped(session=SessionId(session), publication=publication)
    ledger.note(fact, f"publication:{publication}:stopped")
