"""An event on SQLite behind the real front door, in the test's own process: its settings can be small."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as ws_connect

from .. import system
from ..broker.connect import connect
from ..domain import facts
from ..gateway import streams
from ..gateway.accepting import Acceptor, bind
from ..gateway.front import Front, live_route
from ..gateway.gateway import Gateway
from ..http import cors
from ..http.answers import errors_as_problems
from ..http.asker import LOOKUP, Lookup
from ..http.connection import connections
from ..http.ready import Holding, LastingAnswer, ReadyAnswers
from ..schedule_file import read_schedule
from ..show.commands import Commands
from ..show.live_event import LiveEvent
from ..show.served import ServedEvent
from ..tokens import Tokens
from .live_client import LiveClient

SECRET = "a secret that only tests use, long enough for HS256"


class LivePort:
    """`async with LivePort(schedule, data, heartbeat_s=0.1) as port:` in rehearsal from `from_ms`."""

    def __init__(
        self,
        schedule: Path,
        data: Path,
        *,
        from_ms: int,
        tls: ssl.SSLContext | None = None,
        **gateway_settings: Any,
    ) -> None:
        self.tls = tls
        self.tokens = Tokens(SECRET)
        self.served: dict[str, ServedEvent] = {}
        self.gateway = Gateway(self.served.get, **gateway_settings)
        read, _ = read_schedule(schedule, file_name=schedule.name)
        assert read is not None
        self.event_id = read.event_id
        self._first = facts.RunStarted(
            run="run_1", salt="s" * 32, schedule=read, mode="rehearsal", from_ms=from_ms
        )
        self._broker = connect(f"sqlite:{data / 'log.sqlite3'}")
        self.ready = ReadyAnswers(lambda: system.wall_ms() / 1000)
        self.lasting = b"word " * 100_000  # what `/lasting` answers, for good

    async def __aenter__(self) -> LivePort:
        self.event = LiveEvent(self.event_id, await self._broker.open(self.event_id))
        await self.event.start(lambda: self._first)
        self.served[self.event_id] = ServedEvent(self.event, Commands(self.event), self.tokens)
        self.hub = self.gateway.attach(self.event)
        app = web.Application(middlewares=[errors_as_problems])
        app[cors.ALLOWED] = frozenset()
        app.on_response_prepare.append(self.ready.keep)
        app.router.add_get("/healthz", _ok)
        app.router.add_get("/lasting", self._answer_lastingly)
        app.router.add_get("/api/v1/events/{event}/live", live_route(self.gateway))
        lookup: Lookup = self.served.get
        app[LOOKUP] = lookup
        streams.register(app, self.gateway)
        self.http = web.AppRunner(app)
        await self.http.setup()
        await self._listen()
        return self

    async def _listen(self) -> None:
        assert self.http.server is not None
        http = connections(self.http.server)
        sockets = await bind("127.0.0.1", 0)

        def come() -> Front:
            self.newest_front = Front(http, self.gateway, self.ready)
            return self.newest_front

        self._listener = Acceptor(come, sockets, self.tls)
        self.port: int = sockets[0].getsockname()[1]

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        await self.gateway.drain(0)
        await self.http.cleanup()
        await self.event.stop()
        await self._broker.close()

    async def _answer_lastingly(self, request: web.Request) -> web.Response:
        holding = Holding(self.lasting, (), '"lasting"', lambda: True)
        return LastingAnswer(holding, body=self.lasting)

    def token(
        self, *roles: str, person: str = "", token: str = "", ttl_s: int = 3600, event: str = ""
    ) -> str:
        return self.tokens.mint(
            event or self.event_id,
            person or system.random_id("p"),
            roles or ("attendee",),
            token=token or system.random_id("t"),
            now_ms=system.wall_ms(),
            ttl_s=ttl_s,
        )

    @property
    def path(self) -> str:
        return f"/api/v1/events/{self.event_id}/live"

    def websocket(self, format: str = "json", path: str = "", **options: Any) -> ws_connect:
        """A third party's client: `async with port.websocket() as ws`."""
        scheme, context = ("wss", _trusting()) if self.tls else ("ws", None)
        options = {"subprotocols": [f"showcaller.v1+{format}"], "ssl": context} | options
        url = f"{scheme}://127.0.0.1:{self.port}{path or self.path}"
        return ws_connect(url, compression=None, proxy=None, max_size=None, **options)

    def enter(
        self, *roles: str, format: str = "json", person: str = "", token: str = ""
    ) -> Entering:
        """A client that has been welcomed: `async with port.enter("moderator") as client`."""
        return Entering(self.websocket(format), token or self.token(*roles, person=person))


class Entering:
    def __init__(self, connecting: ws_connect, token: str) -> None:
        self._connecting = connecting
        self._token = token
        self._ws: ClientConnection | None = None

    async def __aenter__(self) -> LiveClient:
        self._ws = await self._connecting
        client = LiveClient(self._ws)
        await client.hello(self._token)
        return client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._ws is not None
        await self._ws.close()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")
