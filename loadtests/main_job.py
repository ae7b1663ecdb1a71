"""Measures how punctual the main job is in a real browser: `make bench-main-job`.

Two attendees and a moderator in Chromium while a talk begins by the clock and a test card is published
to its room: on one node with SQLite, then with each page on another of two nodes over a real Redis.
Ends with lines `name: value`; of what several people see, the worst counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller_client import media

SCHEDULE = Path(__file__).parents[1] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
TALK = "ai-multi-tenancy"
REHEARSE_FROM = "09:04:30"  # half a minute before the first talk
QUESTIONS = 5
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
)


class Results:
    """Figures by name, worst of each kept and printed at the end."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        self._values.setdefault(name, []).append(value)

    def lines(self) -> list[str]:
        return [
            f"{name}: {max(values):.1f}  (median {statistics.median(values):.1f} of {len(values)})"
            for name, values in self._values.items()
        ]


@contextlib.asynccontextmanager
async def nodes(two: bool, folder: Path) -> AsyncIterator[list[ServeProcess]]:
    """One embedded node, or two over one Redis."""
    rehearse = ("--rehearse-from", REHEARSE_FROM)
    async with contextlib.AsyncExitStack() as stack:
        if not two:
            yield [await stack.enter_async_context(ServeProcess(SCHEDULE, *rehearse, data=folder))]
            return
        redis = stack.enter_context(RedisServer(DURABLE))
        options = ("--broker", redis.url, *rehearse)
        yield [
            await stack.enter_async_context(ServeProcess(SCHEDULE, *options, data=folder / name))
            for name in ("a", "b")
        ]


async def open_page(browser: Browser, node: ServeProcess, path: str, role: str, name: str) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(20_000)
    token = node.token(EVENT, role, name=name)
    await page.goto(f"{node.url}/e/{EVENT}/{path}#token={token}")
    await page.get_by_text("Connected").first.wait_for()
    return page


async def run(two: bool, results: Results) -> None:
    prefix = "two_nodes_" if two else ""
    with tempfile.TemporaryDirectory() as folder:
        async with nodes(two, Path(folder)) as running, async_playwright() as playwright:
            speaker = asyncio.create_task(publish(running[0]))
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=list(BROWSER_ARGUMENTS)
            )
            attendees = [
                await open_page(browser, running[0], f"watch/{TALK}", "attendee", "Ada"),
                await open_page(browser, running[-1], f"watch/{TALK}", "attendee", "Grace"),
            ]
            moderator = await open_page(browser, running[-1], "moderate", "moderator", "Mary")
            await moderator.locator("#session").select_option(TALK)
            await measure_start(attendees, results, prefix)
            results.add(f"{prefix}cue_called_late_ms", called_late_ms(running))
            await measure_frames(attendees, results, prefix)
            for number in range(QUESTIONS):
                await measure_question(attendees, moderator, number, results, prefix)
            await browser.close()
            speaker.cancel()
            await asyncio.gather(speaker, return_exceptions=True)


async def publish(node: ServeProcess) -> None:
    token = node.token(EVENT, "speaker", sessions=[TALK])
    card = await media.load_test_card()
    await media.publish(card, media.whip_url(node.url, EVENT, TALK), token)


async def measure_start(attendees: list[Page], results: Results, prefix: str) -> None:
    """Shown minus due, both in server time as the page's synchronised clock has it."""
    for page in attendees:
        shown = page.locator('main[data-cue="started"]')
        await shown.wait_for(timeout=60_000)
        due_ms = float(await shown.get_attribute("data-due-ms") or "nan")
        shown_ms = float(await shown.get_attribute("data-shown-ms") or "nan")
        results.add(f"{prefix}session_starting_error_ms", abs(shown_ms - due_ms))


def called_late_ms(running: list[ServeProcess]) -> float:
    """Return how late the broker took the same cue, from a node's log."""
    for line in running[0].log_text().splitlines():
        entry = json.loads(line)
        if (entry["action"], entry.get("session"), entry.get("cue")) == (
            "cue.called",
            TALK,
            "started",
        ):
            return float(entry["late_ms"])
    return float("nan")


async def measure_frames(attendees: list[Page], results: Results, prefix: str) -> None:
    """Frames that each page decodes a second, over five seconds (the worst is the slowest)."""
    for page in attendees:
        await page.locator('#screen[data-state="live"]').wait_for(timeout=30_000)
        if not await page.locator("#figures").is_visible():
            await page.get_by_text("Picture details").click()
    await asyncio.sleep(2)
    before = [await decoded(page) for page in attendees]
    await asyncio.sleep(5)
    for page, count in zip(attendees, before, strict=True):
        results.add(f"{prefix}decoded_frames_per_s", (await decoded(page) - count) / 5)


async def decoded(page: Page) -> int:
    text = await page.locator("#figures").inner_text()
    found = re.search(r"([\d,]+)\s+(?:frames\s+)?decoded", text)
    return int(found[1].replace(",", "")) if found else 0


async def measure_question(
    attendees: list[Page], moderator: Page, number: int, results: Results, prefix: str
) -> None:
    """From the moderator's click on "push" until both attendees see the question on air."""
    text = f"How does part {number} behave when it fails?"
    asker = attendees[number % 2]
    await asker.locator("#ask-text").fill(text)
    await asker.locator("#ask-send").click()
    await (
        moderator.locator("#pending .q", has_text=text)
        .get_by_role("button", name="Approve")
        .click()
    )
    card = moderator.locator("#approved .q", has_text=text)
    button = card.get_by_role("button", name="Push on air")
    await button.wait_for()
    shown = [
        asyncio.ensure_future(
            page.wait_for_function(
                "text => document.querySelector('#on-air')?.innerText.includes(text)"
                " && performance.timeOrigin + performance.now()",
                arg=text,
                polling="raf",
            )
        )
        for page in attendees
    ]
    clicked_ms = await button.evaluate(
        "button => { const now = performance.timeOrigin + performance.now(); button.click(); return now }"
    )
    for handle in shown:
        results.add(f"{prefix}on_air_visible_ms", await (await handle).json_value() - clicked_ms)
    await asyncio.sleep(11)  # an attendee may ask every ten seconds


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=["one", "two"], help="just one of the two set-ups")
    only = parser.parse_args().only
    results = Results()
    for two in (False, True):
        if only is None or (only == "two") == two:
            print("two nodes over Redis" if two else "one node, embedded", flush=True)
            await run(two, results)
    print("\n".join(results.lines()))


if __name__ == "__main__":
    asyncio.run(main())
