"""Each role's tasks by keyboard alone, from the first Tab on; and keys that come faster than answers."""

import pytest
from playwright.async_api import Locator, Page, expect

from showcaller.testing.serving import ServeProcess
from showcaller.testing.walk import open_scene, run_command
from showcaller.testing.walk_scenes import ATTENDEE, DESKS, ON_AIR
from showcaller.testing.walk_show import AHEAD, LIVE

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCENES = {scene.name: scene for scene in (*ATTENDEE, *DESKS, ON_AIR)}
MOST_TABS = 90
HAS_FOCUS = "(element) => element === document.activeElement"
SLOW_ANSWERS = """
    const send = WebSocket.prototype.send;  // a slow line: what is sent leaves a second later
    WebSocket.prototype.send = function (...sent) { setTimeout(() => send.apply(this, sent), 1000); };
"""


@pytest.fixture(scope="module")
def server(walk_server):
    return walk_server


async def opened(new_page, server: ServeProcess, scene: str) -> Page:
    page = await new_page()
    await open_scene(page, server, SCENES[scene])
    await expect(page.locator("#connection")).to_have_text("Connected")
    return page


async def tab_to(target: Locator, key: str = "Tab") -> None:
    """Press Tab until it has the focus."""
    for _ in range(MOST_TABS):
        await target.page.keyboard.press(key)
        if await target.evaluate(HAS_FOCUS):
            return
    raise AssertionError(f"{MOST_TABS} times Tab did not reach {target}")


async def test_a_speaker_goes_on_air_and_an_attendee_chooses_a_smaller_picture(new_page, server):
    page = await opened(new_page, server, "speak-on-air")
    keys = page.keyboard
    await tab_to(page.locator("#sources input").first)
    await keys.press("ArrowRight")
    await expect(page.get_by_label("Test card")).to_be_checked()
    await tab_to(page.locator("#go"))
    await keys.press("Enter")
    await expect(page.locator("#tally")).to_have_text("On air")

    watch = await opened(new_page, server, "watch")
    await expect(watch.locator("#screen")).to_have_attribute("data-state", "live")
    await tab_to(watch.locator("#quality"))
    await watch.keyboard.press("End")
    await expect(watch.locator("#quality")).not_to_have_value("")

    await tab_to(page.locator("#mute"))
    await keys.press("Enter")
    await expect(page.locator("#source-note")).to_contain_text("You are muted")
    await tab_to(page.locator(".backstage-line button"))
    await keys.press("Enter")
    await expect(page.locator(".backstage-line")).to_have_count(0)
    await tab_to(page.locator("#leave"))
    await keys.press("Enter")
    await keys.press("Enter")
    await expect(page.locator("#tally")).to_have_text("Off air")
    await expect(page.locator("#go")).to_be_focused()


async def test_an_attendee_finds_stars_asks_votes_and_answers(new_page, server):
    page = await opened(new_page, server, "agenda")
    keys = page.keyboard
    await tab_to(page.locator("#words"))
    await keys.type("control loop")
    row = page.locator(f"[data-session='{LIVE}']:visible")
    await tab_to(row.locator(".star"))
    await keys.press("Space")
    await expect(row.locator(".star")).to_have_attribute("aria-pressed", "true")
    await tab_to(row.get_by_role("link").first, "Shift+Tab")
    await keys.press("Enter")
    await expect(page.locator("#on-air")).to_be_visible()

    await tab_to(page.locator("#polls input").first)
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(page.get_by_role("button", name="Change my vote")).to_be_focused()
    await tab_to(page.locator("#ask-text"))
    await keys.type("Is this typed?")
    await tab_to(page.locator("#ask-send"))
    await keys.press("Enter")
    own = page.locator("#own-list li", has_text="Is this typed?")
    await expect(own).to_contain_text("In review")
    vote = page.locator("#questions .question", has_text="Does the crane").locator(".vote")
    await tab_to(vote)
    await keys.press("Space")
    await expect(vote).to_have_attribute("aria-pressed", "true")
    await tab_to(own.get_by_role("button", name="Withdraw"), "Shift+Tab")
    await keys.press("Enter")
    await expect(own).to_have_count(0)
    await expect(page.locator("#own-list button:focus")).to_have_count(1)


