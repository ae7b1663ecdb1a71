"""A speaker's desk in a real browser: mute, camera off, time, private lines, questions, sessions."""

from functools import partial

import pytest
from playwright.async_api import Page, expect

from .conftest import EVENT, Visitors
from .test_accessibility import complaints
from .test_pages import ask, command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK, LATER = "ai-multi-tenancy", "crane"
# Tracks that are sent, by kind: on, and which one it is.
TRACKS = """
    () => Object.fromEntries(document.getElementById("preview").srcObject.getTracks()
      .map(({ kind, enabled, id }) => [kind, { enabled, id }]))
"""


@pytest.fixture
def produce(server):
    return partial(command, server, server.token(EVENT, "producer", name="Paula"))


async def desk(visitors: Visitors, path: str = f"speak/{TALK}") -> Page:
    page = await visitors.open(path, "speaker", name="Sam", sessions=(TALK, LATER))
    await expect(page.locator("#connection")).to_have_text("Connected")
    return page


async def test_mute_and_camera_off_keep_the_tracks(visitors: Visitors):
    page = await desk(visitors)
    await page.get_by_label("Test card").check(force=True)
    before = await page.evaluate(TRACKS)
    await page.get_by_role("button", name="Mute", exact=True).press("Enter")
    await page.get_by_role("button", name="Camera off").press("Enter")
    await expect(page.locator("#source-note")).to_have_text("You are muted. Your camera is off.")
    off = await page.evaluate(TRACKS)
    assert off == {kind: {**track, "enabled": False} for kind, track in before.items()}
    assert await complaints(page) == []
    await page.get_by_label("Camera and microphone").check(force=True)
    await expect(page.locator("#devices")).to_be_visible()
    other = await page.evaluate(TRACKS)
    assert [track["enabled"] for track in other.values()] == [False, False]  # it stays off
    await page.get_by_role("button", name="Unmute").click()
    assert (await page.evaluate(TRACKS))["audio"]["enabled"]


async def test_tally_and_time_stay_in_view_and_the_clock_turns_amber(visitors: Visitors, produce):
    page = await desk(visitors)
    await page.set_viewport_size({"width": 390, "height": 700})
    await page.locator("#monitor summary").scroll_into_view_if_needed()
    await expect(page.locator("#tally")).to_be_in_viewport(ratio=1)
    await expect(page.locator("#count")).to_be_in_viewport(ratio=1)
    await produce("session.start", session=TALK)
    await expect(page.locator("#count-label")).to_have_text("Ends in")
    await produce("session.extend", session=TALK, minutes=-18)
    await expect(page.locator("#head")).to_have_attribute("data-tone", "wait")
    await expect(page.locator("#count-label")).to_have_text("Wrap up: ends in")
    assert await complaints(page) == []


async def test_a_line_from_the_producer_is_the_speakers_alone(visitors: Visitors, produce):
    page = await desk(visitors)
    attendee = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await produce("announcement.make", text="Two more minutes", session=TALK, to="speakers")
    line = page.locator(".backstage-line", has_text="Two more minutes")
    await expect(line).to_contain_text("Paula")
    assert await complaints(page) == []
    await line.get_by_role("button", name="Got it").click()
    await expect(line).to_have_count(0)
    await produce("announcement.make", text="Welcome, all", session=TALK)
    await expect(attendee.locator("#banners")).to_contain_text("Welcome, all")
    await expect(attendee.locator("body")).not_to_contain_text("Two more minutes")


async def test_questions_that_come_next_are_listed_by_votes(visitors: Visitors, produce):
    page = await desk(visitors)
    attendee = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    await ask(attendee, "What comes next?")
    await expect(page.locator("#queue-empty")).to_be_visible()
    own = attendee.locator("#own-list li", has_text="What comes next?")
    await produce("question.approve", question=await own.get_attribute("data-question"))
    await expect(page.locator("#queue li")).to_contain_text("What comes next?")


async def test_a_speaker_says_whether_they_may_be_recorded(visitors: Visitors):
    page = await desk(visitors)
    asked = page.get_by_role("group", name="May you be recorded?")
    await expect(asked.get_by_label("Yes")).to_be_checked()  # the schedule records everybody
    await asked.get_by_label("No").click(force=True)
    await expect(page.locator("#consent-text")).to_contain_text("You are not recorded.")
    assert await complaints(page) == []
    await page.reload()
    await expect(asked.get_by_label("No")).to_be_checked()


async def test_one_link_leads_to_the_session_that_counts_and_from_there_to_all(visitors: Visitors):
    page = await desk(visitors, "speak")
    await expect(page).to_have_url(f"{visitors.server.url}/e/{EVENT}/speak/{TALK}")
    await page.locator("#own-sessions a").last.click()
    await expect(page).to_have_url(f"{visitors.server.url}/e/{EVENT}/speak/{LATER}")
    await page.goto(f"{visitors.server.url}/e/{EVENT}/speak/livegraph")
    await page.get_by_role("link", name="To your session").click()
    await expect(page).to_have_url(f"{visitors.server.url}/e/{EVENT}/speak/{TALK}")
