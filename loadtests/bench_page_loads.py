"""Measures what a page costs a server, beside an earlier build, and a visitor: `make bench-page-loads`.

What a Chromium asks for when it opens the agenda is noted, and asked for again and again, from this build and
from the one of commit `BEFORE`. Then pages are opened in Chromium over a line of 100 ms and 5 Mbit/s.
Ends with lines `name: value`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import os
import shutil
import statistics
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from bench_first_frame import BRIGHTNESS, BROWSER_ARGUMENTS
from playwright.async_api import Browser, Page, async_playwright
from rig import Figures, cpu_s, running

from showcaller.testing.long_event import long_schedule
from showcaller.testing.pictures import WATCH_PICTURES, Pictures
from showcaller.testing.serving import ServeProcess
from showcaller.testing.talks import EVENT as TALKS_EVENT
from showcaller.testing.talks import TalksServer
from showcaller.testing.until import until

REPOSITORY = Path(__file__).parents[1]
SCHEDULE = "schedules/systems-scale-winter-2023.yaml"  # as it was then: both builds read it
BEFORE = "5d150ae"
CONNECTIONS = 6  # that a browser opens to one server
COUNTS, BEFORE_COUNTS = (400, 3_000), (60, 60)  # page loads and calendars a pass
SETTLE_S = 2.0
SIZES = (10, 900)  # sessions
VISITS = 5
BUSY_LOAD = 1.0  # before we begin: milliseconds of a browser say nothing then
# The time from a request to the first byte of its answer is at least this; connecting is not slowed down.
LINE = {
    "offline": False,
    "latency": 100,
    "downloadThroughput": 625_000,
    "uploadThroughput": 625_000,
}

WATCH_LOAD = """
    window.load = { paint: 0, content: 0, busyUntil: 0 };
    new PerformanceObserver((list) => {
      for (const { name, startTime } of list.getEntries()) {
        if (name === "first-contentful-paint") load.paint = startTime;
      }
    }).observe({ type: "paint", buffered: true });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) load.busyUntil = startTime + duration;
    }).observe({ type: "longtask", buffered: true });
    const look = () => {
      const main = document.getElementById("main");
      const shown = main && !("waiting" in main.dataset) && document.querySelector("[data-session]");
      if (shown) load.content = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""


class Request(NamedTuple):
    """A request as a browser made it."""

    path: str
    headers: dict[str, str]


# What a load costs the server -----------------------------------------------------------------------


async def requests_of(browser: Browser, url: str) -> list[Request]:
    """Note what a browser that has nothing yet asks this server for, in that order."""
    page = await (await browser.new_context()).new_page()
    asked: list[Request] = []

    async def note(request: object) -> None:
        path = request.url.removeprefix(url.split("/e/")[0])  # type: ignore[attr-defined]
        headers = dict(await request.all_headers())  # type: ignore[attr-defined]
        kept = {name: text for name, text in headers.items() if not name.startswith(":")}
        asked.append(Request(path, kept | {"accept-encoding": "gzip, deflate, br"}))

    page.on("request", lambda request: asyncio.ensure_future(note(request)))
    await page.goto(url)
    await asyncio.sleep(SETTLE_S)
    await page.context.close()
    return asked


def load_page(port: int, requests: Sequence[Request]) -> int:
    """Ask for a page, and then for the rest over as many connections as a browser has. Returns the bytes."""
    rest = requests[1:]
    count = max(1, min(CONNECTIONS, len(rest)))
    connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(count)]
    size = ask(connections[0], requests[0])
    for at in range(0, len(rest), count):
        busy = list(zip(connections, rest[at : at + count], strict=False))
        for connection, request in busy:
            connection.request("GET", request.path, headers=request.headers)
        size += sum(answer(connection) for connection, _ in busy)
    for connection in connections:
        connection.close()
    return size


def ask(connection: http.client.HTTPConnection, request: Request) -> int:
    connection.request("GET", request.path, headers=request.headers)
    return answer(connection)


def answer(connection: http.client.HTTPConnection) -> int:
    """Read an answer; return the bytes of its body."""
    got = connection.getresponse()
    body = got.read()
    assert got.status in (200, 304), f"{got.status} {body[:200]!r}"
    return len(body)


class Build:
    """A server of one build, and what its page asks for. `name` ends the names of its figures."""

    def __init__(self, name: str, server: ServeProcess, requests: Sequence[Request]) -> None:
        self.name = name
        self._loads, self._calendars = BEFORE_COUNTS if name else COUNTS
        self._server, self._requests = server, requests
        self._calendar = Request(f"/api/v1/events/{event_of(server)}/agenda.ics", {})

    def tell(self, figures: Figures) -> None:
        kilobytes = load_page(self._server.port, self._requests) / 1000
        figures.add(f"requests_a_page{self.name}", len(self._requests))
        figures.add(f"kilobytes_a_page{self.name}", kilobytes)

    def loads(self) -> float:
        """Return the page loads per second of the server's CPU."""
        before_s = cpu_s(self._server.pid)
        for _ in range(self._loads):
            load_page(self._server.port, self._requests)
        return self._loads / (cpu_s(self._server.pid) - before_s)

    def calendars(self, known: str = "") -> float:
        """Return the calendars per second of the server's CPU; `known`: the ETag that the client has."""
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
        asked = self._calendar._replace(headers={"If-None-Match": known} if known else {})
        ask(connection, asked)
        before_s = cpu_s(self._server.pid)
        for _ in range(self._calendars):
            ask(connection, asked)
        connection.close()
        return self._calendars / (cpu_s(self._server.pid) - before_s)

    def etag(self) -> str:
        """Return the calendar's ETag."""
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
        connection.request("GET", self._calendar.path)
        got = connection.getresponse()
        got.read()
        return got.headers["ETag"]


