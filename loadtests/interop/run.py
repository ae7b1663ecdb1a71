"""Other people's WebRTC, both ways: `make interop` prints the matrix of docs/publishing.md.

Each client watches for 70 s and publishes for 70 s, through a relay: at 20 s the talk changes, from 40 s on
5 % of all packets get lost, each way. A client is run only if what it needs is there; else that is named.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import aiohttp
from aiohttp import web

from showcaller.media.contract.addresses import of_this_machine
from showcaller.testing.lossy_line import LOSS_PERCENT, Relay
from showcaller.testing.media_peers import FRAMES_PER_S, HEIGHT, WIDTH, Watcher, video_loop
from showcaller.testing.talks import EVENT, STAGE, TalksServer
from showcaller.testing.until import until

HERE = Path(__file__).parent
SECONDS, CHANGE_AT_S, LOSS_AT_S = 70, 20, 40
START_S = 60
STALLED_S = 5  # without a picture: it does not work
TOGETHER = 3


class Client(NamedTuple):
    name: str
    command: tuple[str, ...]  # then: role, URL, token, seconds, the card
    missing: str = ""  # why it can't be run
    publishes: bool = True
    watches: bool = True


class Line:
    """An HTTP server before the node: clients get answers that lead through a relay of theirs."""

    def __init__(self, server: TalksServer) -> None:
        self._server = server
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
        await until(lambda: self.relays, START_S)

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
            body = await got.text()
            if got.status == 201:
                # Firefox sends nothing to loopback.
                relay = Relay(0, host=next(h for h in of_this_machine() if ":" not in h))
                self.relays.append(relay)
                body = await relay.answer(body)
            passed = {k: v for k, v in got.headers.items() if k in ("Location", "ETag")}
            kind = got.headers.get("Content-Type", "text/plain").partition(";")[0]
            return web.Response(status=got.status, text=body, content_type=kind, headers=passed)


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
    async with TalksServer(folder, "--media-address", "127.0.0.1") as server, Line(server) as line:
        await server.change_to("one")
        async with speaking(server, "one", 90), speaking(server, "two", 150):
            url = f"{line.url}/api/v1/events/{EVENT}/stages/{STAGE}/whep"
            token = server.token(EVENT, "attendee")
            process = await _start(client, "watch", url, token, card)
            reading = asyncio.create_task(_read(process, count))
            await line.joined()
            await asyncio.sleep(CHANGE_AT_S)
            await server.change_to("two")
            await asyncio.sleep(LOSS_AT_S - CHANGE_AT_S)
            line.lose(LOSS_PERCENT)
            await asyncio.sleep(SECONDS - LOSS_AT_S)
            return await _end(process, reading, count)


async def publish(client: Client, folder: Path, card: Path) -> str:
    """The client publishes a talk that follows one of ours; a viewer of ours decodes it."""
    count = Count()
    async with (
        TalksServer(folder, "--media-address", "127.0.0.1") as server,
        Line(server) as line,
        speaking(server, "one", 90),
    ):
        await server.change_to("one")
        url = f"{line.url}/api/v1/events/{EVENT}/sessions/two/whip"
        token = server.token(EVENT, "speaker", sessions=["two"])
        process = await _start(client, "publish", url, token, card)
        await line.joined()
        watcher = Watcher()
        await _view(server, watcher)
        counting = asyncio.create_task(_count(watcher, count))
        await asyncio.sleep(CHANGE_AT_S)
        await server.change_to("two")
        await asyncio.sleep(LOSS_AT_S - CHANGE_AT_S)
        line.lose(LOSS_PERCENT)
        await asyncio.sleep(SECONDS - LOSS_AT_S)
        verdict = await _end(process, counting, count)
        await watcher.close()
        return verdict


async def _start(
    client: Client, role: str, url: str, token: str, card: Path
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *client.command,
        *(role, url, token, str(SECONDS + 10), str(card)),
        cwd=HERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _read(process: asyncio.subprocess.Process, count: Count) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        count.note(json.loads(line)["video"])


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


async def _end(
    process: asyncio.subprocess.Process, counting: asyncio.Task[None], count: Count
) -> str:
    counting.cancel()
    verdict = count.verdict()
    if process.returncode is None:
        process.kill()
        await process.wait()
    elif verdict != "ok":
        assert process.stderr is not None
        told = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
        verdict += f" ({told[-1][:100]})" if told else ""
    return verdict


def clients(built: Path) -> list[Client]:
    """All of them, with what is missing here."""
    python, node = sys.executable, shutil.which("node") or "node"

    def browser(name: str, *programs: str) -> Client:
        missing = "" if any(map(shutil.which, programs)) else f"no {programs[0]}: make tools"
        return Client(name.capitalize(), (python, "browser_client.py", name), missing)

    npm = "" if (HERE / "node_modules").is_dir() else "no npm packages: npm ci in loadtests/interop"
    pion = built / "pion"
    return [
        browser("chromium", "chromium", "chromium-browser"),
        browser("firefox", "firefox-esr", "firefox"),
        Client("aiortc", (python, "aiortc_client.py")),
        Client("pion", (str(pion),), "" if pion.is_file() else "no Go: https://go.dev"),
        Client("werift", (node, "werift_client.mjs"), npm),
        Client("node-datachannel", (node, "node_datachannel_client.mjs"), npm),
        Client("GStreamer webrtcbin", ("/usr/bin/python3", "gstreamer_client.py"), _gstreamer()),
        Client("FFmpeg whip", (python, "ffmpeg_client.py"), watches=False),
    ]


def _gstreamer() -> str:
    packages = "python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice gstreamer1.0-plugins-bad"
    there = shutil.which("gst-inspect-1.0") and Path("/usr/lib/python3/dist-packages/gi").is_dir()
    return (
        "" if there else f"apt-get install gstreamer1.0-tools gstreamer1.0-plugins-good {packages}"
    )


def write_card(path: Path) -> None:
    """Our test card in VP8, as IVF."""
    frames = video_loop().packets
    head = b"DKIF" + (0).to_bytes(2, "little") + (32).to_bytes(2, "little") + b"VP80"
    head += WIDTH.to_bytes(2, "little") + HEIGHT.to_bytes(2, "little")
    head += FRAMES_PER_S.to_bytes(4, "little") + (1).to_bytes(4, "little")
    head += len(frames).to_bytes(4, "little") + bytes(4)
    parts = [
        len(f).to_bytes(4, "little") + n.to_bytes(8, "little") + f for n, f in enumerate(frames)
    ]
    path.write_bytes(head + b"".join(parts))


async def matrix(chosen: list[Client], folder: Path) -> dict[str, dict[str, str]]:
    card, turns = folder / "card.ivf", asyncio.Semaphore(TOGETHER)
    write_card(card)

    async def one(client: Client, does: Callable[..., object], name: str) -> str:
        async with turns:
            where = folder / f"{client.name}-{name}".replace(" ", "-")
            try:
                verdict = await does(client, where, card)  # type: ignore[misc]
            except TimeoutError:
                verdict = "did not begin in time"
            except (OSError, RuntimeError) as error:
                verdict = f"could not be tried: {error}"
            print(f"{client.name}, {name}: {verdict}", flush=True)
            return str(verdict)

    jobs = {
        (client.name, name): asyncio.create_task(one(client, does, name))
        for client in chosen
        for does, name, can in (
            (publish, "publishes", client.publishes),
            (watch, "watches", client.watches),
        )
        if can and not client.missing
    }
    done = {key: await job for key, job in jobs.items()}
    return {
        client.name: {
            name: client.missing or done.get((client.name, name), "–")
            for name in ("publishes", "watches")
        }
        for client in chosen
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--built", type=Path, required=True, help="folder of what was compiled")
    parser.add_argument("names", nargs="*", help="only these clients")
    options = parser.parse_args()
    chosen = [
        c for c in clients(options.built.resolve()) if not options.names or c.name in options.names
    ]
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(matrix(chosen, Path(folder)))
    print(f"\n| client | publishes, {SECONDS} s | watches, {SECONDS} s |\n|---|---|---|")
    for name, cells in results.items():
        print(f"| {name} | {cells['publishes']} | {cells['watches']} |")


if __name__ == "__main__":
    main()
