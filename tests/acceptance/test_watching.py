"""A talk's page as those who watch use it: what is told where, full screen, reactions that rise."""

from functools import partial

import pytest
from playwright.async_api import expect

from .conftest import EVENT, Visitors
from .test_accessibility import complaints
from .test_pages import ask, command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK, NEXT = "ai-multi-tenancy", "gpu-sharing"


@pytest.fixture
def produce(server):
    return partial(command, server, server.token(EVENT, "producer"))


async def test_a_delay_is_told_where_one_looks(visitors: Visitors, produce):
    page = await visitors.open(f"watch/{NEXT}", "attendee", name="Ada")
    elsewhere = await visitors.open(f"watch/{TALK}", "attendee", name="Bea")
    for one in (page, elsewhere):
        await expect(one.locator("#connection")).to_have_text("Connected")
    delayed = await produce("session.delay", session=NEXT, minutes=10)
    await expect(page.locator("#moved")).to_contain_text("10 min later than planned")
    await expect(page.locator("#planned")).to_be_visible()
    toast = elsewhere.locator("#bar .toast")  # in the header, which covers nothing
    await expect(toast).to_contain_text("10 min later")
    assert await complaints(elsewhere) == []
    await produce("control.undo", control=delayed["control"])
    await expect(page.locator("#moved")).to_be_hidden()
    await expect(elsewhere.locator("#bar .toast")).to_contain_text("10 min earlier")


async def test_full_screen_keeps_the_questions_at_hand(visitors: Visitors):
    page = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await expect(page.locator("#ask-text")).to_be_visible()
    await page.evaluate("document.getElementById('controls').hidden = false")  # no picture here
    await page.locator("#full").press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-full", "")
    await ask(page, "Can this be asked in full screen?")
    await expect(page.locator("#own-list")).to_contain_text("asked in full screen")
    assert await complaints(page) == []
    await page.evaluate("document.getElementById('controls').hidden = false")
    await page.locator("#beside").press("Enter")
    await expect(page.locator("#ask-text")).to_be_hidden()
    await page.locator("#full").press("Enter")
    await expect(page.locator("html")).not_to_have_attribute("data-full", "")
    await expect(page.locator("#title")).to_be_visible()


async def test_reactions_rise_for_those_who_want_motion(visitors: Visitors, produce):
    await produce("session.start", session=TALK)
    still = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await still.emulate_media(reduced_motion="reduce")
    moving = await visitors.open(f"watch/{TALK}", "attendee", name="Bea")
    await moving.evaluate(
        """() => {
          window.risen = 0;
          new MutationObserver((all) => { for (const one of all) risen += one.addedNodes.length; })
            .observe(document.getElementById("rising"), { childList: true });
        }"""
    )
    await still.get_by_role("button", name="Applause").click()
    await moving.wait_for_function("() => risen === 1")
    await expect(still.locator("[data-reaction='clap'] .count")).to_have_text("1")
    await expect(still.locator(".risen")).to_have_count(0)


async def test_nothing_is_on_air_once_its_talk_is_over(visitors: Visitors, produce):
    page = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await ask(page, "Is this on air for ever?")
    own = page.locator("#own-list li", has_text="for ever")
    question = await own.get_attribute("data-question")
    await produce("question.approve", question=question)
    await produce("question.push", question=question)
    await expect(page.locator("#on-air")).to_be_visible()
    await expect(own.locator(".badge")).to_have_text("On air")
    await produce("session.end", session=TALK)
    await expect(page.locator("#on-air")).to_be_hidden()
    await expect(own.locator(".badge")).to_have_text("In the list")
    await expect(page.get_by_text("On air", exact=True)).to_have_count(0)
