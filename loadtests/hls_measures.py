"""Measures the cost and the delay of HLS: a real speaker, a real node, players with and without nginx.

`PLAYERS=10000` come through the cache; `MEASURED_S=20` lasts each measurement.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import av
import psutil
from hls_players import DecodingPlayer, Fetcher, follow, visit

from showcaller import system
from showcaller.testing.media_peers import Loop, LoopTrack, Publisher
from showcaller.testing.nginx import Nginx
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

PLAYERS = int(os.environ.get("PLAYERS", "10000"))
MEASURED_S = float(os.environ.get("MEASURED_S", "20"))
AT_ONCE = 500  # players that are under way
FOLLOWERS = 20  # that stay while others come
WIDTH, HEIGHT, FRAMES_PER_S, BITS = 640, 360, 25, 8
FRAMES = 1 << BITS
KEYFRAME_EVERY = 2 * FRAMES_PER_S
RATE_BPS = 2_500_000
EVENT_API = "/api/v1/events/conf"
SCHEDULE = """
event: {id: conf, title: Conf, time_zone: UTC}
days: [{date: 2026-06-11, starts: "09:00", ends: "21:00"}]
record: true
sessions:
  - {id: talk, title: A talk, starts: "09:00", minutes: 600, qa: off}
"""

Show = Any  # prints a name and a value


# The speaker --------------------------------------------------------------------------------------


def numbered_loop() -> Loop:
    """Return 256 frames of noise at 2.5 Mbit/s; each has its number burnt in as eight blocks."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.bit_rate = Fraction(1, FRAMES_PER_S), RATE_BPS
    encoder.gop_size, encoder.thread_count = KEYFRAME_EVERY, 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    packets: list[bytes] = []
    for number in range(FRAMES):
        packets += map(bytes, encoder.encode(_frame(number)))
    return Loop("video", tuple(packets), Fraction(1, FRAMES_PER_S))


def _frame(number: int) -> Any:
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    block = WIDTH // BITS
    line = b"".join((b"\xeb" if number >> bit & 1 else b"\x10") * block for bit in range(BITS))
    noise = bytearray(os.urandom(WIDTH * (HEIGHT - 64)))
    planes = [line * 64 + bytes(value & 0x3F | 0x40 for value in noise)]
    planes += [b"\x80" * (WIDTH * HEIGHT // 4)] * 2
    for plane, data in zip(frame.planes, planes, strict=True):
        wide = plane.width
        rows = (data[row * wide : (row + 1) * wide] for row in range(plane.height))
        plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows))
    frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
    return frame


