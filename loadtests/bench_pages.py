"""Measures what the pages of a long event cost a browser: `make bench-pages`.

A real server and Chromium. Script is CPU time of the page's main thread, so that a busy machine changes
it little. Ends with lines `name: value`.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright
from rig import Figures

from showcaller.testing.long_event import COUNT_SHIFTS, EVENT, OVER, long_schedule, script_s
from showcaller.testing.serving import ServeProcess

SIZES = (320, 2_000)
SETTLE_S = 6.0
WATCH_S = 15.0
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
)

SCRIPT_BYTES = """
    () => performance.getEntriesByType("resource")
      .filter(({ name }) => new URL(name).pathname.endsWith(".js"))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
"""


async def opened(browser: Browser, server: ServeProcess, path: str, role: str) -> Page:
    """The page of somebody with this role, whose zone is not the event's."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Asia/Tokyo"
    )
    page = await context.new_page()
    await page.add_init_script(COUNT_SHIFTS)
    await page.goto(f"{server.url}/e/{EVENT}/{path}#token={server.token(EVENT, role)}")
    return page


async def script_ms_per_s(page: Page) -> float:
    """CPU time of its scripts while nothing happens but the time."""
    session = await page.context.new_cdp_session(page)
    before_s = await script_s(session)
    await asyncio.sleep(WATCH_S)
    return 1000 * (await script_s(session) - before_s) / WATCH_S


async def measure(browser: Browser, sessions: int, figures: Figures) -> float:
    """All pages of an event of this size; the largest layout shift."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.yaml"
        path.write_text(long_schedule(sessions), encoding="utf-8")
        async with ServeProcess(path, "--media-workers", "0", data=Path(folder) / "data") as server:
            shift = 0.0
            for name, role in (("agenda", "attendee"), ("produce", "producer")):
                page = await opened(browser, server, "" if name == "agenda" else name, role)
                if (
                    name == "agenda"
                ):  # of one day it shows the stages side by side, once it is there
                    await page.locator("#grid [data-session]").first.wait_for(timeout=120_000)
                    await page.get_by_label("List", exact=True).check(force=True)
                await (
                    page.locator("[data-session]")
                    .nth(sessions - 1 - (OVER if name == "produce" else 0))
                    .wait_for(state="attached", timeout=120_000)
                )
                await asyncio.sleep(SETTLE_S)
                figures.add(
                    f"{name}_script_ms_per_s_{sessions}", round(await script_ms_per_s(page), 1)
                )
                shift = max(shift, float(await page.evaluate("layoutShift")))
                await page.context.close()
            for name, address in (("agenda", ""), ("watch", "watch/s8")):
                page = await opened(browser, server, address, "attendee")
                await asyncio.sleep(SETTLE_S)
                shift = max(shift, float(await page.evaluate("layoutShift")))
                if sessions == SIZES[0]:
                    kilobytes = await page.evaluate(SCRIPT_BYTES) / 1000
                    figures.add(f"script_kb_{name}", round(kilobytes, 1))
                await page.context.close()
            return shift


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many sessions")
    sizes = parser.parse_args().sizes
    figures = Figures()
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(BROWSER_ARGUMENTS)
        )
        shifts = [await measure(browser, size, figures) for size in sizes]
        figures.add("layout_shift_max", round(max(shifts), 3))
        await browser.close()
    figures.show()


if __name__ == "__main__":
    asyncio.run(main())
