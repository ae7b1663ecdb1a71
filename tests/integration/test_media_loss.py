"""A viewer whose line loses 5 % of the packets, each way: the picture goes on, and so does the sound.

Chromium watches from a network namespace; where the machine forbids those, through a relay that loses.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from showcaller.testing.lossy_line import Forbidden, Namespace, Relay
from showcaller.testing.pictures import WATCH_PICTURES, Pictures
from showcaller.testing.talks import EVENT, TalksServer
from showcaller.testing.until import until

RELAYED = "--media-address", "127.0.0.1"
FRAMES_PER_S = 25
GRAIN = 60
WATCHED_S = 6.0
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


@contextlib.asynccontextmanager
async def chromium(program: str | Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=list(BROWSER_ARGUMENTS)
        )
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def serving(folder: Path, *options: str) -> AsyncIterator[TalksServer]:
    """The first talk is on, with a picture of about eight packets a frame."""
    async with TalksServer(folder, *options) as server:
        await server.change_to("one")
        async with server.speaker("one", 120, grain=GRAIN):
            yield server


@pytest.fixture
def namespace(tmp_path: Path):
    """None where there can be none."""
    try:
        with Namespace(tmp_path) as namespace:
            yield namespace
    except Forbidden:
        yield None


async def test_the_picture_goes_on_and_audio_holds(namespace: Namespace | None, tmp_path: Path):
    program = shutil.which("chromium")
    assert program, "this test needs Chromium: `make tools` installs it"
    if namespace is None:
        async with serving(tmp_path, *RELAYED) as server, chromium(program) as browser:
            await watch_through_relay(browser, server)
        return
    options = "--host", "0.0.0.0", "--media-address", namespace.host
    behind = namespace.behind(program)
    async with serving(tmp_path, *options) as server, chromium(behind) as browser:
        await watch(await browser.new_page(), server, namespace.host)


async def watch_through_relay(browser: Browser, server: TalksServer) -> None:
    relay, page = Relay(), await browser.new_page()

    async def lead_to_relay(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=await relay.answer(await answer.text()))

    await page.route("**/whep", lead_to_relay)
    try:
        await watch(page, server, "127.0.0.1")
    finally:
        relay.close()


async def watch(page: Page, server: TalksServer, host: str) -> None:
    await page.add_init_script(WATCH_PICTURES)
    token = server.token(EVENT, "attendee")
    await page.goto(f"http://{host}:{server.port}/e/{EVENT}/watch/one#token={token}")
    pictures = Pictures(page)
    await until(pictures.all)
    await page.locator("#unmute").click()  # what nobody hears is not decoded
    await asyncio.sleep(1)  # the first picture's own repairs
    before = await pictures.received()
    await asyncio.sleep(WATCHED_S)
    received = await pictures.received() - before
    assert received.frames_decoded >= 0.9 * FRAMES_PER_S * WATCHED_S
    assert (
        received.freezes <= WATCHED_S
    )  # a repair that is lost too: Chromium asks again after 100 ms
    assert received.frozen_s < 0.2 * WATCHED_S
    assert received.retransmitted >= 0.01 * received.packets  # there is loss, and it is mended
    assert received.samples > 0.9 * 48_000 * WATCHED_S
    assert received.concealed < 0.2 * received.samples
    assert await pictures.connections() == 1


async def test_the_relay_loses_as_much_and_the_picture_goes_on(tmp_path: Path):
    program = shutil.which("chromium")
    assert program
    async with serving(tmp_path, *RELAYED) as server, chromium(program) as browser:
        await watch_through_relay(browser, server)
