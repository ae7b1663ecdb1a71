"""A talk's page when its stage goes on to the next talk: in a real browser, on a real run sheet."""

from functools import partial

import pytest
from playwright.async_api import expect

from .conftest import EVENT, Visitors
from .test_pages import ask, command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK, NEXT = "ai-multi-tenancy", "gpu-sharing"
LATER = "livegraph"


@pytest.fixture
def produce(server):
    return partial(command, server, server.token(EVENT, "producer"))


async def test_a_page_goes_on_with_its_stage_and_keeps_what_was_typed(visitors: Visitors, produce):
    await produce("session.start", session=TALK)
    page = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await expect(page.locator("#state")).to_have_text("Live")
    last = str(await page.locator("#title").text_content())  # also of a page that is not shown yet
    await ask(page, "Is this asked in the first talk?")
    await page.locator("#ask-text").fill("Half a question")

    await produce("session.start", session=NEXT)
    await expect(page).to_have_url(f"{visitors.server.url}/e/{EVENT}/watch/{NEXT}")
    await expect(page.locator("#title")).not_to_have_text(last)
    await expect(page.locator("#ask-text")).to_have_value("Half a question")
    await expect(page.locator("#ask-note")).to_contain_text("the talk before")
    await expect(page.locator("#own-list")).not_to_contain_text("asked in the first talk")
    await expect(page.locator(".toast")).to_have_count(0)

    await page.get_by_role("link", name=last).click()
    await expect(page.locator("#title")).to_have_text(last)
    await expect(page.locator("#poster-kind")).to_have_text("This session has ended")
    await expect(page.locator("#now-on")).to_contain_text("Now on this stage")


async def test_a_talk_to_come_waits_with_its_own_poster(visitors: Visitors):
    page = await visitors.open(f"watch/{LATER}", "attendee", name="Ada")
    await expect(page.locator("#poster-kind")).to_have_text("Doors open in")
    await expect(page.locator("#poster-title")).to_have_text(
        await page.locator("#title").text_content()
    )


async def test_a_toast_that_an_undo_made_wrong_goes(visitors: Visitors, produce):
    page = await visitors.open("", "attendee", name="Ada")
    await expect(page.locator("#connection")).to_have_text("Connected")
    started = await produce("session.start", session=LATER)
    toast = page.locator(f'.toast[data-session="{LATER}"]')
    await expect(toast).to_contain_text("Session starting")
    await produce("control.undo", control=started["control"])
    await expect(toast).to_have_count(0, timeout=5_000)
