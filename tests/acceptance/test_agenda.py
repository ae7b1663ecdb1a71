"""The agenda of two days and two stages in a real browser: finding one's way in it."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.serving import ServeProcess

from .conftest import SCHEDULE

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = SCHEDULE.with_name("harbour-conf-2026.yaml")
EVENT = OTHER.stem
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
    page = await context.new_page()
    await page.goto(f"{server.url}/e/{EVENT}/")
    await expect(page.locator("[data-session]").first).to_be_visible()
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
    await page.get_by_label("Stage").select_option(label="The Lantern Room")
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
    chosen = await titles(page).all_inner_texts()
    await page.reload()
    await expect(titles(page)).to_have_text(chosen)
    await expect(page.get_by_label("Your time (GMT+9)")).to_be_checked()


async def test_now_leads_to_what_is_on_whatever_was_filtered_out(context, server):
    page = await agenda(context, server)
    await page.get_by_role("button", name="Thu, Jun 11").click()
    await page.get_by_role("button", name="Now", exact=True).click()
    on = page.locator(".session[data-state='live']").first
    await expect(on).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Now", exact=True)).to_be_in_viewport()


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
