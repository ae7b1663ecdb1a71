"""An event with 900 sessions in a real browser: what its pages cost while only the time goes on."""

import asyncio

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.long_event import COUNT_SHIFTS, EVENT, OVER, long_schedule, script_s
from showcaller.testing.serving import ServeProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

SESSIONS = 900
WATCHED_S = 4.0
SCRIPT_MS_PER_S = 12.0  # on two busy cores; `make bench-pages` measures it in quiet
SHIFT = 0.05

PATHS = {"agenda": ("", "attendee"), "produce": ("produce", "producer")}
FOLLOWED = (*PATHS.values(), ("watch/s8", "attendee"), ("moderate", "moderator"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    path = folder / "long.yaml"
    path.write_text(long_schedule(SESSIONS), encoding="utf-8")
    async with ServeProcess(path, "--media-workers", "0", data=folder / "data") as process:
        yield process


async def open_page(browser, server: ServeProcess, path: str, role: str) -> Page:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Asia/Tokyo"
    )
    page = await context.new_page()
    await page.add_init_script(COUNT_SHIFTS)
    await page.goto(f"{server.url}/e/{EVENT}/{path}#token={server.token(EVENT, role)}")
    await expect(page.locator("#connection")).to_have_text("Connected", timeout=30_000)
    return page


@pytest.mark.parametrize("name", PATHS)
async def test_a_long_page_rests_while_only_the_time_goes_on(browser, server, name: str):
    page = await open_page(browser, server, *PATHS[name])
    if name == "agenda":  # of one day it shows the stages side by side
        await page.get_by_label("List", exact=True).check(force=True)
    await expect(page.locator("[data-session]")).to_have_count(
        SESSIONS - (OVER if name == "produce" else 0), timeout=60_000
    )
    devtools = await page.context.new_cdp_session(page)
    await asyncio.sleep(2)
    before_s = await script_s(devtools)
    await asyncio.sleep(WATCHED_S)
    spent_ms = 1000 * (await script_s(devtools) - before_s)
    await page.context.close()
    assert spent_ms / WATCHED_S < SCRIPT_MS_PER_S


@pytest.mark.parametrize(("path", "role"), FOLLOWED)
async def test_nothing_jumps_while_a_page_comes(browser, server, path: str, role: str):
    page = await open_page(browser, server, path, role)
    await expect(page.locator("main[data-waiting]")).to_have_count(0)
    await page.wait_for_load_state("networkidle")
    shift = await page.evaluate("layoutShift")
    await page.context.close()
    assert shift < SHIFT
