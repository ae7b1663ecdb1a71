"""Slow consumers on real sockets: neighbours notice nothing, and nothing that matters is missed."""

import asyncio
import json
from itertools import count
from pathlib import Path

import msgspec
import pytest
import uvloop
from websockets.exceptions import ConnectionClosed

from showcaller.domain import facts
from showcaller.gateway.priority import Priority
from showcaller.testing.live_port import LivePort
from showcaller.testing.model_client import ModelClient

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
AGENDA, SAID = "agenda", "announcements"
ASKED, THERE = "session/opening/questions", "session/opening/audience"
LIMIT_BYTES = 200_000
loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])


class Follower:
    """A client and what it holds of each channel. `cues` and the like are in its models' `events`."""

    def __init__(self, client, models=None):
        self.client = client
        self.models = models or {channel: ModelClient() for channel in (AGENDA, SAID, ASKED, THERE)}

    async def begin(self):
        for channel, model in self.models.items():
            since = {"epoch": model.epoch, "offset": model.mark} if model.epoch else None
            await self.client.send("subscribe", id=channel, channel=channel, since=since)

    async def read_until(self, condition):
        while not condition():
            self.take(await self.client.receive())

    def take(self, message):
        if message["op"] in ("snapshot", "change", "levels"):
            assert self.models[message["channel"]].receive(message)

    def has_all_changes(self, port):
        heads = {channel: port.event.channels.head(channel).head for channel in self.models}
        return all(self.models[channel].last >= head for channel, head in heads.items())

    def is_level_with(self, port):
        return all(
            (model.items, model.levels) == truth(port, channel)
            for channel, model in self.models.items()
        )


def truth(port, channel):
    snapshot = json.loads(msgspec.json.encode(port.event.channels.snapshot(channel)))
    return snapshot["items"], snapshot["levels"]


async def say(port, number, size=200):
    said = facts.AnnouncementMade(announcement=f"a_{number}", text=f"{number} " * size, by="p_x")
    await port.event.append(said, f"say {number}")


async def ask(port, number):
    question = f"q_{number}"
    asked = facts.QuestionAsked(
        question=question, session="opening", person=f"p_{number}", text=f"{number} " * 2_000
    )
    await port.event.append(asked, f"ask {number}")
    approved = facts.QuestionApproved(question=question, by="p_x")
    await port.event.append(approved, f"approve {number}")


def applaud(port, number):
    for _ in range(number % 3):
        port.event.audience.react("opening", "clap", number)
    port.event.audience.count(*port.hub.audience(), number)
    port.event.show_audience(number)
    for channel, levels in port.event.channels.flush_levels():
        port.hub.on_message(channel, levels)


@loops
def test_low_priorities_are_dropped_first_and_made_good(tmp_path, run):
    async def slow_among_fast():
        async with (
            LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, buffer_limit_bytes=LIMIT_BYTES) as port,
            port.enter() as slow_client,
            port.enter(format="msgpack") as fast_client,
        ):
            await port.event.append(facts.QaOpened(session="opening", by="p_x"), "open")
            slow, fast = Follower(slow_client), Follower(fast_client)
            for one in (slow, fast):
                await one.begin()
                await one.read_until(lambda one=one: one.is_level_with(port))
            shed = port.gateway.counters.messages_shed
            slow_client.ws.transport.pause_reading()
            numbers = count(1)
            while not shed[Priority.QUESTIONS]:
                number = next(numbers)
                assert number < 500
                audience_before = shed[Priority.AUDIENCE]
                await ask(port, number)
                applaud(port, number)
                await fast.read_until(lambda: fast.has_all_changes(port))  # before there is more
            assert audience_before > 0  # they were the first to go
            for _ in range(20):
                await say(port, next(numbers))
            await fast.read_until(lambda: fast.is_level_with(port))
            assert not slow.is_level_with(port)
            slow_client.ws.transport.resume_reading()
            await slow.read_until(lambda: slow.is_level_with(port))
            assert slow.models[SAID].events == fast.models[SAID].events
            assert len(slow.models[SAID].events) == 20
            counters = port.gateway.counters
            assert counters.catch_ups >= 2
            assert not counters.closes[4000]
            await say(port, next(numbers))  # it is among the others again
            for one in (slow, fast):
                await one.read_until(lambda one=one: len(one.models[SAID].events) == 21)
            assert not port.hub._debts

    run(slow_among_fast())


@loops
@pytest.mark.parametrize("format", ["json", "msgpack"])
def test_a_client_too_slow_for_control_is_closed_and_resumes_whole(tmp_path, run, format):
    async def too_slow():
        async with (
            LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, buffer_limit_bytes=LIMIT_BYTES) as port,
            port.enter() as fast_client,
        ):
            fast = Follower(fast_client)
            async with port.enter(format=format) as slow_client:
                slow = Follower(slow_client)
                for one in (slow, fast):
                    await one.begin()
                    await one.read_until(lambda one=one: one.is_level_with(port))
                slow_client.ws.transport.pause_reading()
                numbers = count(1)
                while not port.gateway.counters.closes[4000]:
                    number = next(numbers)
                    assert number < 500
                    await say(port, number, size=5_000)
                    await fast.read_until(lambda: fast.has_all_changes(port))
                slow_client.ws.transport.resume_reading()
                with pytest.raises(ConnectionClosed):
                    await slow.read_until(lambda: False)
                assert (slow_client.ws.close_code, slow_client.ws.close_reason) == (4000, "slow")
            async with port.enter(format=format) as back:
                slow = Follower(back, slow.models)
                await slow.begin()
                await slow.read_until(lambda: slow.is_level_with(port))
            assert slow.models[SAID].events == fast.models[SAID].events
            assert len(slow.models[SAID].events) == number
            assert not slow.models[SAID].resets

    run(too_slow())


@loops
def test_a_connection_that_stalls_again_and_again_gets_whole_frames(tmp_path, run):
    """A frame that the socket took in part must not be parted by another one."""

    async def stop_and_go():
        async with (
            LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port,
            port.enter() as client,
        ):
            follower = Follower(client)
            await follower.begin()
            await follower.read_until(lambda: follower.is_level_with(port))
            for number in range(120):
                if number % 30 == 0:
                    client.ws.transport.pause_reading()
                await say(port, number, size=4_000)
                if number % 30 == 29:
                    await client.send("clock", t1=1)
                    client.ws.transport.resume_reading()
                    await follower.read_until(lambda: follower.is_level_with(port))
            assert len(follower.models[SAID].events) == 120

    run(stop_and_go())
