"""The page *Access* in Chromium: links are seen and revoked, and what happened at the doors is told."""

import aiohttp
import pytest
from playwright.async_api import expect

from .conftest import EVENT, Visitors

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_producer_sees_a_link_and_revokes_it(visitors: Visitors):
    moderator = await visitors.open("moderate", "moderator", name="Mo")
    await expect(moderator.get_by_role("heading", name="To review")).to_be_visible()
    page = await visitors.open("access", "producer", name="Ada")
    link = page.locator("#links tr", has_text="moderator")
    await expect(link).to_contain_text("Mo")
    await expect(page.locator("#entries tr", has_text="Came as moderator")).to_contain_text("Mo")

    await link.get_by_role("button", name="Revoke").click()
    await link.get_by_role("button", name="Revoke this link?").click()
    await expect(page.locator("#note")).to_have_text("The link was revoked.")
    await expect(link).to_contain_text("Revoked")
    await expect(page.locator("#entries")).to_contain_text("Token revoked")
    await expect(moderator.get_by_text("You were removed from this event")).to_be_visible()


async def test_somebody_who_tries_a_wrong_token_is_told_of(visitors: Visitors):
    url = f"{visitors.server.url}/api/v1/events/{EVENT}/tokens"
    headers = {"Authorization": "Bearer wrong"}
    async with aiohttp.ClientSession() as http, http.post(url, headers=headers) as answer:
        assert answer.status == 401
    page = await visitors.open("access", "producer", name="Ada")
    await expect(page.locator("#entries")).to_contain_text("Token refused: not valid")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save as table").click()
    assert (await saved.value).suggested_filename == "audit.csv"


async def test_the_page_is_not_for_moderators(visitors: Visitors):
    page = await visitors.open("access", "moderator", name="Mo")
    await expect(page.get_by_text("This page is not for your role")).to_be_visible()
