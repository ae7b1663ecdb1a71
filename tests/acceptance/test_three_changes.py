"""A viewer in Chromium through three changes: other slides, another speaker, a speaker who vanishes.

One peer connection lasts the whole time, and the picture stands still no longer than a change needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from showcaller.testing.pictures import TOLERANCE, WATCH_PICTURES, Pictures, largest_gap_ms
from showcaller.testing.speaker import Speaker
from showcaller.testing.talks import EVENT, TalksServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAMERA, SLIDES, SPARE, SECOND = 60, 90, 150, 210  # brightness tells the sources apart
MAX_GAP_MS = 600  # the aim is 200; machines that run tests are busy
SILENCE_MS = 2_000  # after so long a spare takes over
AFTERWARDS_MS = 1_000
CONCEALED_SHARE = 0.25  # of the sound: two seconds without a speaker are most of it


@pytest_asyncio.fixture(loop_scope="module")
async def talks(tmp_path: Path):
    async with TalksServer(tmp_path) as server:
        yield server


class Watching:
    """Changes of the picture that one viewer sees."""

    def __init__(self, pictures: Pictures, folder: Path) -> None:
        self.pictures = pictures
        self._folder = folder
        self.gaps_ms: list[float] = []

    async def until_shown(self, brightness: int, change: Awaitable[object]) -> None:
        """Do `change` and note the longest gap between two pictures around it."""
        began_ms = await self.pictures.now_ms()
        await change
        await self.pictures.wait_for_brightness(brightness)
        shown_ms = await self.pictures.now_ms()
        await asyncio.sleep(AFTERWARDS_MS / 1000)
        seen = await self.pictures.all()
        self.gaps_ms.append(largest_gap_ms(seen, began_ms, shown_ms + AFTERWARDS_MS))
        await self.pictures.page.screenshot(path=self._folder / f"{len(self.gaps_ms)}.png")


async def open_page(browser, server: TalksServer) -> Pictures:
    page = await browser.new_page()
    await page.add_init_script(WATCH_PICTURES)
    token = server.token(EVENT, "attendee", name="Ada")
    await page.goto(f"{server.url}/e/{EVENT}/watch/one#token={token}")
    return Pictures(page)


async def test_one_connection_lasts_through_three_changes(browser, talks: TalksServer, tmp_path):
    async with AsyncExitStack() as stack:

        async def speaker(talk: str, brightness: int, source: str = "main") -> Speaker:
            coming = talks.speaker(talk, brightness, source=source)
            return await stack.enter_async_context(coming)

        await speaker("one", CAMERA)
        await talks.change_to("one")
        pictures = await open_page(browser, talks)
        await pictures.wait_for_brightness(CAMERA)
        watching = Watching(pictures, tmp_path)
        before = await pictures.received()

        await speaker("one", SLIDES, "slides")
        await watching.until_shown(SLIDES, talks.choose("one", "slides"))
        second = await speaker("two", SECOND)
        await watching.until_shown(SECOND, talks.change_to("two"))
        await speaker("two", SPARE, "spare")
        assert abs(await pictures.brightness() - SECOND) <= TOLERANCE  # a spare waits
        await watching.until_shown(SPARE, second.vanish())

        received = await pictures.received() - before
        assert await pictures.connections() == 1
        assert max(watching.gaps_ms[:2]) < MAX_GAP_MS
        assert watching.gaps_ms[2] < SILENCE_MS + MAX_GAP_MS
        assert received.packets_lost == 0
        assert received.concealed < CONCEALED_SHARE * received.samples
        assert received.jitter_s < 0.1
        await pictures.page.close()
