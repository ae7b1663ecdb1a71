"""An event that is over, and a server that readers can't reach, in a real browser."""

import pytest
from playwright.async_api import expect

from .conftest import Visitors
from .test_accessibility import complaints

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "ai-multi-tenancy"


@pytest.fixture(scope="module")
def rehearsal():
    """The last session has ended."""
    return ("--rehearse-from", "2023-12-13T13:00", "--media-workers", "0")


async def test_an_event_that_is_over_says_so_and_leads_to_what_is_left(visitors: Visitors):
    page = await visitors.open("")
    await expect(page.locator("#next")).to_contain_text("This event is over")
    await expect(page.locator("#join")).to_contain_text("Join to read what was asked")
    assert await complaints(page) == []
    await page.locator(f'[data-session="{TALK}"] .act a').click()
    await expect(page.locator("#sign-in-lead")).to_contain_text("It is over.")
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_role("button", name="Join the event").click()
    await expect(page.locator("#poster-kind")).to_have_text("This session has ended")
    await page.get_by_role("link", name="To the agenda").click()
    await expect(page.locator("#next")).to_contain_text("questions and answers")


async def test_who_only_reads_is_told_of_an_outage(visitors: Visitors):
    page = await visitors.open("")
    await page.clock.install()
    await page.reload()
    await expect(page.locator("#connection")).to_have_text("Not joined")
    await page.route("**/api/v1/**", lambda route: route.abort())
    await page.clock.fast_forward(16_000)
    await page.clock.fast_forward(2_000)
    await expect(page.locator("#connection")).to_have_text("Server can’t be reached")
    await page.unroute("**/api/v1/**")
    await page.clock.fast_forward(6_000)
    await page.clock.fast_forward(2_000)
    await expect(page.locator("#connection")).to_have_text("Not joined")
