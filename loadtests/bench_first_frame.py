"""Measures when browsers show a stage, and how long a change stops its picture: `make bench-first-frame`.

Chromium and, for those who join, Firefox. A real server, speakers whose keyframes come each second or when
asked for, a Chromium that speaks from its fake camera, and pages of the audience. Ends with lines
`name: value`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, Page, async_playwright
from rig import Figures, percentile

from showcaller.testing.firefox import Firefox
from showcaller.testing.pictures import (
    TOLERANCE,
    WATCH_PICTURES,
    Pictures,
    Received,
    largest_gap_ms,
)
from showcaller.testing.talks import EVENT, STAGE, TALKS, TalksServer
from showcaller.testing.until import until

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
BRIGHTNESS = {"one": 60, "two": 100, "three": 150}  # `four` is a Chromium's
SLIDES = 220
SPARE = 190
AUDIO_HZ = 48_000
STEADY_S = 2.0
AFTERWARDS_MS = 1_500
VISITS = 5

JOIN = """
    async ({ event, stage, token }) => {
      const { watch } = await import("/sdk/index.js");
      const video = document.createElement("video");
      Object.assign(video, { muted: true, autoplay: true });
      document.body.prepend(video);
      const beganMs = performance.now();
      const shown = new Promise((resolve) => {
        video.requestVideoFrameCallback((_, { presentationTime }) => resolve(presentationTime - beganMs));
      });
      const watcher = watch({ event, stage, token: () => token, video });
      const tookMs = await shown;
      watcher.stop();
      video.remove();
      return tookMs;
    }
"""
SPEAK = """
    async ({ event, session, token }) => {
      const { publish } = await import("/sdk/index.js");
      const video = { width: 640, height: 360, frameRate: 25 };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
      const publication = publish({ event, session, token: () => token, stream });
      while (publication.status.state !== "connected") await new Promise((go) => setTimeout(go, 50));
    }
"""


class Options(NamedTuple):
    joins: int
    runs: int
    watchers: int
    pictures: Path  # the folder where screenshots go


class Audience:
    """Pages that watch the stage."""

    def __init__(self, browser: Browser, server: TalksServer) -> None:
        self._browser, self._server = browser, server
        self.pages: list[Pictures] = []

    async def come(self) -> Pictures:
        """Another page; returns when it shows a picture."""
        page = await (await self._browser.new_context()).new_page()
        await page.add_init_script(WATCH_PICTURES)
        token = self._server.token(EVENT, "attendee", name="Ada")
        await page.goto(f"{self._server.url}/e/{EVENT}/watch/one#token={token}")
        pictures = Pictures(page)
        await until(pictures.all)
        self.pages.append(pictures)
        return pictures

    async def until_changed(self, before: int) -> None:
        """Return when nobody sees a picture as bright as `before` any more."""

        async def changed() -> bool:
            now = [await one.brightness() for one in self.pages]
            return all(abs(luma - before) > TOLERANCE for luma in now)

        await until(changed)

    async def leave(self) -> None:
        for one in self.pages:
            await one.page.context.close()


class Change:
    """Around one: how long the pictures of each page stood, and what else it cost them."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self.gaps_ms: list[float] = []
        self.received: list[Received] = []

    async def __aenter__(self) -> Change:
        self._began_ms = [await one.now_ms() for one in self._audience.pages]
        self._before = [await one.received() for one in self._audience.pages]
        return self

    async def __aexit__(self, *failed: object) -> None:
        if any(failed):
            return
        await asyncio.sleep(AFTERWARDS_MS / 1000)
        for one, began_ms, before in zip(
            self._audience.pages, self._began_ms, self._before, strict=True
        ):
            gap_ms = largest_gap_ms(await one.all(), began_ms, await one.now_ms())
            self.gaps_ms.append(gap_ms)
            self.received.append(await one.received() - before)


async def joins(browser: Browser, server: TalksServer, count: int, figures: Figures) -> None:
    """From the beginning of `watch()` in a page that is there to its first picture."""
    page = await (await browser.new_context()).new_page()
    await page.goto(f"{server.url}/e/{EVENT}/")
    took_ms: list[float] = []
    for _ in range(count):
        asked = {"event": EVENT, "stage": STAGE, "token": server.token(EVENT, "attendee")}
        took_ms.append(await page.evaluate(JOIN, asked))
    figures.add("first_frame_ms", statistics.median(took_ms))
    figures.add("first_frame_p99_ms", percentile(took_ms, 0.99))
    await page.context.close()


async def joins_in_firefox(server: TalksServer, count: int, figures: Figures) -> None:
    """The same in Firefox, which decrypts some time after it has connected."""
    async with Firefox() as firefox:
        page = await firefox.open(f"{server.url}/e/{EVENT}/")
        took_ms: list[float] = []
        for _ in range(count):
            asked = {"event": EVENT, "stage": STAGE, "token": server.token(EVENT, "attendee")}
            took_ms.append(float(await page.evaluate(JOIN, asked)))
        await page.close()
    figures.add("firefox_first_frame_ms", statistics.median(took_ms))
    figures.add("firefox_first_frame_p95_ms", percentile(took_ms, 0.95))


