"""The producer's run sheet in a real browser: slips of the finger, and a connection that is gone."""

import pytest
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess

from .conftest import SCHEDULE, Visitors
from .test_turning import NEXT, TALK

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_starting_a_talk_names_the_one_that_it_would_end(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    on, other = (page.locator(f"tr[data-session='{one}']") for one in (TALK, NEXT))
    await on.get_by_role("button", name="Start now").click()
    await page.get_by_role("button", name="End “Opening”?").click()
    await expect(on).to_have_attribute("data-state", "live")
    await other.get_by_role("button", name="Start now").click()
    asks = other.get_by_role("button", name="End “Sharing the accelerators: mul…”?")
    await expect(asks).to_be_visible()
    await expect(on).to_have_attribute("data-state", "live")
    await asks.click()
    await expect(other).to_have_attribute("data-state", "live")
    await expect(on).to_have_attribute("data-state", "ended")


async def test_what_is_commanded_without_a_connection_is_not_sent_later(browser, tmp_path):
    options = ("--rehearse-from", "09:04", "--media-workers", "0")
    async with ServeProcess(SCHEDULE, *options, data=tmp_path / "data") as first:
        visitors = Visitors(browser, first)
        page = await visitors.open("produce", "producer")
        await expect(page.locator("#connection")).to_have_text("Connected")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "reconnecting")
    await page.get_by_role("button", name="Hold the clock").click()
    await expect(page.locator("#error")).to_contain_text("nothing was sent")
    async with ServeProcess(SCHEDULE, *options, "--port", str(first.port), data=tmp_path / "data"):
        await expect(page.locator("#connection")).to_have_text("Connected", timeout=30_000)
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_role("button", name="Hold the clock")).to_be_visible()
        await visitors.close()
