"""A master and its replica are parted, both are written to, and one side dies: who is shown what?

`SHOWCALLER_SEEDS=20` tries more histories (`make chaos-partition`).
"""

import asyncio
import contextlib
import os
import random

import pytest

from showcaller.testing.balancer import Balancer
from showcaller.testing.partition import PartitionedPair, follow
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.tcp_proxy import TcpProxy
from showcaller.testing.until import until
from showcaller.testing.view_ledger import ViewLedger, differences
from showcaller_client import Client, backoff

EVENT = "systems-scale-winter-2023"
SEEDS = range(int(os.environ.get("SHOWCALLER_SEEDS", "2")))
CHANNELS = ("announcements", "agenda", "session/opening", "session/opening/moderation")
CLIENTS = 6  # on each side
LOG = f"showcaller:{{{EVENT}}}:log"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(backoff, "CAP_S", 0.5)


class House:
    """Two nodes, each reaching a Redis by a name of its own, and their clients."""

    def __init__(self, pair, schedule_path, tmp_path, seed, replicas):
        self.rng = random.Random(seed)
        self.pair = pair
        self.names = [TcpProxy(pair.master.port) for _ in range(2)]
        self._make = lambda n: ServeProcess(
            schedule_path,
            *("--broker", f"redis://127.0.0.1:{self.names[n].port}/0"),
            *("--replicas", str(replicas), "--rehearse-from", "-2m", "--media-workers", "0"),
            data=tmp_path / f"{seed}-{n}",
        )
        self.ledgers = [[], []]
        self.desks = []
        self.number = 0

    async def enter(self, stack):
        for name in self.names:
            await stack.enter_async_context(name)
        self.nodes = [self._make(n) for n in range(2)]
        for node in self.nodes:
            await node.start()
            stack.push_async_callback(end, node)
        self.doors = [await stack.enter_async_context(Balancer([node.port])) for node in self.nodes]
        for side, door in enumerate(self.doors):
            for _ in range(CLIENTS):
                client = await self.client(stack, door.url, "moderator")
                self.ledgers[side].append(ViewLedger(client, CHANNELS))
                await self.ledgers[side][-1].start()
            self.desks.append(await self.client(stack, door.url, "producer"))

    async def client(self, stack, url, *roles):
        made = Client(url, event=EVENT, token=self.nodes[0].token(EVENT, *roles))
        return await stack.enter_async_context(made)

    def lead(self, side, server):
        """Have a node's name for its Redis lead to another server."""
        self.names[side].target_host, self.names[side].target_port = server.host, server.port
        self.names[side].reset_all()

    async def say(self, side, count):
        """Make so many announcements and questions through one node."""
        for _ in range(count):
            self.number += 1
            await self.desks[side].announce(f"{side}: {self.number}")
            if self.rng.random() < 0.3:
                asker = self.ledgers[side][self.number % CLIENTS].client  # each may ask a few
                await asker.ask("opening", f"Why {self.number}?")

    def try_to_say(self, stack, side, count):
        """Ask for announcements which nobody can make for now; the client repeats them."""
        made = []
        for _ in range(count):
            self.number += 1
            task = asyncio.create_task(self.desks[side].announce(f"{side}: {self.number}"))
            stack.callback(task.cancel)
            made.append(task)
        return made

    async def newcomer(self, stack, side):
        truth = ViewLedger(await self.client(stack, self.doors[side].url, "moderator"), CHANNELS)
        await truth.start()
        return truth

    async def all_alike(self, stack, side):
        """Wait until everybody holds what a newcomer is shown; the differences that stay fail the test."""
        truth = await self.newcomer(stack, side)
        everybody = {f"{n}/{i}": one for n in (0, 1) for i, one in enumerate(self.ledgers[n])}

        def found():
            return [
                line for name, one in everybody.items() for line in differences(name, one, truth)
            ]

        with contextlib.suppress(TimeoutError):
            await until(lambda: not found(), 30.0)
        assert found() == []

    def resets(self, side):
        return [ledger.resets for ledger in self.ledgers[side]]


async def end(node):
    with contextlib.suppress(ProcessLookupError):  # it has ended before
        node.kill()
    await node.wait()


@contextlib.asynccontextmanager
async def parted(schedule_path, tmp_path, seed, replicas=0):
    async with PartitionedPair(tmp_path) as pair, contextlib.AsyncExitStack() as stack:
        house = House(pair, schedule_path, tmp_path, seed, replicas)
        await house.enter(stack)
        await house.say(0, 2)
        await house.say(1, house.rng.randrange(3))
        length = pair.master.command("LLEN", LOG)
        await until(lambda: pair.replica.command("LLEN", LOG) == length)
        pair.cut()
        yield house, stack


@pytest.mark.parametrize("seed", SEEDS)
async def test_nobody_goes_on_over_other_entries_than_they_were_shown(
    schedule_path, tmp_path, seed
):
    """A reset takes back what one side was shown and the other has not got; nothing less does."""
    async with parted(schedule_path, tmp_path, seed) as (house, stack):
        pair, rng = house.pair, house.rng
        shown_to_both = rng.choice((0, 0, 1, 3))  # before the other node has found the new master
        await house.say(0, shown_to_both)
        pair.promote()
        house.lead(1, pair.replica)
        for _ in range(rng.randrange(1, 4)):
            await house.say(0, rng.randrange(1, 4))
            await house.say(1, rng.randrange(0, 6))
        if rng.random() < 0.7:  # the old master dies with its node
            await end(house.nodes[0])
            await asyncio.to_thread(pair.master.kill)
            house.doors[0].ports = [house.nodes[1].port]
            house.doors[0].cut()
        else:  # its node finds the new one
            await asyncio.to_thread(pair.master.kill)
            house.lead(0, pair.replica)
        await house.say(1, rng.randrange(1, 4))
        await house.all_alike(stack, 1)
        assert min(house.resets(0)) > 0  # else they would hold what no log has
        if not shown_to_both:
            assert max(house.resets(1)) == 0  # these have missed nothing


async def test_with_replicas_nothing_is_shown_that_the_replica_does_not_have(
    schedule_path, tmp_path
):
    async with parted(schedule_path, tmp_path, 1000, replicas=1) as (house, stack):
        pair = house.pair
        shown = [dict(one.views["announcements"].items) for one in house.ledgers[0]]
        waiting = house.try_to_say(stack, 0, 3)
        before = int(pair.replica.command("LLEN", LOG))
        await until(lambda: int(pair.master.command("LLEN", LOG)) > before)
        with RedisServer() as second:
            pair.promote()
            await follow(second, pair.replica.host, pair.replica.port)
            house.lead(1, pair.replica)
            await house.say(1, 3)
            assert [one.views["announcements"].items for one in house.ledgers[0]] == shown
            await end(house.nodes[0])
            await asyncio.to_thread(pair.master.kill)
            house.doors[0].ports = [house.nodes[1].port]
            house.doors[0].cut()
            await asyncio.gather(*waiting)  # carried out where it is kept
            await house.all_alike(stack, 1)
            assert house.resets(0) == house.resets(1) == [0] * CLIENTS