async def test_a_moderator_reviews_and_announces(new_page, server):
    page = await opened(new_page, server, "moderate")
    keys = page.keyboard
    await tab_to(page.locator("#session"))
    await keys.type("A control")
    await tab_to(page.locator("#pending .q").first)
    texts = await page.locator("#pending .asked").all_text_contents()

    def card(column: str, text: str) -> Locator:
        asked = page.locator(".asked", has_text=text)
        return page.locator(f"#{column} .q", has=asked)

    await keys.press("a")
    await expect(card("approved", texts[0])).to_have_count(1)
    await keys.press("w")
    await keys.type("Zap a duplicate")
    await keys.press("Enter")
    await expect(card("rejected", texts[1])).to_contain_text("Zap a duplicate")
    await keys.press("r")
    await keys.press("z")
    await expect(page.locator("#did")).to_contain_text("Taken back: Rejected")
    await expect(card("pending", texts[2])).to_have_count(1)
    await keys.press("l")
    await expect(page.locator("#approved .q:focus")).to_have_count(1)
    await keys.press("p")
    await expect(page.locator("#did")).to_contain_text("Put on air")
    await tab_to(page.locator("#on_air .q"))
    await keys.press("d")
    await expect(page.locator("#on_air .q")).to_have_count(0)
    await tab_to(page.locator("#announce-box summary"))
    await keys.press("Enter")
    await tab_to(page.locator("#announce-text"))
    await keys.type("Lunch is ready")
    await tab_to(page.locator("#announce").get_by_role("button", name="Announce"))
    await keys.press("Enter")
    await expect(page.locator("#announcements")).to_contain_text("Lunch is ready")


async def test_keys_that_are_faster_than_the_line_are_not_lost(new_page, server):
    """A reason is typed while its question is still being taken in hand; an undo means the last command."""
    await run_command(server, "mary", "qa.open", session="ask-the-pilots")
    for person, text in (("nan", "First in a hurry?"), ("paula", "Second in a hurry?")):
        await run_command(server, person, "question.ask", session="ask-the-pilots", text=text)
    page = await new_page()
    await page.add_init_script(SLOW_ANSWERS)
    await open_scene(page, server, SCENES["moderate"])
    keys = page.keyboard
    await page.locator("#session").select_option("ask-the-pilots")
    await page.locator("#pending .q").nth(1).focus()
    await keys.press("a")
    await keys.press("z")
    await expect(page.locator("#did")).to_contain_text("Taken back: Approved")
    await page.locator("#pending .q").first.focus()
    await keys.press("w")
    await keys.type("A reason, at once")
    await keys.press("Enter")
    await expect(page.locator("#rejected .reason")).to_contain_text("A reason, at once")
    await expect(page.locator("#pending .q")).to_have_count(1)


async def test_a_producer_runs_the_show(new_page, server):
    page = await opened(new_page, server, "produce")
    keys = page.keyboard
    await tab_to(page.locator("#to-live"))
    await keys.press("Enter")
    live = page.locator("tr:focus-within")
    await expect(live).to_have_attribute("data-state", "live")
    await keys.press("e")
    await keys.type("7")
    await keys.press("Enter")
    await expect(live.locator(".told-here")).to_have_text("7 min longer.")
    await keys.press("u")
    await expect(page.locator("#note")).to_contain_text("Undone: extend")
    await tab_to(page.locator(f"tr[data-session='{AHEAD}'] th a"))
    ahead = page.locator("tr:focus-within")
    await keys.press("d")
    await keys.type("10")
    await expect(page.locator("#delay .primary")).to_be_enabled()
    await keys.press("Enter")
    await expect(ahead.locator(".told-here")).to_have_text("Delayed by 10 min.")
    await keys.press("u")
    await keys.press("w")
    await keys.press("ArrowDown")
    await tab_to(page.get_by_role("button", name="Publish the swap"))
    await keys.press("Enter")
    await expect(page.locator("tr .told-here", has_text="Swapped.")).to_have_count(1)
    await expect(page.get_by_role("button", name="Undo: swap")).to_be_visible()
    await keys.press("u")
    await expect(page.locator("#note")).to_contain_text("Undone: swap")
    await keys.press("c")
    await keys.type("The speaker is ill.")
    await expect(page.locator("#edit .primary")).to_be_enabled()
    await tab_to(page.locator("#edit .primary"))
    await keys.press("Enter")
    await expect(ahead).to_have_attribute("data-state", "skipped")
    await keys.press("u")
    await expect(ahead).to_have_attribute("data-state", "upcoming")
    await keys.press("s")
    await expect(ahead.locator("[data-armed]")).to_be_focused()
    await keys.press("s")
    await expect(ahead).to_have_attribute("data-state", "live")
    await keys.press("u")
    await expect(ahead).not_to_have_attribute("data-state", "live")
    await tab_to(page.locator("#hold"), "Shift+Tab")
    await keys.press("Enter")
    await expect(page.locator("#note")).to_contain_text("The show clock is held")
    # The answer may come before the clock's own news, after which the button means the contrary.
    await expect(page.locator("#hold")).to_contain_text("Resume")
    await keys.press("Enter")
    await expect(page.locator("#note")).to_contain_text("The show clock runs")
