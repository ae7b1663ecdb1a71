"""The moderator's board in a real browser: keys, undo, sessions side by side, people and announcements."""

from functools import partial

import pytest
from playwright.async_api import Page, expect

from showcaller.testing.serving import ServeProcess

from .conftest import EVENT, SCHEDULE, Visitors
from .test_pages import command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK, NEXT, THIRD = "ai-multi-tenancy", "gpu-sharing", "aiops"
IN_VIEW = """
    (column) => [...document.querySelectorAll(`${column} .q`)].filter((card) => {
      const { top, bottom } = card.getBoundingClientRect();
      const list = card.parentElement.getBoundingClientRect();
      return top >= list.top - 1 && bottom <= Math.min(list.bottom, innerHeight) + 1;
    }).length
"""


@pytest.fixture
def moderate(server: ServeProcess):
    return partial(command, server, server.token(EVENT, "moderator", name="Mo"))


@pytest.fixture
def ask(server: ServeProcess):
    """Ask as somebody whose page is not of interest; returns the question."""

    async def ask(text: str, session: str = TALK, name: str = "Ada") -> str:
        token = server.token(EVENT, "attendee", name=name)
        return (await command(server, token, "question.ask", session=session, text=text))[
            "question"
        ]

    return ask


async def board(visitors: Visitors, *sessions: str, name: str = "Mary") -> Page:
    page = await visitors.open("moderate", "moderator", name=name)
    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(page.locator("#connection")).to_have_text("Connected")
    await page.locator("#session").select_option(sessions[0])
    for session in sessions[1:]:
        await page.locator("#add-session").select_option(session)
    return page


def card(page: Page, column: str, text: str):
    asked = page.locator(".asked", has_text=text)  # others may name it as similar
    return page.locator(f"#{column} .q").filter(has=asked)


async def test_twelve_questions_are_in_view_and_what_is_on_air_stays(
    visitors: Visitors, ask, moderate
):
    for n in range(16):
        await ask(f"Question {n}: how long do people write when they ask something on a page?")
    on_air = await ask("Is this one on air?")
    await moderate("question.push", question=on_air)
    page = await board(visitors, TALK)
    await expect(page.locator("#pending .q")).to_have_count(16)
    assert await page.evaluate(IN_VIEW, "#pending") >= 12
    await page.locator("#pending .q").last.scroll_into_view_if_needed()
    await expect(card(page, "on_air", "Is this one on air?")).to_be_in_viewport()
    await expect(page.locator("#picture")).to_be_in_viewport()
    await expect(page.locator("#words")).to_be_in_viewport()


async def test_keys_work_at_once_and_an_undo_takes_back(visitors: Visitors, ask, moderate):
    await moderate("qa.open", session=NEXT)
    texts = [f"Keyed {n}?" for n in range(3)]
    for text in texts:
        await ask(text, session=NEXT)
    page = await board(visitors, NEXT)
    await expect(page.locator("#pending .q")).to_have_count(3)
    await expect(page.locator("#pending .q").first).to_have_attribute("aria-current", "true")
    await page.locator("body").press("a")
    await page.keyboard.press("r")
    await expect(card(page, "approved", texts[0])).to_be_visible()
    await expect(card(page, "rejected", texts[1])).to_have_count(1)
    await expect(page.locator("#did")).to_contain_text(f"Rejected “{texts[1]}”")
    await page.keyboard.press("z")
    await expect(card(page, "pending", texts[1])).to_be_visible()
    await page.keyboard.press("z")
    await expect(card(page, "pending", texts[0])).to_be_visible()
    await expect(page.locator("#undo")).to_be_disabled()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.locator("#keys-on").uncheck()
    await page.locator("#pending-title").click()
    await page.keyboard.press("a")
    await page.keyboard.press("/")
    await expect(page.locator("#words")).not_to_be_focused()
    await expect(page.locator("#pending .q")).to_have_count(3)


