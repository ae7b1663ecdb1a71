"""The pages in German and in Arabic: chosen, drawn at once, in their direction, and within a small window."""

import re

import pytest
from playwright.async_api import Page, expect

from showcaller.testing.page_faults import OUTSIDE, complaints
from showcaller.testing.walk import Scene, open_scene
from showcaller.testing.walk_scenes import ANYBODY, ATTENDEE, DESKS, SPEAKER

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = (
    "home",
    "agenda",
    "watch",
    "speakers",
    "moderate",
    "produce",
    "access",
    "organise",
    "speak",
)
SCENES = [one for one in (*ANYBODY, *SPEAKER, *ATTENDEE, *DESKS) if one.name in NAMES]
DIRECTIONS = {"de": "ltr", "ar": "rtl"}


@pytest.fixture(scope="module")
def server(walk_server):
    return walk_server


async def reader_of(new_page, language: str) -> Page:
    """Return a page of somebody who has chosen this language before."""
    page = await new_page()
    kept = f"localStorage.setItem('showcaller:language', '{language}')"
    await page.add_init_script(f"if (!localStorage.getItem('showcaller:language')) {kept};")
    return page


@pytest.mark.parametrize("language", DIRECTIONS)
@pytest.mark.parametrize("scene", SCENES, ids=[one.name for one in SCENES])
async def test_nothing_is_wrong_in_another_language(new_page, server, scene: Scene, language):
    page = await reader_of(new_page, language)
    await open_scene(page, server, scene)
    await expect(page.locator("h1:visible").first).not_to_be_empty()
    root = page.locator(":root")
    assert await root.get_attribute("lang") == language
    assert await root.get_attribute("dir") == DIRECTIONS[language]
    assert await complaints(page) == []
    await page.set_viewport_size({"width": 320, "height": 800})
    assert await page.evaluate(OUTSIDE) == []


async def test_a_reader_chooses_a_language_which_their_browser_keeps(new_page, server):
    page = await new_page()
    await page.goto(f"{server.url}/")
    await expect(page.locator("h1")).to_have_text("Events")
    await page.locator(".languages summary").click()
    await page.get_by_role("button", name="العربية").click()
    await expect(page.locator("h1")).to_have_text("الفعاليات")
    await page.goto(f"{server.url}/nowhere")
    await expect(page.locator("h1")).to_have_text("لا يوجد شيء في هذا العنوان")
    await page.locator(".languages summary").click()
    await page.get_by_role("button", name="Deutsch").click()
    await expect(page.locator("h1")).to_have_text("Unter dieser Adresse gibt es nichts")


async def test_english_fetches_no_catalogue_and_another_language_one(new_page, server):
    asked: list[str] = []
    for language in ("en", "de"):
        page = await reader_of(new_page, language)
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{server.url}/")
        await expect(page.locator("[data-event]").first).to_be_visible()
    words = {url for url in asked if "/words/" in url}
    assert [re.sub(r"[0-9a-f]{24}", "", url).rsplit("/", 1)[1] for url in words] == ["de..json"]


async def test_a_page_whose_catalogue_does_not_come_is_shown_in_english(new_page, server):
    page = await reader_of(new_page, "ar")
    await page.route("**/words/*.json", lambda route: route.abort())
    await page.goto(f"{server.url}/")
    await expect(page.locator("h1")).to_have_text("Events")
    await expect(page.locator("h1")).to_be_visible()
    await expect(page.locator(":root")).to_have_attribute("lang", "en")