def number_of(frame: Any) -> int:
    """Return the number that is burnt into a frame."""
    plane, block = frame.planes[0], WIDTH // BITS
    row = bytes(plane)[32 * plane.line_size :]
    return sum((row[bit * block + block // 2] > 0x80) << bit for bit in range(BITS))


class _TimedTrack(LoopTrack):
    """Notes when each frame is handed to the network."""

    def __init__(self, loop: Loop, sent_s: dict[int, float]) -> None:
        super().__init__(loop)
        self._sent_s = sent_s

    def packet(self) -> bytes:
        self._sent_s[self._sent % FRAMES] = system.monotonic_s()
        return super().packet()


class NumberedSpeaker(Publisher):
    """Sends H.264 with a number in each frame; `sent_s` has when each was sent last."""

    def __init__(self) -> None:
        self.sent_s: dict[int, float] = {}
        super().__init__(codec="H264")

    def _loop(self, codec: str, brightness: int) -> Loop:
        return numbered_loop()

    def _track(self, loop: Loop) -> LoopTrack:
        return _TimedTrack(loop, self.sent_s) if loop.kind == "video" else LoopTrack(loop)


class Stage:
    """A node with a talk on its stage that a speaker sends, and the address of its live playlists."""

    def __init__(self, server: ServeProcess, http: aiohttp.ClientSession) -> None:
        self.server, self.http = server, http
        self.speaker = NumberedSpeaker()
        self.folder = ""

    async def ask(self, path: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.server.token('conf', 'attendee')}"}
        url = f"{self.server.url}{EVENT_API}/{path}"
        async with self.http.get(url, headers=headers) as answer:
            found: dict[str, Any] = await answer.json(content_type=None)
            return found

    async def publish(self) -> None:
        token = self.server.token("conf", "speaker", person="ada", sessions=("talk",))
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        offer, answers = await self.speaker.offer(), list[str]()

        async def is_taken() -> bool:
            url = f"{self.server.url}{EVENT_API}/sessions/talk/whip"
            async with self.http.post(url, data=offer, headers=headers) as answer:
                if answer.status == 201:
                    answers.append(await answer.text())
                return bool(answers)

        await until(is_taken, 60)
        await self.speaker.accept(answers[0])

        async def is_live() -> bool:
            self.folder = (await self.ask("stages/main/live")).get("address", "")
            return bool(self.folder)

        await until(is_live, 60)
        self.folder = self.folder.removesuffix("main.m3u8")

    async def control(self, command: str) -> None:
        headers = {"Authorization": f"Bearer {self.server.token('conf', 'producer')}"}
        url = f"{self.server.url}{EVENT_API}/commands/{command}"
        async with self.http.post(url, json={"session": "talk"}, headers=headers) as answer:
            answer.raise_for_status()


def _schedule(folder: Path) -> Path:
    path = folder / "conf.yaml"
    path.write_text(SCHEDULE)
    return path


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        schedule = _schedule(Path(folder))
        options = ("--rehearse-from", "09:05", "--recordings", f"{folder}/recordings")
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            ServeProcess(schedule, *options, data=Path(folder, "data")) as server,
            aiohttp.ClientSession(connector=connector) as http,
        ):
            made = Stage(server, http)
            await made.publish()
            try:
                yield made
            finally:
                await made.speaker.close()


# Measurements -------------------------------------------------------------------------------------


async def glass(show: Show) -> None:
    """Measure from a frame's being sent to its being shown by a player that holds back as told."""
    async with stage() as on:
        player = DecodingPlayer(Fetcher(on.http, on.server.url + on.folder), number_of)
        late_s: list[float] = []
        playing = asyncio.create_task(player.play("high", MEASURED_S))
        while not playing.done():  # numbers come again after ten seconds
            await asyncio.wait({playing}, timeout=0.5)
            late_s += [one.shown_s - on.speaker.sent_s[one.number] for one in player.seen]
            player.seen.clear()
        await playing
        late_s.sort()
        show("glass_to_glass_p50_s", late_s[len(late_s) // 2])
        show("glass_to_glass_p95_s", late_s[int(0.95 * len(late_s))])
        show("glass_to_glass_frames", len(late_s))
        show("glass_to_glass_stalls", player.stalls)
        await replay_ready(on, show)


async def replay_ready(on: Stage, show: Show) -> None:
    """Measure from the answer to `session.end` to a replay with an end, up to the last picture."""
    await on.control("session.end")
    ended_s, ended_ms = system.monotonic_s(), system.wall_ms_exact()

    async def is_ready() -> bool:
        return "address" in await on.ask("sessions/talk/replay")

    await until(is_ready, 30)
    show("replay_ready_s", system.monotonic_s() - ended_s)
    found = await on.ask("sessions/talk/replay")
    address = on.server.url + found["address"].replace("main.m3u8", "high.m3u8")
    async with on.http.get(address) as answer:
        show("replay_has_an_end", int("#EXT-X-ENDLIST" in await answer.text()))
    show("replay_ends_before_the_end_ms", ended_ms - found["ends_at_ms"])


async def origin(show: Show) -> None:
    """Measure what players cost the node whose stage they watch, through nginx, and how often it is asked."""
    async with stage() as on, nginx(on.server.port) as cache:
        process = psutil.Process(on.server.pid)
        alone = await _cpu_share(process, MEASURED_S)
        show("node_cpu_share_without_players", alone)
        fetcher = Fetcher(on.http, cache.plain_url + on.folder)
        staying = [asyncio.create_task(follow(fetcher, MEASURED_S)) for _ in range(FOLLOWERS)]
        show("origin_cpu_share_per_stage", await _cpu_share(process, MEASURED_S) - alone)
        parts = sum(await asyncio.gather(*staying))
        show("players_staying", FOLLOWERS)
        show("parts_a_player", parts / FOLLOWERS)
        await _crowd(fetcher)
        show("players_coming", PLAYERS)
        show("requests_failed", fetcher.failed)
        _tell_requests(cache, show)


async def _cpu_share(process: psutil.Process, seconds: float) -> float:
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    return float(after.user + after.system - before.user - before.system) / seconds


async def _crowd(fetcher: Fetcher) -> None:
    left = iter(range(PLAYERS))

    async def some() -> None:
        for _ in left:
            with contextlib.suppress(aiohttp.ClientError):
                await visit(fetcher)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


def _tell_requests(cache: PlainNginx, show: Show) -> None:
    """Count what the node was asked for by its address with the query: one object each."""
    asked: Counter[str] = Counter()
    players = 0
    for line in cache.lines():
        players += 1
        if line["node"]:
            asked[line["object"]] += 1
    lasting = {name: n for name, n in asked.items() if ".m4s" in name or "_HLS_msn" in name}
    show("requests_of_players", players)
    show("origin_objects", len(lasting))
    show("origin_requests_per_object", max(lasting.values()))
    show("origin_requests_for_playlists_of_a_moment", sum(asked.values()) - sum(lasting.values()))


class PlainNginx(Nginx):
    """The configuration that we ship, without TLS, and with the query in its log."""

    def __init__(self, folder: Path, node_port: int) -> None:
        super().__init__(folder, node_port)
        text = self._config.read_text()
        text = re.sub(r"ssl http2 default_server", "default_server", text)
        text = re.sub(r"'\"method\"", r"""'"object":"$request_uri","method\"""", text)
        self._config.write_text(text)
        self.plain_url = f"http://127.0.0.1:{self.https_port}"

    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.log("access").splitlines()]


def _let_in(folder: Path) -> None:
    """Let nginx's own user in."""
    folder.chmod(0o755)


@asynccontextmanager
async def nginx(port: int) -> AsyncIterator[PlainNginx]:
    with tempfile.TemporaryDirectory() as folder:
        _let_in(Path(folder))
        async with PlainNginx(Path(folder), port) as cache:
            yield cache
