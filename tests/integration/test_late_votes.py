"""A vote that a frozen node takes late, after its voter took it back on another node, stays taken back."""

import os
import signal

import pytest
from websockets.asyncio.client import connect

from showcaller.testing.live_client import LiveClient
from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess

EVENT = "systems-scale-winter-2023"


@pytest.fixture
async def nodes(schedule_path, tmp_path):
    """Two nodes on one Redis, in a rehearsal."""
    with RedisServer(DURABLE) as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        started = [ServeProcess(schedule_path, *options, data=tmp_path / name) for name in "ab"]
        for node in started:
            await node.start()
        yield started
        for node in started:
            await node.stop()


async def joined(node, token):
    url = f"{node.live_url}/api/v1/events/{EVENT}/live"
    client = LiveClient(await connect(url, subprotocols=["showcaller.v1+json"]))
    await client.hello(token)
    return client


async def vote(client, key, **args):
    reply = await client.ask("command", name="question.vote", key=key, args=args)
    return reply["result"]


@pytest.mark.parametrize("says_when", [True, False])
async def test_a_frozen_node_undoes_nothing(nodes, says_when):
    frozen, other = nodes
    voter = frozen.token(EVENT, "attendee")
    moderator = await joined(other, frozen.token(EVENT, "moderator"))
    await moderator.command("qa.open", session="opening")
    asked = await moderator.command("question.ask", session="opening", text="Why one clock?")
    question = asked["result"]["question"]
    await moderator.command("question.approve", question=question)
    early = await joined(frozen, voter)
    on = {"question": question, "on": True, "given_ms": round(early.welcome["now_ms"])}
    off = {"question": question, "on": False, "given_ms": on["given_ms"] + 1}
    if not says_when:
        del on["given_ms"], off["given_ms"]

    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        await early.send("command", id="late", name="question.vote", key="k1", args=on)
        again = await joined(other, voter)
        assert (await vote(again, "k1", **on))["votes"] == 1
        assert (await vote(again, "k2", **off))["votes"] == 0
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    late = await early.until("reply", id="late")
    assert late["result"]["votes"] == 0
    seen = await joined(other, voter)
    _, own = await seen.follow("me")
    assert f"vote:{question}" not in own["items"]
