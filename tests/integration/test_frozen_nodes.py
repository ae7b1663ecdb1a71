"""Nodes that stand still (SIGSTOP) and go on: what waited is not done, and their clients go elsewhere."""

import asyncio
import contextlib
import os
import signal

import aiohttp
import pytest
from websockets.asyncio.client import connect

from showcaller.show.pulse import STILL_S
from showcaller.testing.balancer import Balancer
from showcaller.testing.live_client import LiveClient
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import Client

EVENT = "systems-scale-winter-2023"
FROZEN_S = STILL_S + 2


@pytest.fixture
async def nodes(schedule_path, tmp_path):
    """Two nodes on one Redis, in a rehearsal."""
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        started = [ServeProcess(schedule_path, *options, data=tmp_path / name) for name in "ab"]
        for node in started:
            await node.start()
        yield started
        for node in started:
            await node.stop()


@contextlib.contextmanager
def frozen(node):
    os.kill(node.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.pid, signal.SIGCONT)


async def joined(node, *roles):
    url = f"{node.live_url}/api/v1/events/{EVENT}/live"
    client = LiveClient(await connect(url, subprotocols=["showcaller.v1+json"]))
    await client.hello(node.token(EVENT, *roles))
    return client


async def posted(node, name, **args):
    """The answer to a command over HTTP."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{node.url}/api/v1/events/{EVENT}/commands/{name}",
            json=args,
            headers={"Authorization": f"Bearer {node.token(EVENT, 'producer')}"},
        ) as answer,
    ):
        return answer.status, await answer.json()


async def measured(node, name):
    async with aiohttp.ClientSession() as http, http.get(f"{node.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


async def test_what_waited_in_a_frozen_node_is_refused_and_not_done(nodes):
    stuck, other = nodes
    left, right = await joined(stuck, "producer"), await joined(other, "producer")
    await left.command("session.start", session="opening")
    extend = {"name": "session.extend", "args": {"session": "opening", "minutes": 30}}
    with frozen(stuck):
        await left.send("command", id="waits", **extend)
        also = asyncio.create_task(posted(stuck, "session.end", session="opening"))
        decided = await right.command("session.extend", session="opening", minutes=5)
        assert decided["ok"]
        await asyncio.sleep(FROZEN_S)
    refused = await left.until("reply", id="waits")
    assert (refused["ok"], refused["error"]["code"]) == (False, "stalled")
    assert refused["error"]["retry"] and refused["error"]["retry_after_ms"] > 0
    status, problem = await also
    assert (status, problem["code"], problem["retry"]) == (503, "stalled", True)
    _, snapshot = await right.follow("agenda")
    opening = snapshot["items"]["session:opening"]
    assert opening["state"] == "live"
    planned_ms = opening["scheduled"]["end_ms"] - opening["scheduled"]["start_ms"]
    lasts_ms = opening["expected"]["end_ms"] - opening["actual"]["start_ms"]
    assert lasts_ms == planned_ms + 5 * 60_000

    (told,) = stuck.log_lines("node.stood_still")
    assert told["level"] == "error" and told["for_s"] >= STILL_S
    assert await measured(stuck, "showcaller_stood_still_seconds_total") >= STILL_S
    assert await measured(other, "showcaller_stood_still_seconds_total") == 0

    async def done():
        return (await left.command("qa.close", session="opening"))["ok"]

    await until(done)  # what is new is done again


async def test_the_clients_of_a_frozen_node_go_to_another(nodes):
    async with Balancer([node.port for node in nodes]) as balancer:
        clients = [
            Client(balancer.url, event=EVENT, token=nodes[0].token(EVENT, "producer"))
            for _ in range(4)
        ]
        async with contextlib.AsyncExitStack() as stack:
            for client in clients:
                await stack.enter_async_context(client)
                await client.follow("agenda")
            with frozen(nodes[0]):
                delay = {"session": "opening", "minutes": 1}
                asked = [
                    client.command("session.preview_delay", delay, timeout_s=60)
                    for client in clients
                ]
                assert len(await asyncio.gather(*asked)) == len(clients)
                assert sum(client.connections > 1 for client in clients) == len(clients) / 2
