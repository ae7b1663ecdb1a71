"""Three sizes of one picture, from a Chromium's camera to viewers whose lines differ."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from showcaller.testing.lossy_line import Relay
from showcaller.testing.pictures import WATCH_PICTURES, Pictures
from showcaller.testing.talks import EVENT, TalksServer
from showcaller.testing.until import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

THIN_BPS = 350_000  # the smallest size and the sound pass; the next one does not


@pytest_asyncio.fixture(loop_scope="module")
async def talks(tmp_path: Path):
    async with TalksServer(tmp_path, "--media-address", "127.0.0.1") as server:
        await server.change_to("one")
        yield server


async def speak(browser: Browser, server: TalksServer) -> Page:
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    token = server.token(EVENT, "speaker", person="p_one", name="Ada", sessions=["one"])
    await page.goto(f"{server.url}/e/{EVENT}/speak/one#token={token}")
    await page.get_by_label("Test card").check(force=True)
    await page.get_by_role("button", name="Go on air").click()
    await expect(page.locator("#tally")).to_have_text("On air", timeout=20_000)
    return page


@contextlib.asynccontextmanager
async def relayed(page: Page) -> AsyncIterator[Relay]:
    """All media to the page passes a line that loses nothing, until it is made thin."""
    relay = Relay(percent=0)

    async def lead_to_relay(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=await relay.answer(await answer.text()))

    await page.route("**/whep", lead_to_relay)
    try:
        yield relay
    finally:
        relay.close()


async def layer(server: TalksServer) -> str:
    """Return what the only viewer is sent."""
    url = f"{server.url}/api/v1/events/{EVENT}/stages/main/viewers"
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    async with aiohttp.request("GET", url, headers=headers) as answer:
        viewers = (await answer.json())["viewers"]
        return viewers[0]["layer"] if len(viewers) == 1 else ""


async def test_the_picture_follows_the_line(browser, talks: TalksServer):
    await speak(browser, talks)
    viewer = await (await browser.new_context()).new_page()
    await viewer.add_init_script(WATCH_PICTURES)
    pictures = Pictures(viewer)

    async def wide(at_least: int, at_most: int, timeout_s: float) -> None:
        async def is_so() -> bool:
            now = await viewer.evaluate("document.getElementById('video').videoWidth")
            return at_least <= now <= at_most

        await until(is_so, timeout_s)

    async def is_low() -> bool:
        return await layer(talks) == "low"

    async with relayed(viewer) as line:
        token = talks.token(EVENT, "attendee")
        await viewer.goto(f"{talks.url}/e/{EVENT}/watch/one#token={token}")
        await wide(640, 1280, 30)
        line.rate_bps = THIN_BPS
        await wide(1, 320, 30)
        await until(is_low, 20)
        before = await pictures.received()

        async def goes_on() -> bool:
            return (await pictures.received() - before).frames_decoded > 50

        await until(goes_on, 20)
        line.rate_bps = None
        # A try that a busy machine spoils is followed by another one some 20 to 40 s later.
        await wide(640, 1280, 150)
        assert await pictures.connections() == 1
        await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live")