async def visits(browser: Browser, server: TalksServer, figures: Figures) -> None:
    """The watch page itself, from the start of its navigation."""
    for _ in range(VISITS):
        audience = Audience(browser, server)
        pictures = await audience.come()
        figures.add("page_to_first_frame_ms", (await pictures.all())[0].presented_ms)
        await audience.leave()


async def changes(
    browser: Browser, server: TalksServer, options: Options, figures: Figures
) -> None:
    """Once through four talks; in the last one slides, then a spare, whose speakers vanish."""
    async with AsyncExitStack() as stack:
        for talk, brightness in BRIGHTNESS.items():
            await stack.enter_async_context(server.speaker(talk, brightness))
        camera = await speaking_browser(browser, server, "four")
        audience = Audience(browser, server)
        for _ in range(options.watchers):
            await audience.come()
        await steady(audience, figures)
        for before, talk in itertools.pairwise(TALKS):
            async with Change(audience) as change:
                await server.change_to(talk)
                await audience.until_changed(BRIGHTNESS[before])
            add(figures, "freeze", change)
            await audience.pages[0].page.screenshot(path=options.pictures / f"{talk}.png")
        await vanishing(server, audience, figures, "slides", SLIDES)
        await vanishing(server, audience, figures, "spare", SPARE)
        for one in audience.pages:
            figures.add("connections_of_a_viewer", await one.connections())
        await audience.leave()
        await camera.context.close()


async def vanishing(
    server: TalksServer, audience: Audience, figures: Figures, source: str, brightness: int
) -> None:
    """A producer puts another source in place of the camera; then it vanishes, and the camera is back."""
    async with server.speaker("four", brightness, source=source) as speaker:
        async with Change(audience) as change:
            await server.choose("four", source)
            for one in audience.pages:
                await one.wait_for_brightness(brightness)
        add(figures, source, change)
        async with Change(audience) as change:
            await speaker.vanish()
            await audience.until_changed(brightness)
        add(figures, f"{source}_gone", change)


async def steady(audience: Audience, figures: Figures) -> None:
    """Nothing changes: the gaps that the machine itself makes."""
    async with Change(audience) as change:
        await asyncio.sleep(STEADY_S)
    for gap_ms, received in zip(change.gaps_ms, change.received, strict=True):
        figures.add("steady_gap_ms", gap_ms)
        figures.add("steady_jitter_ms", received.jitter_s * 1000)


def add(figures: Figures, name: str, change: Change) -> None:
    for gap_ms, received in zip(change.gaps_ms, change.received, strict=True):
        figures.add(f"{name}_ms", gap_ms)
        figures.add(f"{name}_counted", received.freezes)
        figures.add(f"{name}_concealed_ms", received.concealed / AUDIO_HZ * 1000)


async def speaking_browser(browser: Browser, server: TalksServer, talk: str) -> Page:
    """A page that publishes from Chromium's fake camera and microphone."""
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.goto(f"{server.url}/e/{EVENT}/")
    token = server.token(EVENT, "speaker", person=f"p_{talk}", sessions=[talk])
    await page.evaluate(SPEAK, {"event": EVENT, "session": talk, "token": token})
    return page


async def run(options: Options, figures: Figures) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(BROWSER_ARGUMENTS)
        )
        for number in range(options.runs):
            with tempfile.TemporaryDirectory() as folder:
                async with TalksServer(Path(folder)) as server:
                    await server.change_to("one")
                    if number == 0:
                        async with server.speaker("one", BRIGHTNESS["one"]):
                            await joins(browser, server, options.joins, figures)
                            await joins_in_firefox(server, options.joins, figures)
                            await visits(browser, server, figures)
                    await changes(browser, server, options, figures)
        await browser.close()
    add_worst(figures)


def add_worst(figures: Figures) -> None:
    """The 99th percentile of what was measured again and again."""
    for name in ("freeze", "slides", "slides_gone", "spare", "spare_gone", "steady_gap"):
        values = figures.values()[f"{name}_ms"]["values"]
        figures.add(f"{name}_p99_ms", percentile(values, 0.99))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--joins", type=int, default=20)
    parser.add_argument("--runs", type=int, default=4, help="through four talks")
    parser.add_argument("--watchers", type=int, default=2, help="pages that watch")
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    with (
        tempfile.TemporaryDirectory(prefix="first-frame-") as pictures,
        figures.reported(chosen.json),
    ):
        options = Options(chosen.joins, chosen.runs, chosen.watchers, Path(pictures))
        asyncio.run(run(options, figures))


if __name__ == "__main__":
    main()
