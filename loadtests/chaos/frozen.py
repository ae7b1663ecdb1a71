"""A node that stands still: who is not served meanwhile, and what it does with old commands afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from showcaller.testing.live_client import LiveClient
from showcaller_client import Client
from showcaller_client.followed import Followed

from .cluster import API, EVENT, Cluster, Node
from .play import Story, Told
from .score import Score, stale

PEOPLE = 12  # whom the balancer spreads over the nodes
ANNOUNCE_EVERY_S = 0.5
CALM_S = 3.0
UNSERVED_AT_MOST_S = 90.0
AFTERWARDS_S = 5.0
SAYS = "After the freeze"
OLD_COMMANDS: dict[str, dict[str, Any]] = {
    "session.extend": {"session": "talk", "minutes": 35},
    "announcement.make": {"text": "This was said before the freeze."},
    "qa.close": {"session": "panel"},
}


def standstill(for_s: float) -> Story:
    """Return the story of a node that is stopped for `for_s` seconds, with people and commands on it."""

    async def story(cluster: Cluster) -> Told:
        await asyncio.sleep(CALM_S)
        frozen, other = cluster.nodes[:2]
        async with contextlib.AsyncExitStack() as stack:
            people = [await stack.enter_async_context(_person(cluster)) for _ in range(PEOPLE)]
            shows = [await person.follow("announcements") for person in people]
            producer = await stack.enter_async_context(_producer(cluster, frozen))
            frozen.freeze()
            since_s = time.monotonic()
            try:
                sent_ms = await _send(producer)
                talking = asyncio.create_task(_announce(cluster, other), name="announcements")
                stack.callback(talking.cancel)
                waiting = asyncio.gather(*(_unserved_s(one, since_s) for one in shows))
                await asyncio.sleep(for_s)
            finally:
                frozen.thaw()
            unserved_s = max(await waiting)
            await asyncio.sleep(AFTERWARDS_S)  # by then it has done with old commands what it does
        found = Score(
            stale_commands=stale(sent_ms, await cluster.export()), frozen_unserved_s=unserved_s
        )
        return Told(found, f"a node stood still for {for_s:g} s; unserved for {unserved_s:.1f} s")

    return story


def _person(cluster: Cluster) -> Client:
    return Client(cluster.url, event=EVENT, token=cluster.tokens.take(1, "attendee")[0].token)


@contextlib.asynccontextmanager
async def _producer(cluster: Cluster, node: Node) -> AsyncIterator[LiveClient]:
    """Connect to this very node; the end waits for nobody."""
    url = f"{node.process.live_url}{API}/live"
    ws = await connect(url, subprotocols=[Subprotocol("showcaller.v1+json")], close_timeout=1)
    try:
        client = LiveClient(ws)
        await client.hello(cluster.tokens.take(1, "producer")[0].token)
        yield client
    finally:
        await ws.close()


async def _send(producer: LiveClient) -> dict[str, float]:
    """Give commands that nobody may want any more in a while; when each was given, by its key."""
    sent_ms = {}
    for name, args in OLD_COMMANDS.items():
        key = f"old-{name}"
        await producer.send("command", id=key, key=key, name=name, args=args)
        sent_ms[key] = time.time() * 1000
    return sent_ms


async def _announce(cluster: Cluster, node: Node) -> None:
    """Say something again and again, over a node that is sound."""
    async with cluster.asking(node, "moderator") as http:
        while True:
            body = {"text": SAYS}
            async with http.post(f"{API}/commands/announcement.make", json=body) as answer:
                await answer.read()
            await asyncio.sleep(ANNOUNCE_EVERY_S)


async def _unserved_s(shown: Followed, since_s: float) -> float:
    """Return how long after `since_s` somebody is shown what was said since."""
    with contextlib.suppress(TimeoutError):
        await shown.wait_until(_has_heard, UNSERVED_AT_MOST_S)
    return time.monotonic() - since_s


def _has_heard(shown: Followed) -> bool:
    return any(item["text"] == SAYS for item in shown.items.values())
