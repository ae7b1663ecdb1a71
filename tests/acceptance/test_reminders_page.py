"""Reminders in a real Chromium: what is offered, an address that is confirmed, a push that is shown."""

import json
import re
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.mail_server import mail_server
from showcaller.testing.push_service import vapid_key
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

from .conftest import SCHEDULE
from .test_accessibility import complaints

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENT = SCHEDULE.stem


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box():
    async with mail_server() as (box, url):
        box.url = url
        yield box


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory, box):
    folder = tmp_path_factory.mktemp("reminders")
    key = folder / "push.pem"
    key.write_bytes(vapid_key())
    options = (
        *("--rehearse-from", "08:30", "--media-workers", "0", "--smtp", box.url),
        *("--mail-from", "agenda@example.org", "--push-key", str(key)),
        *("--push-contact", "mailto:agenda@example.org"),
    )
    async with ServeProcess(SCHEDULE, *options, data=folder / "data") as process:
        yield process


async def once_connected(page, route):
    """Let a request go on when the page has been told all else that it asks for at its start."""
    await expect(page.locator(".own-calendar a[download]")).to_have_attribute(
        "href", re.compile(".")
    )
    await route.continue_()


async def test_an_address_gets_reminders_once_its_link_was_opened(visitors, box):
    page = await visitors.open("", "attendee", name="Ada")
    await page.get_by_text("Calendar and reminders").click()
    await expect(page.get_by_label("Remind me in this browser")).to_be_visible()
    assert await complaints(page) == []
    await page.get_by_label("Remind me by mail").fill("ada@example.net")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_text("Open the link in the mail to ada@example.net.")).to_be_visible()
    await until(lambda: box.mails)
    link = re.search(r"http\S+#confirm-mail=\S+", box.mails[0].get_content())[0]
    await page.route("**/mail/confirm", partial(once_connected, page))
    await page.goto(link)
    await page.reload()  # another fragment alone opens no page anew
    await page.get_by_text("Calendar and reminders").click()
    await expect(page.get_by_text("Mails go to ada@example.net.")).to_be_visible()
    assert await complaints(page) == []
    await page.get_by_role("button", name="No more mails").click()
    await expect(page.get_by_label("Remind me by mail")).to_be_visible()


async def test_what_is_pushed_is_shown_with_the_way_to_its_talk(visitors, server):
    page = await visitors.open("", "attendee")
    await page.context.grant_permissions(["notifications"], origin=server.url)
    devtools, found = await page.context.new_cdp_session(page), []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated", lambda it: found.extend(it["registrations"])
    )
    states = []
    devtools.on(
        "ServiceWorker.workerVersionUpdated",
        lambda it: states.extend(version["status"] for version in it["versions"]),
    )
    await devtools.send("ServiceWorker.enable")
    await page.evaluate(
        "navigator.serviceWorker.register('/push_worker.js')"
        ".then(() => navigator.serviceWorker.ready).then(() => {})"
    )
    # A page may see its worker ready before the browser takes a push for it.
    await until(lambda: found and "activated" in states)
    told = {"title": "Conveyor", "body": "Starts in 5 min", "path": "/e/x/watch/y", "tag": "x/y"}
    await devtools.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": server.url,
            "registrationId": found[0]["registrationId"],
            "data": json.dumps(told),
        },
    )

    async def shown():
        return await page.evaluate(
            "navigator.serviceWorker.ready.then((it) => it.getNotifications())"
            ".then((all) => all.map(({title, body, data}) => [title, body, data.path]))"
        )

    await until(shown)
    assert await shown() == [["Conveyor", "Starts in 5 min", "/e/x/watch/y"]]
