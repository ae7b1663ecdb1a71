"""A poll from the moderator's desk to the audience's votes and the stage's screen, in a real browser."""

import zlib

import pytest
from playwright.async_api import Page, expect

from .conftest import Visitors
from .test_accessibility import complaints, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK, STAGE = "ai-multi-tenancy", "main"
ONE_PIXEL = {"x": 5, "y": 5, "width": 1, "height": 1}


@pytest.fixture(scope="module")
def rehearsal() -> tuple[str, ...]:
    """Within the first talk."""
    return ("--rehearse-from", "09:06")


async def desk(visitors: Visitors) -> Page:
    page = await visitors.open("moderate", "moderator", name="Mo")
    await settled(page)
    await page.locator("#session").select_option(TALK)
    await page.locator("#main").focus()
    await page.keyboard.press("v")
    await expect(page.get_by_role("button", name="New poll")).to_be_focused()
    return page


async def make(page: Page, kind: str, text: str, options: str, *, opens: bool = True) -> None:
    """Write a poll as somebody without a pointer does."""
    await page.get_by_role("button", name="New poll").press("Enter")
    await expect(page.get_by_label("Question", exact=True)).to_be_focused()
    await page.keyboard.type(text)
    await page.get_by_label("Kind").select_option(kind)
    if options:
        await page.get_by_label("Options").fill(options)
    button = page.get_by_role("button", name="Save and open" if opens else "Save", exact=True)
    await button.press("Enter")
    await expect(page.locator("dialog.poll-edit")).to_be_hidden()


def poll(page: Page, text: str):
    return page.locator("[data-poll]", has_text=text)


async def alpha(page: Page) -> int:
    """Return how opaque a corner of the page is: it is a PNG of one pixel, 8 bits of RGBA."""
    png = await page.screenshot(omit_background=True, clip=ONE_PIXEL)
    begin = png.index(b"IDAT")
    size = int.from_bytes(png[begin - 4 : begin], "big")
    return zlib.decompressobj().decompress(png[begin + 4 : begin + 4 + size])[4]


async def test_a_poll_is_opened_voted_in_changed_and_shown(visitors: Visitors):
    moderator, screen = await desk(visitors), await visitors.open(f"on-air/{STAGE}", "screen")
    watch = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await settled(watch)
    await make(moderator, "single", "Tea or coffee?", "Tea\nCoffee")
    card = poll(watch, "Tea or coffee?")
    await expect(watch.locator("#polls-note")).to_have_text("A poll has opened: Tea or coffee?")
    await card.get_by_role("button", name="Vote").press("Enter")
    await expect(card.get_by_role("alert")).to_have_text("Choose something first.")
    assert await complaints(watch) == []
    await card.get_by_label("Tea").press("Space")
    await watch.keyboard.press("Enter")
    await expect(card.locator(".poll-bar", has_text="Tea")).to_contain_text("1 vote, 100 %")
    await expect(card.get_by_role("button", name="Change my vote")).to_be_focused()
    await watch.keyboard.press("Enter")
    await expect(card.get_by_label("Tea")).to_be_focused()
    await watch.keyboard.press("ArrowDown")
    await watch.keyboard.press("Enter")
    await expect(card.locator(".poll-bar", has_text="Coffee")).to_contain_text("1 vote, 100 %")
    await expect(card).to_contain_text("You voted: Coffee")
    on_screen = screen.locator("#poll")
    await expect(on_screen).to_contain_text("Coffee")
    await expect(on_screen).to_contain_text("1 vote, 100 %")
    row = poll(moderator, "Tea or coffee?")
    await row.get_by_role("button", name="Close").press("Enter")
    await expect(card).to_contain_text("Results")
    await expect(on_screen).to_contain_text("Results")
    await row.get_by_role("button", name="Hide results").press("Enter")
    await expect(card).to_contain_text("Its results are not shown yet.")
    await expect(on_screen).to_be_hidden()
    await row.locator("summary").press("Enter")
    await expect(row).to_contain_text("1 vote, 100 %")
    assert await complaints(moderator) == []


async def test_a_ranking_is_put_in_order_by_keyboard_and_words_make_a_cloud(visitors: Visitors):
    moderator = await desk(visitors)
    watch = await visitors.open(f"watch/{TALK}", "attendee", name="Bob")
    await make(moderator, "ranking", "What matters?", "Speed\nPrice\nPeace")
    card = poll(watch, "What matters?")
    await card.get_by_role("button", name="Move up: Peace").press("Enter")
    await watch.keyboard.press("Enter")
    await expect(card.get_by_role("status").first).to_have_text("Peace: place 1 of 3")
    await card.get_by_role("button", name="Vote").press("Enter")
    await expect(card).to_contain_text("You voted: Peace, Speed, Price")
    await expect(card.locator(".poll-bar").first).to_contain_text("Peace3 points")
    await make(moderator, "words", "In a word?", "")
    cloud = poll(watch, "In a word?")
    await cloud.get_by_label("Word 1").fill("Calm")
    await cloud.get_by_label("Word 2").fill("rude")
    await cloud.get_by_role("button", name="Vote").press("Enter")
    await expect(cloud.locator(".poll-bar")).to_have_count(2)
    row = poll(moderator, "In a word?")
    await row.locator("summary").press("Enter")
    await row.get_by_role("button", name="Hide rude").press("Enter")
    await expect(cloud.locator(".poll-bar")).to_have_count(1)
    await expect(row.get_by_role("button", name="Put back rude")).to_be_visible()


async def test_a_draft_is_planned_edited_and_deleted_and_the_audience_never_sees_it(
    visitors: Visitors,
):
    moderator = await desk(visitors)
    watch = await visitors.open(f"watch/{TALK}", "attendee", name="Cy")
    await make(moderator, "quiz", "Which planet?", "Mars\nVenus", opens=False)
    row = poll(moderator, "Which planet?")
    await row.get_by_role("button", name="Edit").press("Enter")
    editor = moderator.locator("dialog.poll-edit")
    await editor.get_by_label("Opens").select_option("ended")
    await editor.get_by_label("Minutes after").fill("-2")
    assert await complaints(moderator) == []
    await editor.get_by_label("Options").fill("Mars")
    await editor.get_by_role("button", name="Save", exact=True).click()
    await expect(editor.get_by_role("alert")).to_have_text("Write 2 to 12 options, one a line.")
    await editor.get_by_label("Options").fill("Mars\nVenus")
    await editor.get_by_role("button", name="Save", exact=True).click()
    await expect(row).to_contain_text("Opens 2 minutes before the talk ends.")
    await row.get_by_role("button", name="Delete").click()
    await row.get_by_role("button", name="With all its votes?").click()
    await expect(row).to_have_count(0)
    assert "Which planet?" not in await watch.content()


async def test_a_stages_screen_is_clear_shows_what_is_asked_for_and_needs_a_link(
    visitors: Visitors,
):
    screen = await visitors.open(f"on-air/{STAGE}", "screen")
    await expect(screen.locator("#speaker")).to_contain_text("multi-tenant infrastructure")
    assert await alpha(screen) == 0
    assert await complaints(screen) == []
    await screen.emulate_media(color_scheme="dark")
    assert await alpha(screen) == 0
    less = await visitors.open("on-air?show=countdown", "screen")
    await expect(less.locator("main")).to_be_attached()
    await expect(less.locator("#speaker")).to_be_hidden()
    nobody = await visitors.open(f"on-air/{STAGE}")
    await expect(nobody.get_by_role("alert")).to_contain_text("needs its link")
