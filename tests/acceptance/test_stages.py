"""The run sheet of an event with several stages and days, in a real browser."""

from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.serving import ServeProcess

from .conftest import RECORD_VIOLATIONS
from .test_accessibility import complaints
from .test_pages import command

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEDULE = Path(__file__).parents[2] / "schedules" / "harbour-conf-2026.yaml"
EVENT = "harbour-conf-2026"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("stages") / "data"
    options = ("--rehearse-from", "10:35", "--media-workers", "0")
    async with ServeProcess(SCHEDULE, *options, data=data) as process:
        yield process


@pytest.fixture
def produce(server: ServeProcess):
    return partial(command, server, server.token(EVENT, "producer"), event=EVENT)


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser, server: ServeProcess):
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    page = await context.new_page()
    await page.add_init_script(RECORD_VIOLATIONS)
    token = server.token(EVENT, "producer", name="Paula")
    await page.goto(f"{server.url}/e/{EVENT}/produce#token={token}")
    await expect(page.locator("#connection")).to_have_text("Connected")
    await expect(page.locator("tr[data-session]").first).to_be_visible()
    yield page
    assert await page.evaluate("violations") == []
    await context.close()


async def sessions(page: Page) -> list[str]:
    return await page.locator("tr[data-session]").evaluate_all(
        "(rows) => rows.map((row) => row.dataset.session)"
    )


async def test_what_is_over_is_folded_and_the_clock_is_beside_every_stage(page: Page):
    shown = await sessions(page)
    assert "welcome" not in shown
    await page.locator("#past").click()
    await expect(page.locator("tr[data-session='welcome']")).to_be_visible()
    on = page.locator("#stages-now li", has_text="A control loop in the wind")
    await expect(on).to_contain_text("The Quay")
    await expect(on).to_contain_text("ends in")
    await page.locator("#past").click()
    await expect(page.locator("tr[data-session='welcome']")).to_have_count(0)


async def test_stages_stand_side_by_side_each_with_its_sessions(page: Page):
    await page.locator("#views").get_by_text("Columns").click()
    tables = page.locator("#sheets table")
    await expect(tables).to_have_count(2)
    await expect(page.get_by_role("table", name="The Lantern Room")).to_be_visible()
    assert await complaints(page) == []
    await page.reload()
    await expect(tables).to_have_count(2)  # as it was chosen
    await page.locator("#views").get_by_text("List").click()
    await expect(tables).to_have_count(1)


async def test_stage_day_and_words_narrow_the_sheet_and_live_is_found_again(page: Page):
    await page.locator("#stage").select_option("lantern")
    await page.get_by_role("button", name="Fri, Jun 12").click()
    assert not any("quay" in one for one in await sessions(page))
    await page.locator("#words").fill("nobody has said this")
    await expect(page.locator("#none")).to_be_visible()
    await page.get_by_role("button", name="Jump to live").click()
    live = page.locator("tr[data-state='live']").first
    await expect(live).to_be_in_viewport()
    await expect(live.locator("a").first).to_be_focused()
    await expect(page.locator("#words")).to_have_value("")


async def test_rows_keep_their_places_while_somebody_points_at_them(page: Page, produce):
    row = page.locator("tr[data-session='tide-tables']")
    before = await sessions(page)
    await row.hover()
    await produce("session.delay", session="tide-tables", minutes=40)
    await expect(row).to_contain_text("Delayed 40 min")
    assert await sessions(page) == before
    await page.mouse.move(5, 5)
    later = "tr[data-session='ask-the-pilots'] + tr[data-session='tide-tables']"
    await expect(page.locator(later)).to_have_count(1)
    await page.get_by_role("button", name="Undo: delay").click()
    await expect(row).to_contain_text("On time")


async def test_an_item_is_ticked_by_one_and_seen_by_all(page: Page, browser, server):
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    other = await context.new_page()
    token = server.token(EVENT, "stage_manager", name="Sam", stages=("quay",))
    await other.goto(f"{server.url}/e/{EVENT}/produce#token={token}")
    theirs, row = other.locator("#checks"), page.locator("tr[data-session='crane-loop']")
    await expect(theirs.get_by_text("Slides are there")).to_be_visible()
    await expect(theirs.get_by_text("Every speaker has tried")).to_have_count(0)
    await expect(row).to_contain_text("2 to check")

    await theirs.get_by_label("Slides are there").click()
    done = page.locator("#checks li li", has_text="Slides are there")
    await expect(done).to_contain_text("Sam")
    await expect(done.get_by_role("checkbox")).to_be_checked()
    await expect(row).to_contain_text("1 to check")
    await expect(page.locator("#checks-count")).to_have_text("1 of 4 done")

    await page.get_by_label("New item").fill("Phone the sponsor")
    await page.get_by_role("button", name="Add", exact=True).click()
    added = page.locator("#checks li li", has_text="Phone the sponsor")
    await expect(added).to_be_visible()
    await page.get_by_label("Only what is to do").check()
    await expect(done).to_have_count(0)
    await added.get_by_role("button", name="Remove").click()
    await expect(added).to_have_count(0)
    await context.close()


async def test_a_stage_manager_has_one_stage_and_nothing_of_the_whole_event(browser, server):
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    page = await context.new_page()
    token = server.token(EVENT, "stage_manager", name="Sam", stages=("quay",))
    await page.goto(f"{server.url}/e/{EVENT}/produce#token={token}")
    on = page.locator("tr[data-session='crane-loop']")
    await expect(on).to_be_visible()
    await expect(page.get_by_text("You run The Quay.")).to_be_visible()
    # what is on, and what is next
    await expect(page.locator("#stages-now li")).to_have_count(2)
    await expect(page.locator("tr[data-session='fog-signals']")).to_have_count(0)
    for whole in ("#hold", "#announce", "#offer"):
        await expect(page.locator(whole)).to_be_hidden()

    await on.get_by_role("button", name="Extend…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Extend").click()
    await expect(on).to_contain_text("5 min longer.")
    await page.get_by_role("button", name="Undo: extend by 5 min").click()
    await expect(page.locator("#note")).to_contain_text("Undone")
    await on.get_by_role("button", name="Edit…").click()
    await expect(page.locator("#edit input[name='edit-kind']")).to_have_count(1)
    await page.get_by_role("dialog").get_by_role("button", name="Send it").click()
    await expect(on).to_contain_text("The speakers were told.")
    await context.close()


async def test_no_part_is_wider_than_a_phone(page: Page):
    await page.set_viewport_size({"width": 390, "height": 844})
    for view in ("Columns", "List"):
        await page.locator("#views").get_by_text(view).click()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await expect(page.locator("#clock")).to_be_in_viewport()
