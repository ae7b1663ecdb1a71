"""A small run against a real server behind a man in the middle."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from showcaller_load.api import Api
from showcaller_load.controller import Controller, Settings
from showcaller_load.deployment import OwnDeployment
from showcaller_load.results import Result
from showcaller_load.scenario import NEVER, Action, Audience, Point, Scenario

from showcaller.testing.meddling_proxy import Meddler, MeddlingProxy

CHANNEL = "announcements"
SIZE = 10
SCENARIO = Scenario(
    name="meddled",
    summary="",
    duration_s=3,
    settle_s=6,
    session="talk",
    questions=3,
    audience=Audience(
        grows=(Point(0.2, SIZE),),
        channels=("agenda", CHANNEL, "session/{session}/questions"),
    ),
    actions=(
        Action(do="announce", per_s=5, from_s=0.5, until_s=3),
        Action(do="vote", per_s=10, from_s=0.5, until_s=3),
        Action(do="ask", per_s=2, from_s=0.5, until_s=3),
    ),
    limits=NEVER | {"resets": 0.0},
)


class Deaf:
    """Watches nothing."""

    def on_phase(self, text): ...
    def on_second(self, second, processes): ...
    def on_fault(self, fault): ...
    def on_done(self, result): ...


class MeddledDeployment(OwnDeployment):
    """`meddlers`: by the number of the attendee. `lines`: the log, once it has stopped."""

    def __init__(self, meddlers: Mapping[int, Meddler]) -> None:
        super().__init__(SCENARIO.server, SCENARIO.session, SIZE, [])
        self.lines = []
        self.people = []
        self._meddlers = meddlers
        self._take, self.tokens.take = self.tokens.take, self._remember
        self._stack = contextlib.AsyncExitStack()

    def _remember(self, count, role):
        passes = self._take(count, role)
        if not self.people:  # the audience is the first to be let in
            self.people = [one.person for one in passes]
        return passes

    def _meddler_of(self, person):
        return self._meddlers.get(self.people.index(person)) if person in self.people else None

    async def start(self):
        await super().start()
        proxy = MeddlingProxy(self.port, self._meddler_of)
        await self._stack.enter_async_context(proxy)
        self.url = f"http://127.0.0.1:{proxy.port}"

    async def stop(self):
        async with Api(f"http://127.0.0.1:{self.port}") as api:
            producer = self._take(1, "producer")[0]
            self.lines = await api.export(self.event, producer.token)
        await self._stack.aclose()
        await super().stop()


async def run(meddlers: Mapping[int, Meddler]) -> tuple[Result, MeddledDeployment]:
    deployment = MeddledDeployment(meddlers)
    result = await Controller(SCENARIO, deployment, Settings(), Deaf()).run()
    return result, deployment
