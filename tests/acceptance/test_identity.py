"""The identity of somebody: one browser is one attendee at an event, in every tab, until they sign out."""

import re

import aiohttp
import pytest
from playwright.async_api import Page, expect

from .conftest import EVENT, Visitors

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "ai-multi-tenancy"
STORED = "JSON.stringify({ ...localStorage })"


async def join(page: Page, name: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join the event").click()
    await expect(page.locator("#who")).to_have_text(name)


async def another_tab(page: Page, visitors: Visitors, path: str) -> Page:
    tab = await page.context.new_page()
    await tab.goto(f"{visitors.server.url}/e/{EVENT}/{path}")
    return tab


async def test_the_token_leaves_the_address_and_outlives_a_reload(visitors: Visitors):
    page = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    assert "token" not in page.url
    await expect(page.locator("#who")).to_have_text("Ada")
    await page.reload()
    await expect(page.locator("#who")).to_have_text("Ada")


async def test_a_blank_name_is_asked_for_in_words(visitors: Visitors):
    page = await visitors.open("")
    await page.get_by_label("Your name").fill("   ")
    await page.get_by_role("button", name="Join the event").click()
    await expect(page.get_by_role("alert")).to_have_text("Write your name first.")


async def test_a_talk_opened_in_a_new_tab_is_the_same_person(visitors: Visitors):
    page = await visitors.open("")
    await join(page, "Ada")
    async with page.context.expect_page() as opened:
        await page.locator(f'[data-session="{TALK}"] h3 a').click(modifiers=["Control"])
    tab = await opened.value
    await expect(tab.locator("#who")).to_have_text("Ada")
    await expect(tab.locator("#ask-text")).to_be_visible()


async def test_a_browser_that_starts_again_is_the_same_person(visitors: Visitors):
    page = await visitors.open("")
    await join(page, "Ada")
    disk = await page.context.storage_state()
    context = await visitors.browser.new_context(storage_state=disk)
    tab = await context.new_page()
    await tab.goto(page.url)
    await expect(tab.locator("#who")).to_have_text("Ada")
    await context.close()


async def test_joining_in_one_tab_joins_in_those_that_are_open(visitors: Visitors):
    page = await visitors.open("")
    tab = await another_tab(page, visitors, f"watch/{TALK}")
    await expect(tab.get_by_label("Your name")).to_be_visible()
    await join(page, "Ada")
    await expect(tab.locator("#who")).to_have_text("Ada")


async def test_signing_out_signs_out_in_every_tab(visitors: Visitors):
    page = await visitors.open("", "attendee", name="Ada")
    tab = await another_tab(page, visitors, f"watch/{TALK}")
    await expect(tab.locator("#who")).to_have_text("Ada")
    await tab.locator("#who").click()
    await tab.get_by_role("button", name="Sign out").click()
    for one in (page, tab):
        await expect(one.get_by_label("Your name")).to_be_visible()
    assert "eyJ" not in await page.evaluate(STORED)  # as every token begins


async def test_a_staff_link_serves_new_tabs_and_is_not_kept(visitors: Visitors):
    page = await visitors.open("produce", "producer", name="Paula")
    await expect(page.locator("#who")).to_have_text("Paula (producer)")
    for path in ("moderate", f"watch/{TALK}"):
        tab = await another_tab(page, visitors, path)
        await expect(tab.locator("#who")).to_have_text("Paula (producer)")
        await tab.close()
    assert "eyJ" not in await page.evaluate(STORED)


async def test_a_staff_link_leaves_the_attendee_of_the_browser_alone(visitors: Visitors):
    page = await visitors.open("", "attendee", name="Ada")
    token = visitors.server.token(EVENT, "moderator", name="Mary")
    tab = await another_tab(page, visitors, f"moderate#token={token}")
    await expect(tab.locator("#who")).to_have_text("Mary (moderator)")
    await page.reload()
    await expect(page.locator("#who")).to_have_text("Ada")


async def test_a_short_link_lets_in_the_browser_that_opens_it_first(visitors: Visitors):
    url, token = visitors.server.url, visitors.server.token(EVENT, "moderator", name="Mary")
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{url}/api/v1/events/{EVENT}/codes"
    async with aiohttp.request("POST", address, headers=headers) as answer:
        code = (await answer.json())["code"]
    page = await visitors.open(f"moderate#code={code}")
    await expect(page.locator("#who")).to_have_text("Mary (moderator)")
    assert page.url == f"{url}/e/{EVENT}/moderate"
    assert "eyJ" not in await page.evaluate(STORED)
    await page.goto("about:blank")
    await page.goto(f"{url}/e/{EVENT}/moderate#code={code}")
    await expect(page.locator("#who")).to_have_text("Mary (moderator)")

    other = await visitors.open(f"moderate#code={code}")
    await expect(other.get_by_role("alert").first).to_contain_text("used in another browser")
    assert "code" not in other.url


async def test_a_guest_types_their_name_and_is_in_the_green_room(visitors: Visitors):
    producer = await visitors.open("produce", "producer", name="Paula")
    row = producer.locator(f'[data-session="{TALK}"]')
    await row.get_by_role("button", name="Guest…").click()
    await producer.get_by_role("button", name="Make the link").click()
    link = producer.get_by_label("The guest’s link")
    await expect(link).to_have_value(re.compile(rf"/speak/{TALK}#code=\w{{12}}$"))

    context = await visitors.browser.new_context(permissions=["camera", "microphone"])
    guest = await context.new_page()
    await guest.goto(await link.input_value())
    await guest.get_by_label("Your name").fill("Grace Hopper")
    await guest.get_by_role("button", name="Go to the green room").click()
    await expect(guest.locator("#who")).to_have_text("Grace Hopper (speaker)")
    assert "code" not in guest.url

    access = await visitors.open("access", "producer", name="Paula")
    used = access.locator("#links tr", has_text="Grace Hopper")
    await used.get_by_role("button", name="Revoke").click()
    await used.get_by_role("button", name="Revoke this link?").click()
    await expect(guest.get_by_text("You were removed from this event")).to_be_visible()
    await context.close()


async def test_the_own_link_is_the_same_person_on_another_device(visitors: Visitors):
    page = await visitors.open("", "attendee", name="Ada")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.locator("#who").click()
    await page.get_by_role("button", name="Copy my link").click()
    await expect(page.get_by_text("Copied.")).to_be_visible()
    link = await page.evaluate("navigator.clipboard.readText()")
    context = await visitors.browser.new_context()
    phone = await context.new_page()
    await phone.goto(link)
    await expect(phone.locator("#who")).to_have_text("Ada")
    await context.close()
