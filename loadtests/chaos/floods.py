"""Attackers, in a process of their own: `python -m chaos.floods NAME --url URL --seconds N`.

They send to this machine only, come from an address of their own, and are bounded in number and in time. What
was answered is counted, and printed as JSON at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from urllib.parse import urlsplit

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from showcaller.testing.live_client import LiveClient

from .cluster import API, Cluster

ADDRESS = "127.1.0.1"
AT_ONCE = 32  # requests of a flood over HTTP
REFUSED_PEOPLE, SILENT, HELD, RESUBSCRIBING, PATIENT = 60, 700, 499, 10, 50
NICE = 10  # they would be on machines of their own: what they compute must not slow the server down
PAUSE_S = 0.2  # after a connection that was not let in
CODE = "sesame"  # what those need who register where a code is asked for
TROUBLE = (OSError, aiohttp.ClientError, WebSocketException, TimeoutError, AssertionError, EOFError)


class Attack:
    """One attack's target, end and counts."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url = url
        self.counts: Counter[str] = Counter()
        self._until_s = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        return max(0.0, self._until_s - time.monotonic())

    def http(self, address: str = ADDRESS) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=AT_ONCE)
        timeout = aiohttp.ClientTimeout(10)
        return aiohttp.ClientSession(self.url, connector=connector, timeout=timeout)

    async def socket(self) -> ClientConnection:
        live = self.url.replace("http", "ws", 1) + f"{API}/live"
        return await connect(
            live,
            subprotocols=[Subprotocol("showcaller.v1+json")],
            local_addr=(ADDRESS, 0),
            compression=None,
            proxy=None,
            max_size=None,
        )

    async def enter(self, token: str) -> LiveClient:
        client = LiveClient(await self.socket())
        await client.hello(token)
        return client

    async def register(self, http: aiohttp.ClientSession, code: str = CODE) -> str:
        """Return a token; "" if none was given."""
        body = {"name": "Mallory", "invite_code": code}
        async with http.post(f"{API}/registrations", json=body) as answer:
            self.counts[f"registration {answer.status}"] += 1
            return str((await answer.json())["token"]) if answer.status == 201 else ""

    async def many(self, count: int, work: Callable[[], Awaitable[None]]) -> None:
        """Have so many do `work` again and again until the end."""

        async def one() -> None:
            while self.left_s:
                try:
                    await work()
                except TROUBLE as error:
                    self.counts[f"cut off: {type(error).__name__}"] += 1
                    await asyncio.sleep(PAUSE_S)

        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(one())


async def refused_commands(attack: Attack) -> None:
    """People send commands that can't succeed, one after the other, as fast as the answers come."""
    async with attack.http() as http:
        tokens = [await attack.register(http) for _ in range(REFUSED_PEOPLE)]
    left = [token for token in tokens if token]

    async def work() -> None:
        token = left[attack.counts["came in"] % len(left)]
        client = await attack.enter(token)
        attack.counts["came in"] += 1
        asked = await client.command("question.ask", session=Cluster.session, text="Is it mine?")
        question = asked["result"]["question"] if asked["ok"] else "none"
        while attack.left_s:
            reply = await client.command("question.vote", question=question, on=True)
            attack.counts["ok" if reply["ok"] else reply["error"]["code"]] += 1
        await client.ws.close()

    if left:
        await attack.many(len(left), work)


async def questions(attack: Attack) -> None:
    """One address registers people without end, each of whom asks what a person may."""
    async with attack.http() as http:

        async def work() -> None:
            headers = {"Authorization": f"Bearer {await attack.register(http)}"}
            for number in range(20):
                body = {"session": Cluster.session, "text": f"Question {number} of many?"}
                path = f"{API}/commands/question.ask"
                async with http.post(path, json=body, headers=headers) as answer:
                    attack.counts[f"question {answer.status}"] += 1
                    if answer.status != 200:
                        return

        await attack.many(AT_ONCE, work)


async def silent_sockets(attack: Attack) -> None:
    """Hundreds of sockets are opened and say nothing."""

    async def work() -> None:
        ws = await attack.socket()
        attack.counts["open"] += 1
        await _listen(attack, ws)

    await attack.many(SILENT, work)


async def held_sockets(attack: Attack) -> None:
    """One attendee takes hundreds of sockets."""
    async with attack.http() as http:
        token = await attack.register(http)

    async def work() -> None:
        client = await attack.enter(token)
        attack.counts["open"] += 1
        await _listen(attack, client.ws)

    await attack.many(HELD, work)


async def _listen(attack: Attack, ws: ClientConnection) -> None:
    """Read until the end, or until the server closes."""
    try:
        async with asyncio.timeout(attack.left_s):
            while True:
                await ws.recv()
    except TimeoutError:
        await ws.close()


async def resubscribe(attack: Attack) -> None:
    """Ten sockets ask for the whole of a channel again and again."""
    async with attack.http() as http:
        token = await attack.register(http)

    async def work() -> None:
        client = await attack.enter(token)
        channel = f"session/{Cluster.session}/questions"
        while attack.left_s:
            reply = await client.ask("subscribe", channel=channel)
            attack.counts["snapshots" if reply["ok"] else reply["error"]["code"]] += 1
        await client.ws.close()

    await attack.many(RESUBSCRIBING, work)


async def guesses(attack: Attack) -> None:
    """Invite codes and tokens are guessed from one address."""
    async with attack.http() as http:

        async def work() -> None:
            number = attack.counts.total()
            await attack.register(http, f"guess {number}")
            headers = {"Authorization": f"Bearer guess.{number}.guess"}
            async with http.post(f"{API}/tokens", headers=headers) as answer:
                attack.counts[f"token {answer.status}"] += 1

        await attack.many(AT_ONCE, work)


async def reading(attack: Attack) -> None:
    """Metrics, calendars, agendas and pages, which cost the server something, are read again and again."""
    async with attack.http() as http:
        paths = ("/metrics", f"{API}/agenda.ics", API, "/openapi.json", "/e/load/")

        async def work() -> None:
            path = paths[attack.counts.total() % len(paths)]
            async with http.get(path) as answer:
                await answer.read()
                attack.counts[f"{path} {answer.status}"] += 1

        await attack.many(AT_ONCE, work)


FLOODS: dict[str, Callable[[Attack], Coroutine[None, None, None]]] = {
    flood.__name__: flood
    for flood in (
        refused_commands,
        questions,
        silent_sockets,
        held_sockets,
        resubscribe,
        guesses,
        reading,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=FLOODS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    if urlsplit(chosen.url).hostname != "127.0.0.1":
        sys.exit("floods go to 127.0.0.1 only")
    os.nice(NICE)
    attack = Attack(chosen.url, chosen.seconds)
    asyncio.run(FLOODS[chosen.name](attack))
    print(json.dumps(attack.counts))


if __name__ == "__main__":
    main()
