"""A talk that is over is rated in a browser; its speaker and a producer read what people thought."""

from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess

from .conftest import EVENT, SCHEDULE, Visitors
from .test_accessibility import complaints, settled
from .test_pages import command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "ai-multi-tenancy"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    """The model event where people may rate, within the first talk."""
    folder = tmp_path_factory.mktemp("server")
    schedule = folder / "schedule.yaml"
    schedule.write_text("feedback: true\n" + SCHEDULE.read_text())
    async with ServeProcess(schedule, "--rehearse-from", "09:06", data=folder / "data") as process:
        yield process


async def test_a_talk_is_rated_when_it_ends_and_its_speaker_reads_it(
    visitors: Visitors, server: ServeProcess
):
    ada = await visitors.open(f"watch/{TALK}", "attendee", name="Ada")
    speaker = await visitors.open(f"speak/{TALK}", "speaker", sessions=(TALK,))
    await settled(ada)
    await expect(ada.locator("#rating-box")).to_be_hidden()
    produce = partial(command, server, server.token(EVENT, "producer"))
    await produce("session.end", session=TALK)

    await expect(ada.locator("#rating-box")).to_be_visible()
    await ada.get_by_role("button", name="Send").press("Enter")
    await expect(ada.locator("#rating-error")).to_have_text("Choose one to five stars first.")
    await ada.get_by_label("3 stars").press("Space")
    await ada.keyboard.press("ArrowRight")
    await ada.get_by_label("What should the speakers know?").fill("Very clear, a little fast")
    assert await complaints(ada) == []
    await ada.get_by_role("button", name="Send").press("Enter")
    await expect(ada.locator("#rating-own")).to_contain_text("You gave 4 of 5 stars")

    feedback = speaker.locator("#feedback")
    await expect(feedback).to_contain_text("4.0 of 5, from one rating")
    await expect(feedback).to_contain_text("Very clear, a little fast")
    assert "Ada" not in (await feedback.text_content() or "")
    assert await complaints(speaker) == []

    await ada.get_by_role("button", name="Change").press("Enter")
    await ada.get_by_label("5 stars").press("Space")
    await ada.get_by_role("button", name="Send").press("Enter")
    await expect(feedback).to_contain_text("5.0 of 5, from one rating")

    producer = await visitors.open("produce", "producer")
    await settled(producer)
    await producer.get_by_text("What people thought of each talk").press("Enter")
    await expect(producer.locator("#feedback-list")).to_contain_text("5.0 of 5, from one rating")
