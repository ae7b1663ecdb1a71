"""Measures what viewers of a far node see: `make bench-far-stage`.

Two real nodes, the far one in a namespace behind 40 ms and 1 % loss each way. Chromium shows the talk beside
the stage and at the far node. Talks change, the speakers all being there; then the far node is killed, and
its page comes back by itself: it reaches both nodes by one address, as through a balancer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from bench_first_frame import BROWSER_ARGUMENTS
from bench_media_kill import away_ms, flow
from playwright.async_api import Browser, async_playwright
from rig import Figures

from showcaller.testing.balancer import Balancer
from showcaller.testing.far_line import FarLine
from showcaller.testing.pictures import WATCH_PICTURES, Pictures, largest_gap_ms
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.talks import EVENT, TALKS, TalksServer
from showcaller.testing.tcp_proxy import TcpProxy
from showcaller.testing.until import until

OPEN = {"bind": "0.0.0.0", "protected-mode": "no"}
AROUND_MS = 2_000.0


async def watch(browser: Browser, server: TalksServer, url: str) -> Pictures:
    page = await (await browser.new_context()).new_page()
    await page.add_init_script(WATCH_PICTURES)
    token = server.token(EVENT, "attendee", name="Ada")
    await page.goto(f"{url}/e/{EVENT}/watch/one#token={token}")
    pictures = Pictures(page)
    await until(pictures.all, 60)
    return pictures


async def change(
    near: TalksServer, talk: str, pages: dict[str, Pictures], figures: Figures
) -> None:
    """Change the talk; note the longest gap between two pictures, then and before."""
    began_ms = {name: await one.now_ms() for name, one in pages.items()}
    await near.change_to(talk)
    for name, one in pages.items():
        await flow(one)
        gap_ms = largest_gap_ms(await one.all(), began_ms[name], began_ms[name] + AROUND_MS)
        figures.add(f"{name}_change_gap_ms", gap_ms)
        steady_ms = largest_gap_ms(await one.all(), began_ms[name] - AROUND_MS, began_ms[name])
        figures.add(f"{name}_steady_gap_ms", steady_ms)


async def once(browser: Browser, figures: Figures) -> None:
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        line = stack.enter_context(FarLine(folder))
        redis = stack.enter_context(RedisServer(OPEN))
        near = TalksServer(folder / "near", "--broker", redis.url, "--media-address", line.far_here)
        far_options = "--media-address", line.there, "--host", line.there
        far_redis = f"redis://{line.here}:{redis.port}/0"
        far = TalksServer(folder / "far", "--broker", far_redis, *far_options)
        far.python = line.behind(sys.executable)
        await stack.enter_async_context(near)
        await far.start()
        await near.change_to("one")
        for place, talk in enumerate(TALKS):
            await stack.enter_async_context(near.speaker(talk, 60 + 50 * place))
        proxy = await stack.enter_async_context(TcpProxy(far.port, line.there))
        balancer = await stack.enter_async_context(Balancer([proxy.port]))
        beside = await watch(browser, near, near.url)
        pages = {"near": beside, "far": await watch(browser, near, balancer.url)}
        if "media.stage_borrowed" not in far.log_text():
            sys.exit("the far node borrows nothing")
        for one in pages.values():
            await flow(one)
        for talk in TALKS[1:]:
            await change(near, talk, pages, figures)
        balancer.ports = [near.port]
        began_ms = await pages["far"].now_ms()
        far.kill()
        await far.wait()
        figures.add("killed_node_back_ms", await away_ms(pages["far"], began_ms))
        for one in pages.values():
            await one.page.context.close()


async def run(deaths: int, figures: Figures) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(BROWSER_ARGUMENTS)
        )
        for _ in range(deaths):
            await once(browser, figures)
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deaths", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    with figures.reported(chosen.json):
        asyncio.run(run(chosen.deaths, figures))
