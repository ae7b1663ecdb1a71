"""The agenda of two days and two stages in a real browser: finding one's way in it."""

import re

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.serving import ServeProcess

from .conftest import SCHEDULE
from .test_accessibility import complaints

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = SCHEDULE.with_name("harbour-conf-2026.yaml")
EVENT = OTHER.stem
SESSIONS = 19
SECOND_DAY = "2026-06-12T10:40"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("agenda") / "data"
    options = ("--rehearse-from", SECOND_DAY, "--media-workers", "0")
    async with ServeProcess(OTHER, *options, data=data) as process:
        yield process


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser):
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-US", timezone_id="Asia/Tokyo"
    )
    yield context
    await context.close()


async def agenda(context, server: ServeProcess) -> Page:
    """Open it and choose the list."""
    page = await context.new_page()
    await page.goto(f"{server.url}/e/{EVENT}/")
    await expect(page.locator("[data-session]").first).to_be_visible()
    await page.locator("#as-list").check(force=True)  # in whichever language
    await expect(page.locator(".session")).to_have_count(SESSIONS)
    return page


def titles(page: Page):
    return page.locator(".session h3")


async def test_a_day_a_stage_and_words_narrow_the_agenda(context, server):
    page = await agenda(context, server)
    everything = await titles(page).count()
    await page.get_by_role("button", name="Fri, Jun 12").click()
    await expect(page.locator(".day")).to_have_count(0)
    on_friday = await titles(page).count()
    assert 0 < on_friday < everything
    await page.get_by_label("Stage", exact=True).select_option(label="The Lantern Room")
    await expect(page.locator("[data-session] .tag", has_text="The Quay")).to_have_count(0)
    await page.get_by_label("Search talks and speakers").fill("nothing has these words")
    await expect(titles(page)).to_have_count(0)
    await page.get_by_role("button", name="Show all sessions").click()
    await expect(titles(page)).to_have_count(everything)


async def test_a_search_finds_speakers(context, server):
    page = await agenda(context, server)
    await page.get_by_label("Search talks and speakers").fill("olu adeyemi")
    await expect(titles(page)).to_have_text(["Tide tables as code", "Workshop: listen to a buoy"])


async def test_choices_are_kept(context, server):
    page = await agenda(context, server)
    await page.get_by_role("button", name="Fri, Jun 12").click()
    await page.get_by_label("Your time (GMT+9)").check(force=True)
    await page.reload()
    friday = page.get_by_role("button", name="Fri, Jun 12")
    await expect(friday).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_label("Your time (GMT+9)")).to_be_checked()


async def test_now_leads_to_what_is_on_whatever_was_filtered_out(context, server):
    page = await agenda(context, server)
    await page.get_by_role("button", name="Thu, Jun 11").click()
    await page.get_by_role("button", name="Now", exact=True).click()
    on = page.locator(".session[data-state='live']").first
    await expect(on).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Now", exact=True)).to_be_in_viewport()


async def test_days_are_headed_by_ones_own_dates_in_ones_own_time(browser, server):
    context = await browser.new_context(locale="en-US", timezone_id="Pacific/Auckland")
    page = await agenda(context, server)
    await page.get_by_label("Your time (GMT+12)").check(force=True)
    await expect(page.locator(".day").first).to_have_text("Thursday, June 11, 2026")
    late = page.locator(".day", has_text="Friday, June 12, 2026")
    await expect(late).to_be_attached()  # Thursday afternoon in Lisbon
    await page.get_by_role("button", name="Sat, Jun 13").click()
    await expect(page.locator(".session").first).to_be_visible()
    await context.close()


async def test_stages_stand_side_by_side_where_there_is_room(context, server):
    """Without being asked for; a list where there is none, or when it is chosen."""
    page = await context.new_page()
    await page.goto(f"{server.url}/e/{EVENT}/")
    stages = page.locator(".grid-stage")
    await expect(stages).to_have_text(["The Quay", "The Lantern Room"])
    await expect(page.locator(".grid-cell[data-state='live']").first).to_be_visible()
    boxes = [await stages.nth(n).bounding_box() for n in range(2)]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert await complaints(page) == []
    await page.get_by_role("button", name="Thu, Jun 11").click()
    await expect(page.locator(".grid-cell", has_text="Welcome aboard")).to_be_visible()
    await page.reload()
    await expect(stages.first).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(stages.first).to_be_hidden()
    await expect(titles(page).first).to_be_visible()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.get_by_label("List", exact=True).check(force=True)
    await expect(titles(page).first).to_be_visible()
    await page.reload()
    await expect(titles(page).first).to_be_visible()
    await expect(stages.first).to_be_hidden()


