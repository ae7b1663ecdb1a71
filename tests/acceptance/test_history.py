"""The page *History* in Chromium: who did what, searched, narrowed and saved."""

import csv
from pathlib import Path

import pytest
from playwright.async_api import expect

from showcaller_client import Client

from .conftest import EVENT, Visitors

pytestmark = pytest.mark.asyncio(loop_scope="module")


def acts_in(path):
    """Return what each line of a table of acts says was done, and by whom."""
    table = csv.DictReader(Path(path).read_text().splitlines())
    return [(act["what"], act["name"]) for act in table]


async def test_what_was_done_is_searched_narrowed_and_saved(visitors: Visitors):
    server = visitors.server
    for role, name in (("producer", "Pia"), ("moderator", "Mo")):
        token = server.token(EVENT, role, name=name)
        async with Client(server.url, event=EVENT, token=token) as client:
            if role == "producer":
                late = {"session": "conveyor", "minutes": 5, "note": "We wait for the audience"}
                await client.command("session.delay", late)
            await client.command("qa.open", {"session": "opening"})

    page = await visitors.open("history", "producer", name="Ada")
    rows = page.locator("#entries tr")
    await expect(rows.first).to_contain_text("Opened the questions")
    delayed = rows.filter(has_text="Delayed by 5 min")
    await expect(delayed).to_contain_text("Pia")
    await expect(delayed).to_contain_text("We wait for the audience")

    await page.get_by_role("searchbox").fill("pia audience")
    await expect(rows).to_have_count(1)
    await expect(delayed).to_be_visible()
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save as table").click()
    assert acts_in(await (await saved.value).path()) == [("session.delayed", "Pia")]

    await page.get_by_role("searchbox").fill("")
    await page.get_by_label("Who did it").select_option("Mo")
    await expect(rows).to_have_count(1)
    await page.get_by_label("What was done").select_option("Polls")
    await expect(page.get_by_text("Nothing was done that matches.")).to_be_visible()

    moderator = await visitors.open("history", "moderator", name="Max")
    await expect(moderator.locator("#entries tr")).to_have_count(2)
    await expect(moderator.locator("#entries")).not_to_contain_text("Delayed")


async def test_the_organisers_home_lists_roles_links_and_files(visitors: Visitors):
    page = await visitors.open("organise", "producer", name="Olga")
    await expect(page.locator("#roles tr", has_text="Producers")).to_contain_text("Olga")
    await expect(page.locator("#roles tr", has_text="Operators")).to_contain_text("Nobody yet")
    agenda = page.locator("#links a", has_text=f"/e/{EVENT}/").first
    assert "#" not in str(await agenda.get_attribute("href"))
    files = page.locator("#files button")
    assert await files.count() == 19
    for place in range(19):
        async with page.expect_response("**/exports/*") as answered:
            await files.nth(place).click()
        assert (await answered.value).status == 200, (await answered.value).url
    await expect(page.locator("#error")).to_be_empty()
