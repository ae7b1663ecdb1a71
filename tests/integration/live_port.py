"""One event on SQLite behind the real front door, in the test's own process: its settings can be small."""

import asyncio
from pathlib import Path

from aiohttp import web
from websockets.asyncio.client import connect as ws_connect

from showcaller import system
from showcaller.broker.connect import connect
from showcaller.domain import facts
from showcaller.gateway.front import Front, live_route
from showcaller.gateway.gateway import Gateway
from showcaller.schedule_file import read_schedule
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.show.served import ServedEvent
from showcaller.tokens import Tokens

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
SECRET = "a secret that only these tests use, long enough"


class LivePort:
    """`async with LivePort(tmp_path, heartbeat_s=0.1) as port:`"""

    def __init__(self, data, *, ssl=None, **gateway_settings):
        self.data = data
        self.ssl = ssl
        self.gateway_settings = gateway_settings
        self.served = {}
        self.tokens = Tokens(SECRET)

    async def __aenter__(self):
        schedule, _ = read_schedule(SCHEDULE, file_name=SCHEDULE.name)
        first = facts.RunStarted(
            run="run_1", salt="s" * 32, schedule=schedule, mode="rehearsal", from_ms=OPENS_MS
        )
        self.broker = connect(f"sqlite:{self.data / 'log.sqlite3'}")
        self.event = LiveEvent(EVENT, await self.broker.open(EVENT))
        await self.event.start(first)
        self.commands = Commands(self.event)
        self.served[EVENT] = ServedEvent(self.event, self.commands, self.tokens)
        self.gateway = Gateway(self.served.get, **self.gateway_settings)
        self.gateway.attach(self.event)
        await self._listen()
        return self

    async def _listen(self):
        app = web.Application()
        app.router.add_get("/healthz", lambda request: _ok(request))
        app.router.add_get("/api/v1/events/{event}/live", live_route(self.gateway))
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        self.listener = await asyncio.get_running_loop().create_server(
            lambda: Front(self.runner.server, self.gateway), "127.0.0.1", 0, ssl=self.ssl
        )
        self.port = self.listener.sockets[0].getsockname()[1]

    async def __aexit__(self, *_):
        self.listener.close()
        await self.gateway.drain(0)
        await self.runner.cleanup()
        await self.event.stop()
        await self.broker.close()

    def token(self, *roles, person=None, ttl_s=3600, token=None):
        return self.tokens.mint(
            EVENT,
            person or system.random_id("p"),
            roles or ("attendee",),
            token=token or system.random_id("t"),
            now_ms=system.wall_ms(),
            ttl_s=ttl_s,
        )

    @property
    def path(self):
        return f"/api/v1/events/{EVENT}/live"

    def websocket(self, format="json", path=None, **options):
        """A third party's client, not yet connected."""
        scheme = "wss" if self.ssl else "ws"
        return ws_connect(
            f"{scheme}://127.0.0.1:{self.port}{path or self.path}",
            subprotocols=[f"showcaller.v1+{format}"],
            compression=None,
            proxy=None,
            **options,
        )


async def _ok(request):
    return web.Response(text="ok")
