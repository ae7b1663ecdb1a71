"""The list of events in a real browser."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess

from .conftest import EVENT, SCHEDULE

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = SCHEDULE.with_name("harbour-conf-2026.yaml")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("home") / "data"
    async with ServeProcess(SCHEDULE, str(OTHER), "--media-workers", "0", data=data) as process:
        yield process


async def test_each_event_is_a_card_with_its_days_and_state(browser, server):
    page = await browser.new_page(locale="en-US")
    await page.goto(server.url)
    over = page.locator(f'[data-event="{EVENT}"]')
    await expect(over).to_contain_text("Wednesday, December 13, 2023")
    await expect(over.locator(".pill")).to_have_text("Over")
    await over.get_by_role("link").click()
    await expect(page).to_have_url(f"{server.url}/e/{EVENT}/")
    await page.close()


async def test_a_wrong_address_leads_to_the_agenda(browser, server):
    page = await browser.new_page()
    await page.goto(f"{server.url}/e/{EVENT}/foo")
    await page.get_by_role("link", name="To the agenda").click()
    await expect(page).to_have_url(f"{server.url}/e/{EVENT}/")
    await page.close()