def event_of(server: ServeProcess) -> str:
    return str(server.ready["events"][0])


def earlier_build(folder: Path) -> Path:
    """Unpack the server and the schedule of commit `BEFORE`; return what modules are imported from."""
    packed = subprocess.run(
        ["git", "archive", BEFORE, "server", "client_sdk/js/src", SCHEDULE],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "server"


async def costs(browser: Browser, passes: int, figures: Figures) -> None:
    """The two builds in turn, on one core."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        earlier = {"PYTHONPATH": str(earlier_build(folder / "tree"))}
        builds = []
        for name, env in (("", {}), ("_before", earlier)):
            options = ("--rehearse-from", "-5m", "--media-workers", "0")
            server = ServeProcess(
                folder / "tree" / SCHEDULE, *options, data=folder / f"data{name}", env=env
            )
            await stack.enter_async_context(running(server))
            url = f"{server.url}/e/{event_of(server)}/"
            builds.append(Build(name, server, await requests_of(browser, url)))
        for build in builds:
            build.tell(figures)
        for _ in range(passes):
            compare(figures, "page_loads_per_cpu_s", [build.loads() for build in builds])
            compare(figures, "ics_per_cpu_s", [build.calendars() for build in builds])
            figures.add("ics_not_modified_per_cpu_s", builds[0].calendars(builds[0].etag()))


def compare(figures: Figures, name: str, values: Sequence[float]) -> None:
    now, before = values
    figures.add(name, now)
    figures.add(f"{name}_before", before)
    figures.add(f"{name}_ratio_to_before", now / before)


# What a load costs a visitor ------------------------------------------------------------------------


async def slow_page(browser: Browser, script: str) -> Page:
    """A page of somebody who has nothing of this server yet, behind the slow line."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 800})).new_page()
    await page.add_init_script(script)
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", LINE)
    return page


async def agendas(browser: Browser, figures: Figures) -> None:
    """From the start of the navigation; once before, so that the server has made the page."""
    content: dict[int, list[float]] = {size: [] for size in SIZES}
    async with contextlib.AsyncExitStack() as stack:
        servers = {size: await stack.enter_async_context(agenda_of(size)) for size in SIZES}
        for visit in range(VISITS + 1):
            for size, server in servers.items():
                load = await visited(browser, f"{server.url}/e/{event_of(server)}/")
                if visit == 0:
                    continue
                content[size].append(load["content"])
                figures.add(f"agenda_first_paint_ms_{size}", load["paint"])
                figures.add(f"agenda_first_content_ms_{size}", load["content"])
                interactive = max(load["content"], load["busyUntil"])
                figures.add(f"agenda_interactive_ms_{size}", interactive)
    few, many = (statistics.median(content[size]) for size in SIZES)
    figures.add(f"agenda_first_content_ratio_{SIZES[1]}_to_{SIZES[0]}", many / few)


@contextlib.asynccontextmanager
async def agenda_of(sessions: int) -> AsyncIterator[ServeProcess]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "long.yaml"
        path.write_text(long_schedule(sessions), encoding="utf-8")
        server = ServeProcess(path, "--media-workers", "0", data=Path(name) / "data")
        async with running(server):
            yield server


async def visited(browser: Browser, url: str) -> dict[str, float]:
    page = await slow_page(browser, WATCH_LOAD)
    await page.goto(url)
    await until(lambda: page.evaluate("load.content > 0"))
    await asyncio.sleep(SETTLE_S)
    load: dict[str, float] = await page.evaluate("load")
    await page.context.close()
    return load


async def first_pictures(browser: Browser, figures: Figures) -> None:
    """The watch page of somebody who has a token, to the first picture of the talk."""
    with tempfile.TemporaryDirectory() as folder:
        async with TalksServer(Path(folder)) as server, server.speaker("one", BRIGHTNESS["one"]):
            await server.change_to("one")
            for visit in range(VISITS + 1):
                page = await slow_page(browser, WATCH_PICTURES)
                token = server.token(TALKS_EVENT, "attendee", name="Ada")
                await page.goto(f"{server.url}/e/{TALKS_EVENT}/watch/one#token={token}")
                pictures = Pictures(page)
                await until(pictures.all)
                if visit:
                    shown_ms = (await pictures.all())[0].presented_ms
                    figures.add("watch_first_picture_ms", shown_ms)
                await page.context.close()


async def run(passes: int, only: Sequence[str], figures: Figures) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(BROWSER_ARGUMENTS)
        )
        if os.getloadavg()[0] > BUSY_LOAD and "visits" in only:
            print(
                f"INVALID visits: other work keeps the machine busy (load {os.getloadavg()[0]:.1f})"
            )
        if "costs" in only:
            await costs(browser, passes, figures)
        if "visits" in only:
            await agendas(browser, figures)
            await first_pictures(browser, figures)
        await browser.close()


PARTS = ("costs", "visits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--passes", type=int, default=5, help="with both builds")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    with figures.reported(chosen.json):
        asyncio.run(run(chosen.passes, chosen.only, figures))


if __name__ == "__main__":
    main()
