"""A chat beside a talk in a browser: read, written, slowed down, and moderated."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.serving import ServeProcess

from .conftest import SCHEDULE, Visitors
from .test_accessibility import complaints, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "ai-multi-tenancy"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    """The model event with chats, which tells who is here, within the first talk."""
    folder = tmp_path_factory.mktemp("server")
    schedule = folder / "schedule.yaml"
    schedule.write_text("chat: true\npeople: names\n" + SCHEDULE.read_text())
    async with ServeProcess(schedule, "--rehearse-from", "09:06", data=folder / "data") as process:
        yield process


async def chat(visitors: Visitors, name: str) -> Page:
    page = await visitors.open(f"watch/{TALK}", "attendee", name=name)
    await settled(page)
    await page.get_by_role("button", name="Chat").press("Enter")
    await expect(page.get_by_label("Write to everybody here")).to_be_visible()
    return page


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Write to everybody here").fill(text)
    await page.get_by_role("button", name="Send").press("Enter")


def line(page: Page, text: str):
    return page.locator(".chat-line", has_text=text)


async def test_what_is_written_is_read_beside_the_questions_and_moderated(visitors: Visitors):
    ada, bob = await chat(visitors, "Ada"), await chat(visitors, "Bob")
    await write(ada, "Hello from Lisbon")
    await expect(line(bob, "Hello from Lisbon")).to_contain_text("Ada")
    await expect(ada.get_by_label("Write to everybody here")).to_have_value("")

    await bob.get_by_role("button", name="Questions", exact=True).click()
    await write(ada, "Does anybody have the slides?")
    await expect(bob.locator("#to-chat")).to_have_text("Chat (1 new)")
    await bob.locator("#to-chat").click()
    await expect(bob.locator("#to-chat")).to_have_text("Chat")
    for page in (ada, bob):
        assert await complaints(page) == []

    await ada.get_by_text("Who is here").press("Enter")
    await expect(ada.locator("#people-list")).to_contain_text("Bob")

    await line(ada, "slides").get_by_role("button", name="Delete").click()
    await expect(line(bob, "slides")).to_have_count(0)

    desk = await visitors.open("moderate", "moderator", name="Mo")
    await settled(desk)
    await desk.locator("#session").select_option(TALK)
    await desk.locator("#chat-box summary").click()
    await desk.get_by_label("Slow mode").select_option("60")
    await expect(bob.locator("#chat-slow")).to_contain_text("one message every 1 min")
    await write(bob, "First")
    await expect(bob.get_by_label("Write to everybody here")).to_have_value("")
    await write(bob, "Second")
    await expect(bob.locator("#chat-error")).to_contain_text("slow mode")
    assert await complaints(desk) == []

    of_bob = line(desk, "First")
    await of_bob.get_by_role("button", name="Silence").click()
    await of_bob.get_by_role("button", name="For 10 min?").click()
    await expect(bob.locator("#chat-closed")).to_contain_text("asked you to pause")
    await line(desk, "Lisbon").get_by_role("button", name="Delete", exact=True).click()
    await expect(line(ada, "Lisbon")).to_have_count(0)
    await desk.get_by_role("button", name="Close the chat").click()
    await expect(ada.locator("#chat-closed")).to_contain_text("closed the chat")