async def test_a_reason_may_follow_and_its_author_sees_it(visitors: Visitors):
    author = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await author.locator("#ask-text").fill("Where is the coffee?")
    await author.locator("#ask-send").click()
    page = await board(visitors, TALK)
    await card(page, "pending", "coffee").get_by_role("button", name="Reject").first.click()
    await page.get_by_role("button", name="Give a reason…").click()
    await page.locator("#reject-text").fill("On the agenda")
    await page.keyboard.press("Enter")
    await expect(author.locator("#own-list")).to_contain_text("On the agenda")
    await page.locator("#undo").click()
    await page.locator("#undo").click()
    await expect(author.locator("#own-list")).to_contain_text("In review")


async def test_erasing_asks_and_a_search_finds(visitors: Visitors, ask):
    await ask("Erase me, perhaps?")
    await ask("Something else altogether")
    page = await board(visitors, TALK)
    await page.keyboard.press("/")
    await page.keyboard.type("PERHAPS")
    await expect(page.locator("#pending .q")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(card(page, "pending", "perhaps")).to_be_focused()
    await page.keyboard.press("x")
    await page.keyboard.press("Enter")  # Cancel has the focus
    await expect(page.locator("#erase")).to_be_hidden()
    await expect(card(page, "pending", "perhaps")).to_be_visible()
    await page.keyboard.press("x")
    await page.get_by_role("button", name="Erase it").click()
    await expect(card(page, "pending", "perhaps")).to_have_count(0)


async def test_an_author_is_removed_with_their_questions_and_let_back_in(visitors: Visitors):
    troll = await visitors.open(f"watch/{TALK}", "attendee", name="Troll")
    for text in ("Buy this now?", "And this too?"):
        await troll.locator("#ask-text").fill(text)
        await troll.locator("#ask-send").click()
        await expect(troll.locator("#own-list")).to_contain_text(text)
    page = await board(visitors, TALK)
    await card(page, "pending", "Buy this").click()
    await card(page, "pending", "Buy this").get_by_text("More", exact=True).click()
    await card(page, "pending", "Buy this").get_by_role("button", name="Remove author").click()
    dialog = page.locator("#remove")
    await dialog.get_by_label("Also reject their 2 open questions").check()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(troll.get_by_role("heading", level=1)).to_have_text(
        "You were removed from this event"
    )
    await expect(card(page, "pending", "this")).to_have_count(0)
    await page.locator("#banned-box summary").click()
    await expect(page.locator("#banned")).to_contain_text("Troll")
    await page.locator("#undo").click()
    await expect(page.locator("#banned-box")).to_be_hidden()
    await expect(card(page, "pending", "Buy this")).to_be_visible()
    await troll.reload()
    await expect(troll.locator("#connection")).to_have_text("Connected")


async def test_sessions_stand_side_by_side(visitors: Visitors, ask, moderate):
    await moderate("qa.open", session=NEXT)
    await ask("Of the first session?")
    await ask("Of the second session?", session=NEXT)
    page = await board(visitors, TALK, NEXT)
    await expect(card(page, "pending", "Of the first session?")).to_be_visible()
    second = page.locator("#pending-2 .q", has_text="Of the second session?")
    await expect(second).to_be_visible()
    first_box, second_box = (
        await page.locator("#pending").bounding_box(),
        await second.bounding_box(),
    )
    assert first_box and second_box and first_box["x"] + first_box["width"] <= second_box["x"]
    await page.reload()
    await expect(second).to_be_visible()
    await page.get_by_role("button", name="Close this session").first.click()
    await expect(page.locator(".lane")).to_have_count(1)


async def test_announcements_are_listed_planned_and_withdrawn(visitors: Visitors):
    attendee = await visitors.open("", "attendee", name="Ada")
    page = await board(visitors, TALK)
    await page.locator("#announce-box summary").click()
    await page.locator("#announce-text").fill("Lunch is served")
    await page.get_by_role("button", name="Announce", exact=True).click()
    banner = attendee.locator(".banner", has_text="Lunch is served")
    await expect(banner).to_be_visible()
    sent = page.locator("#announcements li", has_text="Lunch is served")
    await expect(sent).to_contain_text("to everybody, by Mary")
    await page.locator("#announce-text").fill("Come back soon")
    await page.locator("#announce-when").select_option("at")
    await page.locator("#announce-time").fill("23:30")
    await page.get_by_role("button", name="Plan it").click()
    planned = page.locator("#announcements li", has_text="Come back soon")
    await expect(planned).to_contain_text("Planned for 11:30")
    await planned.get_by_role("button", name="Cancel").click()
    await expect(planned).to_contain_text("Withdrawn, was planned")
    await sent.get_by_role("button", name="Withdraw").click()
    await sent.get_by_role("button", name="Withdraw it?").click()
    await expect(sent).to_contain_text("Withdrawn, was sent")
    await expect(banner).to_be_hidden()


async def test_what_is_decided_without_a_connection_is_not_sent_later(browser, tmp_path):
    options = ("--rehearse-from", "09:04", "--media-workers", "0")
    async with ServeProcess(SCHEDULE, *options, data=tmp_path / "data") as first:
        visitors = Visitors(browser, first)
        token = first.token(EVENT, "attendee", name="Ada")
        await command(first, token, "question.ask", session=TALK, text="Still to review?")
        page = await board(visitors, TALK)
        await expect(card(page, "pending", "Still to review?")).to_be_visible()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "reconnecting")
    await page.locator("body").press("a")
    await expect(page.locator("#error")).to_contain_text("nothing was sent")
    async with ServeProcess(SCHEDULE, *options, "--port", str(first.port), data=tmp_path / "data"):
        await expect(page.locator("#connection")).to_have_text("Connected", timeout=30_000)
        await expect(page.locator("#qa-toggle")).to_have_text("Close questions")
        await expect(card(page, "pending", "Still to review?")).to_be_visible()
        await visitors.close()


