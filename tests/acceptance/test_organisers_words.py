"""An organiser's own words, before people join and once the event is over, in a real browser."""

import json
import re
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess

from .conftest import EVENT, SCHEDULE, Visitors
from .test_accessibility import complaints

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = """
consents:
  - {id: conduct, text: I keep to the code of conduct., version: "2", url: "https://a.example/conduct"}
  - {id: news, text: Send me news., required: false}
ending:
  text: That was it.
  links: [{title: All slides, url: "https://a.example/slides"}]
certificate: {min_minutes: 30, text: The harbour master vouches for it.}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    """The last session has ended."""
    folder = tmp_path_factory.mktemp("words")
    schedule = folder / "schedule.yaml"
    schedule.write_text(SCHEDULE.read_text() + WORDS)
    options = ("--rehearse-from", "2023-12-13T13:00", "--media-workers", "0")
    async with ServeProcess(schedule, *options, data=folder / "data") as server:
        yield server


def registrations(server):
    token = server.token(EVENT, "producer")
    address = f"{server.url}/api/v1/events/{EVENT}/exports/registrations.json"
    with urlopen(Request(address, headers={"Authorization": f"Bearer {token}"})) as answer:
        return json.load(answer)["registrations"]


async def test_the_end_has_the_organisers_words_and_people_agree_before_they_join(
    visitors: Visitors, server
):
    page = await visitors.open("")
    await expect(page.locator("#next-name")).to_have_text("That was it.")
    slides = page.locator("#next-links a", has_text="All slides")
    await expect(slides).to_have_attribute("href", "https://a.example/slides")
    assert await complaints(page) == []
    await page.get_by_label("Your name").fill("Ada")
    join = page.get_by_role("button", name="Join the event")
    await join.click()  # the browser says what is missing
    conduct = page.get_by_label("I keep to the code of conduct.", exact=True)
    await expect(conduct).to_be_focused()
    await conduct.check()
    await join.click()
    await expect(page.locator("#connection")).to_have_text("Connected")
    [ada] = registrations(server)
    assert (ada["name"], ada["agreed"]) == ("Ada", ["conduct 2"])
    assert ada["agreed_ms"] > 0


async def test_a_talks_own_page_asks_for_the_same(visitors: Visitors):
    page = await visitors.open("watch/opening")
    await expect(page.locator("#consents input")).to_have_count(2)
    await expect(page.get_by_label("Send me news. (if you want)")).not_to_be_checked()


async def test_a_certificate_says_what_it_takes_and_is_checked_by_its_code(visitors: Visitors):
    page = await visitors.open("certificate", "attendee", name="Ada")
    await expect(page.locator("#told")).to_have_text(
        "You attended 0 minutes; a certificate takes 30."
    )
    await expect(page.locator("#certificate")).to_be_hidden()
    false = await visitors.open("certificate/made.up")
    await expect(false.locator("#told")).to_contain_text("no certificate of this event")
    assert await complaints(false) == []


async def test_a_certificate_is_printed_with_the_address_that_checks_it(visitors: Visitors):
    page = await visitors.open("certificate", "attendee", name="Ada")
    earned = {"state": "earned", "minutes": 42, "of_minutes": 90, "code": "a.b"}
    certified = {"name": "Ada Lovelace", "minutes": 42, "of_minutes": 90, "issued_ms": 0}
    api = f"**/api/v1/events/{EVENT}"
    await page.route(f"{api}/certificate", lambda route: route.fulfill(json=earned))
    await page.route(f"{api}/certificates/a.b", lambda route: route.fulfill(json=certified))
    await page.reload()
    shown = page.locator("#certificate")
    await expect(shown).to_contain_text("Ada Lovelace")
    await expect(shown).to_contain_text("Attended 42 of 90 minutes of talks.")
    await expect(shown).to_contain_text("The harbour master vouches for it.")
    await expect(page.locator("#check")).to_have_attribute(
        "href", re.compile(rf"/e/{EVENT}/certificate/a\.b$")
    )
    assert await complaints(page) == []
    await page.emulate_media(media="print")
    await expect(page.locator("#told")).to_be_hidden()
    await expect(shown).to_be_visible()
