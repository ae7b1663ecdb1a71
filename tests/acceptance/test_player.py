"""The row of controls below the picture in a real browser, with a real picture."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.talks import EVENT, TalksServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talks(tmp_path_factory):
    async with TalksServer(tmp_path_factory.mktemp("player")) as server:
        async with server.speaker("one", 150):
            await server.change_to("one")
            yield server


async def test_sound_is_turned_on_once_and_then_by_the_row(browser, talks: TalksServer):
    page = await browser.new_page()
    token = talks.token(EVENT, "attendee", name="Ada")
    await page.goto(f"{talks.url}/e/{EVENT}/watch/one#token={token}")
    await page.get_by_role("button", name="Turn sound on").click()
    off = page.get_by_role("button", name="Turn sound off")
    await expect(off).to_be_focused()
    assert await page.evaluate("document.querySelector('video').muted") is False
    await page.keyboard.press("Space")
    on = page.get_by_role("button", name="Turn sound on")
    await expect(on).to_have_count(1)
    await expect(on).to_be_focused()
    await on.press("Space")
    await page.get_by_label("Volume").fill("30")
    await page.reload()
    await expect(page.get_by_role("button", name="Turn sound on")).to_be_visible()
    await page.wait_for_function("() => document.querySelector('video').volume === 0.3")
    await page.close()


async def test_on_a_phone_the_picture_stays_while_one_asks(browser, talks: TalksServer):
    context = await browser.new_context(
        viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True
    )
    page = await context.new_page()
    token = talks.token(EVENT, "attendee", name="Ada")
    await page.goto(f"{talks.url}/e/{EVENT}/watch/one#token={token}")
    await expect(page.locator("#screen")).to_have_attribute("data-state", "live")
    await page.locator("#ask-send").scroll_into_view_if_needed()
    await page.evaluate("scrollBy(0, 200)")
    await expect(page.locator("#video")).to_be_in_viewport(ratio=0.9)
    for name in ("Picture in picture", "Full screen"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport()
    await context.close()
