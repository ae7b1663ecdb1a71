"""Other people's WebRTC, both ways: `make interop` prints the matrix of docs/publishing.md.

Each client watches for 70 s and publishes for 70 s, through a relay: at 20 s the talk changes, from 40 s on
5 % of all packets get lost, each way. A client is run only if what it needs is there; else that is named.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import aiohttp
from aiohttp import web
from clients import CLIENTS, Client, Unavailable

from showcaller.media.contract.addresses import of_this_machine
from showcaller.testing.lossy_line import LOSS_PERCENT, Relay
from showcaller.testing.media_peers import FRAMES_PER_S, HEIGHT, WIDTH, Watcher, video_loop
from showcaller.testing.talks import EVENT, STAGE, TalksServer

HERE = Path(__file__).parent
SECONDS, CHANGE_AT_S, LOSS_AT_S = 70, 20, 40
START_S = 60
STALLED_S = 5  # without a picture: it does not work
TOGETHER = 3
_UDP_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp .*\r\n", re.IGNORECASE)


class Line:
    """An HTTP server before the node: clients get answers that lead through a relay of theirs.

    `by_tcp`: they get the node's own TCP candidates, and no others; nothing is lost then.
    """

    def __init__(self, server: TalksServer, *, by_tcp: bool) -> None:
        self._server = server
        self._by_tcp = by_tcp
        self._answered = asyncio.Event()
        self.relays: list[Relay] = []

    async def __aenter__(self) -> Line:
        app = web.Application()
        app.router.add_get("/blank", lambda _: _blank())
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        for relay in self.relays:
            relay.close()

    async def joined(self) -> None:
        """Wait for the client: a browser starts slowly on a busy machine. Raises `TimeoutError`."""
        async with asyncio.timeout(START_S):
            await self._answered.wait()

    def lose(self, percent: int) -> None:
        for relay in self.relays:
            relay.percent = percent

    async def _pass(self, request: web.Request) -> web.Response:
        kept = ("Authorization", "Content-Type", "If-Match")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        target = f"{self._server.url}{request.path_qs}"
        async with (
            aiohttp.ClientSession() as http,
            http.request(request.method, target, data=await request.read(), headers=headers) as got,
        ):
            body = await got.read()
            if got.status == 201:
                body = (await self._lead(body.decode())).encode()
                self._answered.set()
            passed = {k: v for k, v in got.headers.items() if k in ("Location", "ETag")}
            kind = got.headers.get("Content-Type", "text/plain").partition(";")[0]
            return web.Response(status=got.status, body=body, content_type=kind, headers=passed)

    async def _lead(self, answer: str) -> str:
        """Return the answer with the candidates that the client is to take."""
        if self._by_tcp:
            return _UDP_CANDIDATE.sub("", answer)
        # Firefox sends nothing to loopback.
        relay = Relay(0, host=next(h for h in of_this_machine() if ":" not in h))
        self.relays.append(relay)
        return await relay.answer(answer)


async def _blank() -> web.Response:
    return web.Response(text="<!doctype html><title>blank</title>", content_type="text/html")


class Count:
    """Pictures that came, second by second."""

    def __init__(self) -> None:
        self._seconds: list[int] = []

    def note(self, pictures: int) -> None:
        self._seconds.append(pictures)

    def verdict(self) -> str:
        """`ok`, or when it stood still for longer than `STALLED_S`."""
        if len(self._seconds) < SECONDS - 15:
            return f"ended after {len(self._seconds)} s"
        stood, worst, since = 0, 0, 0
        for at, (before, after) in enumerate(pairwise(self._seconds)):
            stood = 0 if after > before else stood + 1
            if stood > worst:
                worst, since = stood, at - stood + 1
        began = next((at for at, count in enumerate(self._seconds) if count), None)
        if began is None:
            return "no picture"
        return "ok" if worst <= STALLED_S else f"stood for {worst} s from second {since} on"


@asynccontextmanager
async def speaking(server: TalksServer, talk: str, brightness: int) -> AsyncIterator[None]:
    """A speaker of ours, as soon as a media worker is up."""
    for left in reversed(range(20)):
        speaker = server.speaker(talk, brightness)
        try:
            await speaker.__aenter__()
            break
        except RuntimeError:
            if not left:
                raise
            await asyncio.sleep(1)
    try:
        yield
    finally:
        await speaker.leave()


async def watch(client: Client, folder: Path, card: Path) -> str:
    """The client watches the stage while a speaker of ours follows another."""
    count = Count()
    async with (
        TalksServer(folder, "--media-address", "127.0.0.1") as server,
        Line(server, by_tcp=client.by_tcp) as line,
    ):
        await server.change_to("one")
        async with speaking(server, "one", 90), speaking(server, "two", 150):
            url = f"{line.url}/api/v1/events/{EVENT}/stages/{STAGE}/whep"
            words = "watch", url, server.token(EVENT, "attendee"), str(SECONDS + 10), str(card)
            async with Running(client, words, folder) as running, counting(running.read(count)):
                await line.joined()
                await _pass_time(server, line)
                return running.verdict(count)


async def publish(client: Client, folder: Path, card: Path) -> str:
    """The client publishes a talk that follows one of ours; a viewer of ours decodes it."""
    count, watcher = Count(), Watcher()
    async with (
        TalksServer(folder, "--media-address", "127.0.0.1") as server,
        Line(server, by_tcp=client.by_tcp) as line,
        speaking(server, "one", 90),
    ):
        await server.change_to("one")
        url = f"{line.url}/api/v1/events/{EVENT}/sessions/two/whip"
        token = server.token(EVENT, "speaker", sessions=["two"])
        words = "publish", url, token, str(SECONDS + 10), str(card)
        async with Running(client, words, folder) as running:
            await line.joined()
            await _view(server, watcher)
            async with counting(_count(watcher, count)):
                await _pass_time(server, line)
            await watcher.close()
            return running.verdict(count)


async def _pass_time(server: TalksServer, line: Line) -> None:
    await asyncio.sleep(CHANGE_AT_S)
    await server.change_to("two")
    await asyncio.sleep(LOSS_AT_S - CHANGE_AT_S)
    line.lose(LOSS_PERCENT)
    await asyncio.sleep(SECONDS - LOSS_AT_S)


class Running:
    """A client's process, which ends with the block. What it tells of itself stands in `folder`."""

    def __init__(self, client: Client, words: tuple[str, ...], folder: Path) -> None:
        self._command, self._watches = (*client.command, *words), words[0] == "watch"
        self._told = folder / "told"

    async def __aenter__(self) -> Running:
        with self._told.open("wb") as told:
            stdout = asyncio.subprocess.PIPE if self._watches else told
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=HERE, stdout=stdout, stderr=told, start_new_session=True
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a browser outlives who started it
        await self._process.wait()

    async def read(self, count: Count) -> None:
        """Take in what it counts."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            count.note(json.loads(line)["video"])

    def verdict(self, count: Count) -> str:
        verdict = count.verdict()
        if verdict == "ok" or self._process.returncode is None:
            return verdict
        told = self._told.read_text("utf-8", errors="replace").strip().splitlines()
        return f"{verdict} ({told[-1][:100]})" if told else verdict


@asynccontextmanager
async def counting(count: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Let something count, beside what is in the block."""
    task = asyncio.create_task(count)
    try:
        yield
    finally:
        task.cancel()


