"""The findings of axe-core on every page, in both themes and in the states that people bring about."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from .conftest import Visitors

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = Path(__file__).parents[2] / "client_sdk" / "js" / "node_modules" / "axe-core" / "axe.min.js"
TALK = "ai-multi-tenancy"
RUN_AXE = """
    async () => {
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      const told = (id) => ({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`;
      return violations.flatMap(({ id, nodes }) => nodes.map(told(id)));
    }
"""
PAGES = (
    ("", ()),
    ("", ("attendee",)),
    (f"watch/{TALK}", ("attendee",)),
    (f"watch/{TALK}", ()),
    (f"questions/{TALK}", ("attendee",)),
    ("moderate", ("moderator",)),
    ("produce", ("producer",)),
    ("access", ("producer",)),
    (f"speak/{TALK}", ("producer",)),
    ("produce", ("attendee",)),
    ("nowhere", ()),
)


async def complaints(page: Page) -> list[str]:
    """Return what axe finds wrong in both themes."""
    assert AXE.exists(), "this test needs axe-core: `make test` installs it"
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += [f"{theme}: {one}" for one in await page.evaluate(RUN_AXE)]
    return found


async def settled(page: Page) -> None:
    """Wait until the page shows its contents, which are hidden until they are whole."""
    await expect(page.locator("main[data-waiting]:not([hidden])")).to_have_count(0)
    await expect(page.locator("h1:visible").first).not_to_be_empty()


@pytest.mark.parametrize(("path", "roles"), PAGES)
async def test_a_page_as_it_comes(visitors: Visitors, path: str, roles: tuple[str, ...]):
    page = await visitors.open(path, *roles, name="Ada")
    await settled(page)
    assert await complaints(page) == []


async def test_the_agenda_with_a_theme_chosen_and_the_pointer_on_it(visitors: Visitors):
    page = await visitors.open("", "attendee", name="Ada")
    chip = page.locator("#themes .chip").first
    await chip.click()
    await chip.hover()
    assert await complaints(page) == []


async def test_the_agenda_in_which_nothing_matches(visitors: Visitors):
    page = await visitors.open("", "attendee", name="Ada")
    await page.get_by_label("Search talks and speakers").fill("nothing has these words")
    await expect(page.locator("#none")).to_be_visible()
    assert await complaints(page) == []


async def test_the_menu_under_ones_name(visitors: Visitors):
    page = await visitors.open("", "attendee", name="Ada")
    await page.locator("#who").click()
    assert await complaints(page) == []


async def test_the_producers_dialogs(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    row = page.locator("tr[data-session]").last
    await row.get_by_role("button", name="Delay…").click()
    await expect(page.locator("#delay tbody tr").first).to_be_visible()
    assert await complaints(page) == []


async def test_a_question_that_is_too_long_and_one_that_waits(visitors: Visitors):
    page = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await page.locator("#ask-text").fill("a" * 600)
    await page.locator("#ask-send").click()
    await expect(page.locator("#ask-error")).to_contain_text("Too long")
    assert await complaints(page) == []
    await page.locator("#ask-text").fill("Is this one fine?")
    await page.locator("#ask-send").click()
    await expect(page.locator("#own-list")).to_contain_text("Is this one fine?")
    assert await complaints(page) == []


async def test_the_moderators_board_with_a_dialog(visitors: Visitors):
    asker = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await asker.locator("#ask-text").fill("Will this be rejected?")
    await asker.locator("#ask-send").click()
    page = await visitors.open("moderate", "moderator")
    await page.locator("#session").select_option(TALK)
    card = page.locator("#pending .q", has_text="Will this be rejected?")
    for key, dialog in (("w", "#reject"), ("x", "#erase"), ("b", "#remove")):
        await card.focus()
        await page.keyboard.press(key)
        await expect(page.locator(dialog)).to_be_visible()
        assert await complaints(page) == []
        await page.keyboard.press("Escape")
    await card.focus()
    await page.keyboard.press("r")
    await expect(page.locator("#add-reason")).to_be_visible()
    for name in ("Announcements", "Keys", "Rejected and withdrawn"):
        await page.locator("summary", has_text=name).click()
    await page.locator("#add-session").select_option("gpu-sharing")
    await expect(page.locator(".lane")).to_have_count(2)
    assert await complaints(page) == []


async def test_the_run_sheet_told_searched_and_in_vain(visitors: Visitors):
    page = await visitors.open("produce", "producer")
    row = page.locator("tr[data-session='livegraph']")
    await row.get_by_role("button", name="Skip").click()
    await row.get_by_role("button", name="Skip it?").click()
    await expect(row).to_contain_text("was skipped")
    assert await complaints(page) == []
    await page.get_by_role("button", name="Undo: skip").click()
    await page.locator("#words").fill("nothing has these words")
    await expect(page.locator("#none")).to_be_visible()
    assert await complaints(page) == []
