"""Pages with endless words, many speakers, right-to-left names, on narrow screens, in forced colours."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.hostile_event import EVENT, LONG_WORD, RTL, hostile_schedule
from showcaller.testing.page_faults import OUTSIDE
from showcaller.testing.serving import ServeProcess
from showcaller_client import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "everything"
WIDTHS = (320, 390, 640, 1280)  # 640 is a window of 1280 at 200 % zoom
PAGES = (
    ("agenda", "", "attendee", "[data-session]"),
    ("watch", f"watch/{TALK}", "attendee", "#questions .question"),
    ("speak", f"speak/{TALK}", "speaker", "#queue li"),
    ("moderate", "moderate", "moderator", ".q"),
    ("produce", "produce", "producer", "[data-session]"),
    ("access", "access", "producer", "#links tr"),
    ("history", "history", "producer", "#entries tr"),
    ("organise", "organise", "producer", "#roles tr"),
    ("questions", f"questions/{TALK}", "attendee", "#questions .question"),
    ("speakers", "speakers", "attendee", "#speakers li"),
    ("speaker", "speakers/speaker-0", "attendee", "#talks li"),
    ("on-air", "on-air/s0", "screen", ".plate:visible"),
)
# Each letter opens one, while the focus is on the row or the card.
DIALOGS = (
    ("produce", "producer", "tr[data-session='later'] th a", "dmwpbc"),
    ("moderate", "moderator", "#approved .q", "etmgqbnx"),
)
MENUS = (
    ("", "#who"),
    ("", "#own-calendar summary"),
    ("", "#filters summary"),
    (f"watch/{TALK}", "#figures-box summary"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "hostile.yaml"
    path.write_text(hostile_schedule(), encoding="utf-8")
    options = ("--rehearse-from", "2040-05-01T08:59", "--media-workers", "0")
    async with ServeProcess(path, *options, data=folder / "data") as process:
        await ask_hostile_things(process)
        yield process


async def ask_hostile_things(server: ServeProcess) -> None:
    """Have long and foreign questions, a reply, an announcement and a line to the speakers."""
    asker = server.token(EVENT, "attendee", name=LONG_WORD)
    async with Client(server.url, event=EVENT, token=asker) as client:
        room = await client.follow(f"session/{TALK}")
        await room.wait_until(lambda c: c.items["session"]["qa"] == "open")
        await client.ask(TALK, LONG_WORD * 5)
        await client.ask(TALK, RTL * 10)
        waits = await client.ask(TALK, LONG_WORD * 6)
    producer = server.token(EVENT, "producer", name=LONG_WORD)
    async with Client(server.url, event=EVENT, token=producer) as client:
        queue = await client.follow(f"session/{TALK}/moderation")
        for id in [id for id in queue.items if id != waits["question"]]:
            await client.approve(id)
        await client.reply(waits["question"], LONG_WORD * 4)
        await client.announce(LONG_WORD * 3)
        await client.announce(LONG_WORD * 3, session=TALK, to="speakers")


async def opened(browser, server: ServeProcess, path: str, role: str) -> Page:
    context = await browser.new_context(timezone_id="America/St_Johns")
    page = await context.new_page()
    token = server.token(EVENT, role, name=LONG_WORD[:60], sessions=(TALK,))
    await page.goto(f"{server.url}/e/{EVENT}/{path}#token={token}")
    return page


async def outside(page: Page) -> dict[str, list[str]]:
    """Return what stands out at each width, and in forced colours."""
    found = {}
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 800})
        found[str(width)] = await page.evaluate(OUTSIDE)
    await page.emulate_media(forced_colors="active")
    found["forced colours"] = await page.evaluate(OUTSIDE)
    await page.emulate_media(forced_colors="none")
    return {width: elements[:4] for width, elements in found.items() if elements}


@pytest.mark.parametrize(("name", "path", "role", "ready"), PAGES, ids=[one[0] for one in PAGES])
async def test_nothing_stands_out_of_a_page(browser, server, name, path, role, ready):
    page = await opened(browser, server, path, role)
    await expect(page.locator(ready).first).to_be_attached()
    await expect(page.locator("main[data-waiting]")).to_have_count(0)
    found = await outside(page)
    await page.context.close()
    assert found == {}


@pytest.mark.parametrize(("path", "role", "where", "keys"), DIALOGS, ids=["produce", "moderate"])
async def test_nothing_stands_out_of_a_dialog(browser, server, path, role, where, keys):
    page = await opened(browser, server, path, role)
    await expect(page.locator("main[data-waiting]")).to_have_count(0)
    found = {}
    for key in keys:
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.locator(where).first.focus()
        await page.keyboard.press(key)
        await expect(page.locator("dialog[open]"), f"key {key}").to_have_count(1)
        if said := await outside(page):
            found[key] = said
        await page.keyboard.press("Escape")
    await page.context.close()
    assert found == {}


@pytest.mark.parametrize(("path", "summary"), MENUS, ids=[one[1] for one in MENUS])
async def test_nothing_stands_out_of_a_menu(browser, server, path, summary):
    page = await opened(browser, server, path, "attendee")
    await page.set_viewport_size({"width": 320, "height": 800})
    await page.locator(summary).click()
    found = await outside(page)
    await page.context.close()
    assert found == {}


async def test_the_picture_stays_in_view_and_lies_over_no_word(browser, server):
    page = await opened(browser, server, f"watch/{TALK}", "attendee")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.locator("#questions .question").last.scroll_into_view_if_needed()
    await expect(page.locator("#screen")).to_be_in_viewport(ratio=1)
    screen, title = [await page.locator(one).bounding_box() for one in ("#screen", "#title")]
    await page.context.close()
    assert screen["y"] + screen["height"] <= title["y"]


async def test_nothing_stands_out_of_stages_side_by_side_and_of_the_list_of_events(browser, server):
    page = await opened(browser, server, "", "attendee")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.get_by_label("Stages side by side").check(force=True)
    await expect(page.locator("#grid .grid-cell").first).to_be_visible()
    assert await page.evaluate(OUTSIDE) == []
    await page.set_viewport_size({"width": 320, "height": 800})
    await expect(page.locator("#sessions .session").first).to_be_visible()
    assert await page.evaluate(OUTSIDE) == []
    await page.context.close()
