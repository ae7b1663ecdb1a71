"""Measures when everybody sees the talk again after a media worker died or hung: `make bench-media-kill`.

A real server with one media worker, a Chromium that speaks from its fake camera, and watch pages of the
audience. Nobody clicks anything: speaker and viewers come back by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench_first_frame import BROWSER_ARGUMENTS, Audience, speaking_browser
from media_swarm.show import worker_pid
from playwright.async_api import Browser, async_playwright
from rig import Figures

from showcaller.testing.pictures import Picture, Pictures
from showcaller.testing.talks import TalksServer
from showcaller.testing.until import until

GONE_MS = 300  # so long without a picture: the worker's end, not the machine's noise
BACK_WITHIN_S = 30.0
STEADY_PICTURES = 50  # between two deaths
SIGNALS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}


class Options(NamedTuple):
    deaths: int
    watchers: int


async def deaths(
    browser: Browser, name: str, sign: signal.Signals, options: Options, figures: Figures
) -> None:
    """One after the other on one server, each when the pictures have flowed for a while."""
    with tempfile.TemporaryDirectory() as folder:
        async with TalksServer(Path(folder)) as server:
            await server.change_to("one")
            await speaking_browser(browser, server, "one")
            audience = Audience(browser, server)
            for _ in range(options.watchers):
                await audience.come()
            for _ in range(options.deaths):
                await asyncio.gather(*map(flow, audience.pages))
                began_ms = [await one.now_ms() for one in audience.pages]
                os.kill(worker_pid(server.pid), sign)
                waits = map(away_ms, audience.pages, began_ms)
                for wait_ms in await asyncio.gather(*waits):
                    figures.add(f"{name}_back_ms", wait_ms)


async def flow(one: Pictures) -> None:
    """Return when it has shown some more pictures."""
    before = len(await one.all())

    async def flowing() -> bool:
        return len(await one.all()) >= before + STEADY_PICTURES

    await until(flowing, BACK_WITHIN_S)


async def away_ms(one: Pictures, began_ms: float) -> float:
    """From `began_ms` to the first picture after those that were on their way."""
    back: list[float] = []

    async def returned() -> bool:
        back[:] = first_after_gap(await one.all(), began_ms)
        return bool(back)

    await until(returned, BACK_WITHIN_S)
    return back[0] - began_ms


def first_after_gap(pictures: list[Picture], since_ms: float) -> list[float]:
    """Return when pictures went on after a gap that ended after `since_ms`; empty if they have not."""
    times = [one.presented_ms for one in pictures]
    gaps = itertools.pairwise(times)
    return [new for old, new in gaps if new > since_ms and new - old >= GONE_MS][:1]


async def run(options: Options, figures: Figures) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(BROWSER_ARGUMENTS)
        )
        for name, sign in SIGNALS.items():
            await deaths(browser, name, sign, options, figures)
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deaths", type=int, default=5, help="of each kind")
    parser.add_argument("--watchers", type=int, default=2, help="pages that watch")
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    with figures.reported(chosen.json):
        asyncio.run(run(Options(chosen.deaths, chosen.watchers), figures))


if __name__ == "__main__":
    main()
