"""A desk for tests of commands: a live event with a real log, and people who may give some."""

from __future__ import annotations

import asyncio

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.schedule import MINUTE_MS, QaPolicy
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.show.pulse import Pulse
from showcaller.testing.schedules import schedule, session

PLAN = schedule(
    session("talk", 540, 560, speakers=("sue",)),
    session("open", 560, 580, qa=QaPolicy(pre_moderation=False)),
)


def principal(person, *roles, **more):
    return Principal(
        person=person,
        roles=frozenset(roles or {"attendee"}),
        token=f"token-{person}",
        expires_at_ms=0,
        name=person.title(),
        **more,
    )


ADA, BOB = principal("ada"), principal("bob")
MO = principal("mo", "moderator")
PRO = principal("pro", "producer")
SUE = principal("sue", "speaker", sessions=frozenset({"talk"}))
OPS = principal("ops", "ops")


class Desk:
    def __init__(self, event):
        self.event = event
        self.pulse = Pulse()
        self.commands = Commands(event, self.pulse)

    async def do(self, who, name, key=None, deadline_ms=None, came_from="", **args):
        return await self.commands.run(who, name, args, key, deadline_ms, came_from)

    @property
    def facts(self):
        return self.event.state.folded

    async def ask(self, who=ADA, session="open", key=None, **more):
        asked = await self.do(who, "question.ask", key, session=session, text="Why?", **more)
        return asked["question"]

    def question(self, id):
        return self.event.state.questions.get(id)


@pytest.fixture
async def desk():
    """Its questions are open, and the clock stands a quarter of an hour before the first talk."""
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=525 * MINUTE_MS
    )
    await event.start(lambda: start)
    desk = Desk(event)
    for id in ("talk", "open"):
        await desk.do(MO, "qa.open", session=id)
    yield desk
    await event.stop()
    await broker.close()


class LateEvent(LiveEvent):
    """A node that falls behind the log."""

    def __init__(self, *args):
        super().__init__(*args)
        self.may_fold = asyncio.Event()
        self.may_fold.set()

    async def _fold_all(self, entries):
        await self.may_fold.wait()
        await super()._fold_all(entries)


@pytest.fixture
async def late(desk):
    event = LateEvent("event", desk.event.log)
    await event.start()
    yield Desk(event)
    event.may_fold.set()
    await event.stop()
