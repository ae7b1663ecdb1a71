"""Nodes stop, die and come back, on SQLite and on Redis: what is everybody shown, and is anybody reset?"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from showcaller.testing.balancer import Balancer
from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller.testing.view_ledger import ViewLedger, differences
from showcaller_client import Client, backoff

EVENT = "systems-scale-winter-2023"
OPTIONS = ("--rehearse-from", "-2m", "--media-workers", "0", "--drain-timeout", "2")
CHANNELS = ("announcements", "agenda", "session/opening", "session/opening/moderation")
CLIENTS = 6


class House:
    """Clients behind a balancer, whatever becomes of the nodes."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.ledgers = []
        self.number = 0

    async def enter(self, stack):
        self.stack = stack
        for node in self.nodes:
            await node.start()
            stack.push_async_callback(end, node)
        ports = [node.port for node in self.nodes]
        self.door = await stack.enter_async_context(Balancer(ports))
        for _ in range(CLIENTS):
            self.ledgers.append(ViewLedger(await self.client("moderator"), CHANNELS))
            await self.ledgers[-1].start()
        self.desk = await self.client("producer")
        return self

    async def client(self, *roles):
        made = Client(self.door.url, event=EVENT, token=self.nodes[0].token(EVENT, *roles))
        return await self.stack.enter_async_context(made)

    async def say(self, count):
        for _ in range(count):
            self.number += 1
            await self.desk.announce(f"{self.number}")
        asker = self.ledgers[self.number % CLIENTS].client  # each may ask a few
        await asker.ask("opening", f"Why {self.number}?")

    async def start(self, number=0):
        """Start a node again: its port is another one then."""
        await self.nodes[number].start()
        self.door.ports[number] = self.nodes[number].port

    async def all_alike(self):
        """Wait until everybody holds what a newcomer is shown; the differences that stay fail the test."""
        truth = ViewLedger(await self.client("moderator"), CHANNELS)
        await truth.start()

        def found():
            return [line for one in self.ledgers for line in differences("one", one, truth)]

        with contextlib.suppress(TimeoutError):
            await until(lambda: not found(), 30.0)
        assert found() == []

    def resets(self):
        return [ledger.resets for ledger in self.ledgers]

    def epochs(self):
        return {ledger.client.welcome["epoch"] for ledger in self.ledgers}


async def end(node):
    with contextlib.suppress(ProcessLookupError):
        node.kill()
    await node.wait()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(backoff, "CAP_S", 0.5)


@pytest.fixture
async def house(schedule_path, tmp_path):
    """One node on SQLite."""
    async with contextlib.AsyncExitStack() as stack:
        node = ServeProcess(schedule_path, *OPTIONS, data=tmp_path / "data")
        yield await House([node]).enter(stack)


async def test_a_node_alone_is_stopped_and_later_killed_and_resets_nobody(house):
    node, begun = house.nodes[0], house.epochs()
    await house.say(3)
    assert await node.stop() == 0
    in_good_order = not node.log_lines("serve.cut_short")  # or the machine was too busy
    await house.start()
    await house.say(2)
    await house.all_alike()
    after_stop = house.epochs()
    assert not in_good_order or after_stop == begun
    await end(node)
    await house.start()
    await house.say(2)
    await house.all_alike()
    assert not house.epochs() & after_stop
    assert house.resets() == [0] * CLIENTS


async def test_a_rolling_restart_behind_a_balancer_resets_nobody(schedule_path, tmp_path):
    with RedisServer(DURABLE) as redis:
        nodes = [
            ServeProcess(schedule_path, *OPTIONS, "--broker", redis.url, data=tmp_path / name)
            for name in "ab"
        ]
        async with contextlib.AsyncExitStack() as stack:
            house = await House(nodes).enter(stack)
            before = house.epochs()
            for number in (0, 1, 0):
                await house.say(2)
                stopping = asyncio.create_task(nodes[number].stop())
                await house.say(2)
                assert await stopping == 0
                await house.start(number)
            await house.say(1)
            await house.all_alike()
            assert house.resets() == [0] * CLIENTS
            assert house.epochs() == before


async def test_a_restart_of_redis_that_loses_nothing_resets_nobody(schedule_path, tmp_path):
    with RedisServer(DURABLE) as redis:
        node = ServeProcess(schedule_path, *OPTIONS, "--broker", redis.url, data=tmp_path / "a")
        async with contextlib.AsyncExitStack() as stack:
            house = await House([node]).enter(stack)
            await house.say(2)
            await asyncio.to_thread(redis.stop)
            await asyncio.to_thread(redis.start)
            await house.say(2)
            await house.all_alike()
            assert house.resets() == [0] * CLIENTS


# A log whose tail is gone -------------------------------------------------------------------------


def cut_wal(data):
    """Take away the end of the write-ahead log, as a disk may."""
    wal = data / "showcaller.sqlite3-wal"
    os.truncate(wal, wal.stat().st_size * 2 // 3)


async def test_what_a_log_lost_is_taken_back_from_everybody(house):
    await house.say(8)
    await house.all_alike()
    before = house.epochs()
    house.door.ports = []
    await end(house.nodes[0])
    cut_wal(house.nodes[0].data)
    house.door.ports = [0]
    await house.start()
    await house.say(12)  # more than was lost
    await house.all_alike()
    assert min(house.resets()) > 0
    assert not house.epochs() & before


async def test_a_backup_that_is_put_back_takes_back_what_came_after_it(house, tmp_path):
    await house.say(3)
    assert await house.nodes[0].stop() == 0
    shutil.copytree(house.nodes[0].data, tmp_path / "backup")  # with the note of a clean stop
    await house.start()
    await house.say(4)
    await house.all_alike()
    assert await house.nodes[0].stop() == 0
    shutil.rmtree(house.nodes[0].data)
    shutil.copytree(tmp_path / "backup", house.nodes[0].data)
    await house.start()
    await house.say(8)
    await house.all_alike()
    assert min(house.resets()) > 0


async def test_a_log_with_a_hole_is_named_and_ends_the_start(schedule_path, tmp_path):
    node = ServeProcess(schedule_path, *OPTIONS, data=tmp_path)
    async with node:
        pass
    with closing(sqlite3.connect(tmp_path / "showcaller.sqlite3")) as db, db:
        db.execute(
            "UPDATE entries SET offset = offset + 1 WHERE offset = (SELECT max(offset) FROM entries)"
        )
    with pytest.raises(RuntimeError, match="entries of the log of systems-scale"):
        await node.start()
    assert await node.wait() == 1