async def test_a_session_tells_when_it_ends(context, server):
    page = await agenda(context, server)
    row = page.locator(".session", has_text="Workshop: listen to a buoy")
    await expect(row.locator(".when")).to_contain_text("until 12:45")


async def test_on_a_phone_the_first_session_is_in_the_first_screen(browser, server):
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    await page.goto(f"{server.url}/e/{EVENT}/#token={server.token(EVENT)}")
    await expect(page.locator("[data-session] h3").first).to_be_in_viewport(ratio=1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.close()


async def test_clocks_are_as_the_viewer_is_used_to(browser, server):
    context = await browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
    page = await agenda(context, server)
    row = page.locator(".session", has_text="Lines off")
    await expect(row.locator(".at")).to_have_text("15:00")
    await context.close()


async def test_a_star_is_on_all_of_ones_devices_and_in_ones_own_calendar(browser, server):
    token = server.token(EVENT, "attendee", name="Ada")
    pages = []
    for viewport in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
        page = await browser.new_page(viewport=viewport, locale="en-US")
        await page.goto(f"{server.url}/e/{EVENT}/#token={token}")
        pages.append(page)
    laptop, phone = pages
    star = "In my agenda: A port in a test suite"
    await laptop.get_by_role("button", name=star).click()
    await expect(phone.get_by_role("button", name=star)).to_have_attribute("aria-pressed", "true")
    await phone.locator("#filters > summary").click()
    await phone.get_by_role("button", name="My agenda", exact=True).click()
    await expect(titles(phone)).to_have_text(["A port in a test suite"])
    assert await complaints(phone) == []
    await laptop.get_by_text("Calendar and reminders").click()
    link = laptop.get_by_role("link", name="Download")
    await expect(link).to_have_attribute("href", re.compile(r"/calendars/.+\.ics$"))
    calendar = await laptop.request.get(server.url + await link.get_attribute("href"))
    assert (await calendar.text()).count("SUMMARY:A port in a test suite") == 1
    assert await complaints(laptop) == []
    await phone.get_by_role("button", name=star).click()
    await expect(phone.get_by_text("Your agenda is empty.")).to_be_visible()
    for page in pages:
        await page.close()


async def test_a_break_that_is_on_counts_as_no_live_session(context, server):
    page = await agenda(context, server)
    on = page.locator(".session[data-state='live']")
    await expect(on.and_(page.locator("[data-kind='break']"))).to_have_count(1)
    talks = await on.and_(page.locator(":not([data-kind='break'])")).count()
    async with aiohttp.request("GET", f"{server.url}/api/v1/events") as answer:
        [listed] = (await answer.json())["events"]
    assert listed.get("live", 0) == talks


async def test_a_speakers_name_leads_to_who_they_are_and_all_their_talks(context, server):
    page = await agenda(context, server)
    await page.get_by_role("link", name="Marta Oliveira").first.click()
    await expect(page.get_by_role("heading", name="Marta Oliveira")).to_be_visible()
    await expect(page.locator("#biography p")).to_have_count(2)
    link = page.get_by_role("link", name="Notes from the quay")
    await expect(link).to_have_attribute("href", "https://marta.example/notes")
    await expect(titles(page)).to_have_text(
        [
            *("Welcome aboard", "Handing over at four in the morning"),
            *("What the night brought", "Lines off"),
        ]
    )
    assert await complaints(page) == []
    await page.get_by_role("link", name="All speakers").click()
    await expect(page.locator(".person a").first).to_have_text("Aiko Hayashi")
    assert await complaints(page) == []
    await page.goto(f"{server.url}/e/{EVENT}/speakers/nobody")
    await expect(page.get_by_role("heading", name="There is no such speaker")).to_be_visible()


async def test_talks_are_found_by_their_language(context, server):
    page = await agenda(context, server)
    await page.get_by_label("Language", exact=True).select_option(label="Portuguese")
    await expect(page.locator(".session", has_text="Handing over")).to_have_count(1)
    await expect(page.locator(".session", has_text="Tide tables")).to_have_count(0)
