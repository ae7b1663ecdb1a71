"""The producer's run sheet in a real browser: slips of the finger, and a connection that is gone."""

import re

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


async def test_a_command_is_answered_beside_its_session(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    row = page.locator("tr[data-session='mobileconfig'], tr[data-session]").last
    await row.get_by_role("button", name="Skip").click()
    await row.get_by_role("button", name="Skip it?").click()
    await expect(row.locator(".told-here")).to_contain_text("was skipped")
    await page.get_by_role("button", name="Undo: skip").click()
    await expect(page.locator("#note")).to_contain_text("Undone: skip")


async def test_clock_stages_and_undo_stay_in_view(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    await expect(page.locator("#connection")).to_have_text("Connected")
    await page.locator("#announce-text").scroll_into_view_if_needed()
    for part in ("#clock", "#stages-now", "#undo"):
        await expect(page.locator(part)).to_be_in_viewport()


async def test_a_talk_that_runs_over_says_whom_it_holds_up(browser, tmp_path):
    """The clock goes fast, so that the talk runs over within seconds."""
    options = ("--rehearse-from", "09:04", "--rate", "60")
    talk = "livegraph"
    async with ServeProcess(SCHEDULE, *options, data=tmp_path / "data") as server:
        visitors = Visitors(browser, server)
        page = await visitors.open("produce", "producer")
        row = page.locator(f"tr[data-session='{talk}']")
        await row.get_by_role("button", name="Start now").click()
        if await row.get_by_role("button", name="End “").is_visible():
            await row.get_by_role("button", name="End “").click()
        await expect(row).to_have_attribute("data-state", "live")
        speaker = await visitors.open(f"speak/{talk}", "speaker", name="Bikash", sessions=(talk,))
        await speaker.get_by_label("Test card").check(force=True)
        await speaker.get_by_role("button", name="Go on air").click()
        await expect(row).to_contain_text("On air")
        await row.get_by_role("button", name="Extend…").click()
        await page.locator("#extend-minutes").fill("-8")
        await page.locator("#extend").get_by_role("button", name="Extend").click()
        await expect(row).to_have_attribute("data-state", "overrunning", timeout=30_000)
        held_up = re.compile("Holds up “.*” by .* more, until")
        await expect(row.locator(".effect")).to_contain_text(held_up, timeout=60_000)
        await expect(page.locator("#stages-now")).to_contain_text("over by")
        await visitors.close()


async def test_a_producer_edits_the_day_by_keys_and_takes_it_back(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    await expect(page.locator("#connection")).to_have_text("Connected")
    rows = page.locator("tr[data-session][data-state='upcoming']")
    first, second = rows.nth(-2), rows.nth(-1)
    # Not what is rendered: rows off the screen are not laid out, and have no inner text.
    one, other = [await row.locator("th a").text_content() for row in (first, second)]
    await first.locator("th a").focus()
    await page.keyboard.press("w")
    dialog = page.get_by_role("dialog", name=f"Edit “{one}”")
    await dialog.get_by_label("With", exact=True).select_option(
        await second.get_attribute("data-session")
    )
    await expect(dialog.get_by_role("row", name=other)).to_be_visible()
    await dialog.get_by_role("button", name="Publish the swap").click()
    await expect(rows.nth(-1).locator("th a")).to_have_text(one)
    await expect(rows.nth(-2)).to_contain_text("Moved")
    await rows.nth(-1).get_by_role("button", name="Edit…").click()
    await dialog.get_by_text("Cancel", exact=True).click()
    await dialog.get_by_label("What everybody is told").fill("The speaker is ill.")
    await dialog.get_by_role("button", name="Cancel the session").click()
    cancelled = page.locator("tr[data-session]", has_text=one)
    await expect(cancelled).to_contain_text("Cancelled")
    await page.get_by_role("button", name="Undo: cancel").click()
    await page.get_by_role("button", name="Undo: swap").click()
    await expect(rows.nth(-1).locator("th a")).to_have_text(other)


async def test_speakers_are_signalled_and_the_cue_sheet_is_printed(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    on = page.locator("tr[data-state='live'] th a")
    if not await on.count():
        await page.locator("tr[data-session]").first.get_by_role("button", name="Start now").click()
    await on.first.focus()
    await page.keyboard.press("g")
    await page.locator("#edit").get_by_role("button", name="Send it").click()
    await expect(page.locator(".told-here", has_text="The speakers were told.")).to_be_visible()
    await page.emulate_media(media="print")
    for gone in ("#bar", "#hold", "#cues", ".controls-cell >> nth=0"):
        await expect(page.locator(gone)).to_be_hidden()
    await expect(page.locator("tr[data-session]").last).to_be_visible()


async def test_a_session_that_is_over_is_reopened_and_that_is_undone(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    row = page.locator("tr[data-session]").last
    await row.get_by_role("button", name="Skip").click()
    await row.get_by_role("button", name="Skip it?").click()
    await expect(row).to_have_attribute("data-state", "skipped")
    await row.get_by_role("button", name="Reopen").click()
    await row.get_by_role("button", name="Reopen it?").click()
    await expect(row).to_have_attribute("data-state", "upcoming")
    await page.get_by_role("button", name="Undo: reopen").click()
    await expect(row).to_have_attribute("data-state", "skipped")


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