async def _count(watcher: Watcher, count: Count) -> None:
    while True:
        await asyncio.sleep(1)
        count.note(watcher.frames["video"])


async def _view(server: TalksServer, watcher: Watcher) -> None:
    url = f"{server.url}/api/v1/events/{EVENT}/stages/{STAGE}/whep"
    headers = {
        "Authorization": f"Bearer {server.token(EVENT, 'attendee')}",
        "Content-Type": "application/sdp",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=await watcher.offer(), headers=headers) as answer,
    ):
        answer.raise_for_status()
        await watcher.accept(await answer.text())


def write_card(path: Path) -> None:
    """Write our test card in VP8, as IVF."""
    frames = video_loop().packets
    head = b"DKIF" + (0).to_bytes(2, "little") + (32).to_bytes(2, "little") + b"VP80"
    head += WIDTH.to_bytes(2, "little") + HEIGHT.to_bytes(2, "little")
    head += FRAMES_PER_S.to_bytes(4, "little") + (1).to_bytes(4, "little")
    head += len(frames).to_bytes(4, "little") + bytes(4)
    parts = [
        len(f).to_bytes(4, "little") + n.to_bytes(8, "little") + f for n, f in enumerate(frames)
    ]
    path.write_bytes(head + b"".join(parts))


class Trial(NamedTuple):
    """One client, one way."""

    client: Client
    way: str
    does: Callable[[Client, Path, Path], Awaitable[str]]

    async def verdict(self, folder: Path, card: Path) -> str:
        try:
            return await self.does(self.client, folder / f"{self.client.key}-{self.way}", card)
        except TimeoutError:
            return "did not begin in time"
        except (OSError, RuntimeError) as error:
            return f"could not be tried: {error}"


def trials(clients: Iterable[Client]) -> Iterator[Trial]:
    for client in clients:
        if client.publishes:
            yield Trial(client, "publishes", publish)
        if client.watches:
            yield Trial(client, "watches", watch)


async def tried(clients: Iterable[Client], folder: Path) -> dict[tuple[str, str], str]:
    """Return verdicts by client's key and way."""
    card, turns = folder / "card.ivf", asyncio.Semaphore(TOGETHER)
    write_card(card)
    verdicts = {}

    async def one(trial: Trial) -> None:
        async with turns:
            verdict = await trial.verdict(folder, card)
        verdicts[trial.client.key, trial.way] = verdict
        print(f"{trial.client.name}, {trial.way}: {verdict}", flush=True)

    await asyncio.gather(*map(one, trials(clients)))
    return verdicts


def prepared(chosen: Iterable[Client], built: Path) -> tuple[list[Client], dict[str, str]]:
    """Return those that can be had, and why others can't, by name."""
    there, why = [], {}
    for client in chosen:
        print(f"preparing {client.name}", flush=True)
        try:
            there.append(client.prepare(built))
        except Unavailable as reason:
            why[client.name] = str(reason)
    return there, why


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--built", type=Path, help="keep what is built in this folder, for the next run"
    )
    parser.add_argument(
        "keys", nargs="*", choices=[[], *(c.key for c in CLIENTS)], help="only these clients"
    )
    options = parser.parse_args()
    if unknown := set(options.keys) - {client.key for client in CLIENTS}:
        parser.error(f"no client has this key: {', '.join(sorted(unknown))}")
    chosen = [client for client in CLIENTS if not options.keys or client.key in options.keys]
    with tempfile.TemporaryDirectory() as made:
        built = (options.built or Path(made) / "built").resolve()
        built.mkdir(parents=True, exist_ok=True)
        there, why = prepared(chosen, built)
        verdicts = asyncio.run(tried(there, Path(made)))
    print("\n| client | publishes | watches |\n|---|---|---|")
    for client in there:
        cells = (verdicts.get((client.key, way), "–") for way in ("publishes", "watches"))
        print(f"| {client.name} | {' | '.join(cells)} |")
    for name, reason in why.items():
        print(f"| {name} | could not be had: {reason} | – |")


if __name__ == "__main__":
    main()
