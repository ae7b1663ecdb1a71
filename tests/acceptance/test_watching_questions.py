"""Questions beside a talk in a browser: found, sorted, voted for instead of asked again, and answered."""

from functools import partial

import pytest
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess

from .conftest import EVENT, Visitors
from .test_pages import command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "ai-multi-tenancy"


async def test_an_attendee_finds_their_way_among_questions(
    visitors: Visitors, server: ServeProcess
):
    moderate = partial(command, server, server.token(EVENT, "moderator", name="Mo"))
    ids = []
    for n, text in enumerate(("Will the slides be shared?", "How is memory isolated?", "Why?")):
        token = server.token(EVENT, "attendee", name=f"Asker {n}")
        asked = await command(server, token, "question.ask", session=TALK, text=text)
        await moderate("question.approve", question=asked["question"])
        ids.append(asked["question"])
    ada = server.token(EVENT, "attendee", person="p_ada", name="Ada")
    page = await visitors.open(f"watch/{TALK}#token={ada}")
    shown = page.locator("#questions .question")
    await expect(shown).to_have_count(3)

    await page.locator("#q-sort").select_option("newest")
    await expect(shown.first).to_contain_text("Why?")
    await moderate("question.pin", question=ids[0], on=True)
    await expect(shown.first).to_contain_text("Pinned")
    await page.locator("#q-words").fill("memory")
    await expect(shown).to_have_count(1)
    await page.locator("#q-words").fill("")

    await page.locator("#ask-text").fill("Are the slides shared?")
    await page.get_by_role("button", name="Vote for it").click()
    await expect(shown.filter(has_text="slides").locator(".votes")).to_have_text("1")
    await expect(page.locator("#ask-text")).to_have_value("")

    await page.locator("#ask-text").fill("Who pays for the accelerators?")
    await page.locator("#ask-send").click()
    await expect(page.locator("#own-list")).to_contain_text("In review")
    own = await page.locator("#own-list [data-question]").get_attribute("data-question")
    await moderate("question.approve", question=own)
    await moderate("question.reply", question=own, text="The teams do")
    await expect(page.locator("#toasts")).to_contain_text("Your question was replied to")
    await page.locator("#q-which").select_option("own")
    await expect(shown).to_have_count(1)
    await page.locator("#q-which").select_option("all")

    await moderate("question.merge", question=own, into=ids[1])
    await expect(page.locator("#own-list")).to_contain_text("Joined with a question")
    await expect(shown.filter(has_text="memory")).to_contain_text("Asked by 2 people")

    async with page.context.expect_page() as opened:
        await page.locator("#qa-pop").click()
    popped = await opened.value
    await expect(popped.locator("#questions .question")).to_have_count(3)
    await popped.locator("#questions .question", has_text="Why?").locator(".vote").click()
    await expect(shown.filter(has_text="Why?").locator(".votes")).to_have_text("1")

    await moderate("person.silence", person="p_ada", reason="One at a time", minutes=5)
    await expect(page.locator("#silenced")).to_contain_text("One at a time")
    await expect(page.locator("#ask")).to_be_hidden()
    await moderate("person.unsilence", person="p_ada")
    await expect(page.locator("#ask")).to_be_visible()
