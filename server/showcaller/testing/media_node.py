"""A node that serves nothing but media, for tests: a live event on a broker, workers, and HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from .. import system
from ..broker.base import Broker
from ..domain import facts
from ..domain.ids import ControlId, PersonId, SessionId
from ..domain.runsheet import RunSheet
from ..domain.schedule import MINUTE_MS, Schedule
from ..http.asker import LOOKUP
from ..media.node.http import register_media_routes
from ..media.node.ice_servers import IceServers
from ..media.node.service import MediaService
from ..show.clock_runner import ClockRunner
from ..show.commands import Commands
from ..show.live_event import LiveEvent
from ..show.served import ServedEvent
from ..tokens import Tokens
from .media_peers import Publisher, Watcher
from .schedules import schedule, session
from .until import until

SECRET = "a secret that only tests use, long enough for HS256"
PRODUCER = PersonId("p_producer")
SCHEDULE = schedule(
    session("one", 60, 80),
    session("two", 80, 100),
    session("far", 600, 620, stage="side"),
)
DOORS_ONE_MIN = 55  # the doors of `one` are open, those of `two` and `far` closed
START_ONE_MIN = 60  # the clock starts `one`


class Posted:
    """The answer to a request."""

    def __init__(self, response: aiohttp.ClientResponse, text: str) -> None:
        self.status = response.status
        self.headers = response.headers
        self.type = response.content_type
        self.text = text

    @property
    def resource(self) -> str:
        return self.headers["Location"]


class MediaNode:
    """`async with MediaNode(broker) as node:`; `workers=0` makes one that only passes requests on.

    Without `lends` no other node can borrow its stages.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        workers: int = 1,
        from_min: int = START_ONE_MIN,
        plan: Schedule = SCHEDULE,
        ice_servers: IceServers | None = None,
        lends: bool = True,
    ) -> None:
        self._lends = lends
        self.broker = broker
        self.clients: list[Publisher | Watcher] = []
        self._workers, self._from_min, self._plan = workers, from_min, plan
        self._ice_servers = ice_servers
        self._tokens = Tokens(SECRET)

    async def __aenter__(self) -> MediaNode:
        self.event = LiveEvent(self._plan.event_id, await self.broker.open(self._plan.event_id))
        await self.event.start(
            lambda: facts.RunStarted(
                run="run",
                salt="salt",
                schedule=self._plan,
                mode="rehearsal",
                from_ms=self._from_min * MINUTE_MS,
            )
        )
        self.media = MediaService(
            self.event,
            workers=self._workers,
            addresses=["127.0.0.1"],
            keys=self._tokens.node_keys() if self._lends else (),
        )
        await self.media.start()
        self._clock = asyncio.create_task(ClockRunner(self.event).run())
        served = ServedEvent(self.event, Commands(self.event), self._tokens)
        app = web.Application()
        app[LOOKUP] = lambda event_id: served if event_id == self._plan.event_id else None
        register_media_routes(
            app,
            media={self._plan.event_id: self.media}.get,  # type: ignore[arg-type]
            ice_servers=self._ice_servers,
        )
        self._server = TestServer(app)
        await self._server.start_server()
        self._http = aiohttp.ClientSession()
        if self._workers:
            await self.until(lambda: len(self.media._workers.all()) == self._workers, 30)
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self.clients:
            await client.close()
        await self._http.close()
        await self._server.close()
        self._clock.cancel()
        await self.media.stop()
        await self.event.stop()

    # Asking -----------------------------------------------------------------------------------

    def token(
        self,
        *roles: str,
        person: str = "",
        sessions: tuple[str, ...] = (),
        name: str = "",
        ttl_s: int = 3600,
    ) -> str:
        return self._tokens.mint(
            self._plan.event_id,
            person or system.random_id("p"),
            roles or ("attendee",),
            token=system.random_id("t"),
            now_ms=system.wall_ms(),
            ttl_s=ttl_s,
            name=name,
            sessions=sessions,
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: str | bytes = b"",
        *,
        token: str = "",
        **headers: str,
    ) -> Posted:
        """`path` is below the event unless it begins with a slash; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        url = path if path.startswith("/") else f"/api/v1/events/{self._plan.event_id}/{path}"
        async with self._http.request(
            method, self._server.make_url(url), data=body, headers=sent
        ) as response:
            return Posted(response, await response.text())

    async def post(self, path: str, offer: str, token: str) -> Posted:
        return await self.ask("POST", path, offer, token=token, Content_Type="application/sdp")

    async def publish(
        self, to: str = "one", *, source: str = "main", **look: Any
    ) -> tuple[Publisher, Posted]:
        """A publisher that is let in, and what it was answered."""
        publisher = Publisher(**look)
        self.clients.append(publisher)
        token = self.token("speaker", person="p_speaker", sessions=(to,))
        path = f"sessions/{to}/whip?source={source}"
        posted = await self.post(path, await publisher.offer(), token)
        assert posted.status == 201, posted.text
        await publisher.accept(posted.text)
        return publisher, posted

    async def watch(
        self, path: str = "stages/main/whep", *, token: str = "", **look: Any
    ) -> tuple[Watcher, Posted]:
        """A viewer that is let in, and what it was answered."""
        watcher = Watcher(**look)
        self.clients.append(watcher)
        token = token or self.token(person="p_viewer")
        posted = await self.post(path, await watcher.offer(), token)
        assert posted.status == 201, posted.text
        await watcher.accept(posted.text)
        return watcher, posted

    # The show ---------------------------------------------------------------------------------

    @property
    def sheet(self) -> RunSheet:
        assert self.event.state.runsheet is not None
        return self.event.state.runsheet

    async def start_session(self, id: str) -> None:
        await self._control(facts.SessionStarted, id)

    async def end_session(self, id: str) -> None:
        await self._control(facts.SessionEnded, id)

    async def _control(
        self, kind: type[facts.SessionStarted] | type[facts.SessionEnded], id: str
    ) -> None:
        key = system.random_id("k")
        fact = kind(session=SessionId(id), control=ControlId(key), by=PRODUCER)
        outcome = await self.event.append(fact, key)
        assert not outcome.refused, outcome.refused

    def generation(self, stage: str = "main") -> int:
        return next(run.generation for id, run in self.sheet.stages.items() if id == stage)

    def on_air(self, id: str) -> list[str]:
        """The publications of a session, as the log has them."""
        return list(self.sheet.sessions[SessionId(id)].publications)

    async def until(self, condition: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Wait until `condition()` holds. Raises `TimeoutError`."""
        await until(condition, timeout_s)