async def test_two_moderators_share_a_queue(visitors: Visitors, ask, moderate):
    """Claims keep them apart; duplicates are merged and come apart; a text is cleared, a person silenced."""
    await moderate("qa.open", session=THIRD)
    for name, text in (("Ada", "Will the slides be shared?"), ("Bob", "Are the slides shared?")):
        await ask(text, session=THIRD, name=name)
    await ask("why clock one", session=THIRD, name="Cy")
    mary = await board(visitors, THIRD)
    nan = await board(visitors, THIRD, name="Nan")
    await card(mary, "pending", "clock").click()
    await mary.keyboard.press("c")
    await expect(card(nan, "pending", "clock")).to_contain_text("Mary has it in hand")
    await card(nan, "pending", "clock").click()
    await nan.keyboard.press("a")  # does nothing: it is not offered
    await expect(
        card(nan, "pending", "clock").get_by_role("button", name="Take over")
    ).to_be_visible()
    await mary.keyboard.press("t")
    await mary.locator("#clarify-text").fill("Why is there one clock?")
    await mary.keyboard.press("Enter")
    await expect(card(nan, "pending", "Why is there one clock?")).to_contain_text("why clock one")
    await nan.keyboard.press("c")
    await expect(card(mary, "pending", "Why is there one clock?")).to_contain_text("Nan has it")
    await expect(card(nan, "pending", "Why is there one clock?")).to_contain_text("In your hand")
    await nan.keyboard.press("a")
    await expect(card(mary, "approved", "Why is there one clock?")).to_have_count(1)

    slides = card(mary, "pending", "Are the slides shared?")
    await slides.locator(".asked").click()
    await slides.get_by_role("button", name="Merge into it").click()
    await expect(mary.locator("#pending .q")).to_have_count(1)
    await expect(card(nan, "pending", "Will the slides be shared?")).to_contain_text("2 as one")
    await mary.keyboard.press("z")
    await expect(mary.locator("#pending .q")).to_have_count(2)

    await card(mary, "pending", "Will the slides").locator(".asked").click()
    await mary.keyboard.press("q")
    await mary.locator("#silence-length").select_option("15")
    await mary.locator("#silence-reason").fill("One at a time")
    await mary.get_by_role("button", name="Silence", exact=True).click()
    await expect(nan.locator("#banned-count")).to_have_text("1")
    await mary.keyboard.press("g")
    await mary.locator("#labels-text").fill("Slides, Later")
    await mary.keyboard.press("Enter")
    await expect(card(nan, "pending", "Will the slides")).to_contain_text("Later")
