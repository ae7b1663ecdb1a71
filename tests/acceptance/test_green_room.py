"""The green room, slides, quality and ICE restarts in a real browser, over the real media engine."""

import json
import re

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import register

from .conftest import SCHEDULE, Visitors
from .test_pages import TALK, WATCH, command

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENT = SCHEDULE.stem

# Runs before any script of a page: keeps its peer connections, what it sent, and what it said.
RECORD = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...options) { super(...options); peers.push(this); }
    };
    window.sent = [];
    const original = fetch;
    window.fetch = async (url, options) => {
      const answer = await original(url, options);
      const to = new URL(url).pathname.split("/").pop();
      if (options?.method) sent.push(`${options.method} ${to} ${answer.status}`);
      return answer;
    };
    window.posters = new Set();
    new MutationObserver(() => {
      const poster = document.getElementById("poster");
      if (poster && !poster.hidden) posters.add(document.getElementById("poster-kind").textContent);
    }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
"""


@pytest.fixture(scope="module")
def rehearsal():
    """The talk is live from the start."""
    return ("--rehearse-from", "09:06")


@pytest_asyncio.fixture(loop_scope="module")
async def speaker(visitors: Visitors):
    """The talk's speaker publishes the test card."""
    speaker = await visitors.open(f"speak/{TALK}", "speaker", name="Bikash", sessions=(TALK,))
    await speaker.get_by_label("Test card").check(force=True)
    await speaker.get_by_role("button", name="Go on air").click()
    await expect(speaker.locator("#tally")).to_have_text("On air")
    return speaker


async def watch(visitors: Visitors) -> Page:
    url = visitors.server.url
    vera = await register(url, EVENT, "Vera")
    viewer = await visitors.open("")
    await viewer.add_init_script(RECORD)
    await viewer.goto(f"{url}/e/{EVENT}/{WATCH}#token={vera.token}")
    await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live")
    return viewer


async def width(page: Page, at_least: int, at_most: int) -> None:
    """Wait until the picture is so wide. Busy machines send smaller ones than they could."""
    await page.wait_for_function(
        """([least, most]) => {
          const { videoWidth } = document.getElementById("video");
          return videoWidth >= least && videoWidth <= most;
        }""",
        arg=[at_least, at_most],
    )


async def wait_for_viewer(server: ServeProcess, **figures) -> None:
    """Wait until the stage has one viewer alone, with these figures."""

    async def is_so() -> bool:
        viewers = await viewers_of(server)
        return len(viewers) == 1 and figures.items() <= viewers[0].items()

    await until(is_so)


async def viewers_of(server: ServeProcess) -> list[dict]:
    url = f"{server.url}/api/v1/events/{EVENT}/stages/main/viewers"
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    async with aiohttp.request("GET", url, headers=headers) as answer:
        return (await answer.json())["viewers"]


async def test_slides_go_from_the_green_room_to_the_stage_and_back(speaker, visitors, server):
    desk = await visitors.open("produce", "producer", name="Paula")
    viewer = await watch(visitors)
    await speaker.get_by_role("button", name="Share a screen…").click()
    await expect(speaker.locator("#slides-state")).to_have_text("Green room")
    await expect(desk.locator("#green-room-link")).to_have_text(re.compile("Green room: 2"))

    camera = desk.locator("[data-source=main]")
    slides = desk.locator("[data-source=slides]")
    await expect(camera).to_contain_text("Bikash")
    await expect(camera).to_contain_text("On stage")
    await expect(camera).to_contain_text(re.compile(r"VP8, .*bit/s"))
    await expect(camera.get_by_role("meter")).to_have_attribute(
        "aria-valuetext", re.compile("dBov")
    )
    await expect(camera.get_by_role("button", name="Put on stage")).to_be_hidden()
    await expect(desk.locator(".stage-room")).to_contain_text(re.compile("Viewers1"))

    await slides.get_by_role("button", name="Preview").click()
    picture = await slides.locator("video").element_handle()
    await desk.wait_for_function("video => video.videoWidth > 0", arg=picture)
    shared = await picture.evaluate("video => video.videoWidth")
    await slides.get_by_role("button", name="Stop").click()

    await slides.get_by_role("button", name="Put on stage").dblclick()  # it is armed by the first
    await expect(slides).to_contain_text("On stage")
    await expect(speaker.locator("#slides-state")).to_have_text("On stage")
    await expect(speaker.locator("#air-text")).to_have_text(
        "The audience hears you and sees the slides."
    )
    await width(viewer, shared, shared)
    await expect(viewer.locator("#face-box")).to_be_visible()
    await viewer.wait_for_function("() => document.getElementById('face').videoWidth > 0")

    await desk.get_by_role("button", name="Automatic").dblclick()
    await expect(viewer.locator("#face-box")).to_be_hidden()
    await width(viewer, 1, shared - 1)
    assert await viewer.evaluate("peers[0].connectionState") == "connected"  # through it all
    assert not await viewer.evaluate(
        "posters.has('Reconnecting…') || posters.has('The picture stopped')"
    )

    await desk.locator(".stage-room summary", has_text="Viewers").click()
    await expect(desk.locator(".stage-room tbody th")).to_have_text(["Vera"])


async def test_a_quality_is_chosen_kept_and_asked_for_again(speaker, visitors, server):
    viewer = await watch(visitors)
    await viewer.get_by_label("Quality").select_option("Low (data saver)")
    await width(viewer, 320, 320)
    await wait_for_viewer(server, asked_layer="low")
    await viewer.reload()
    await expect(viewer.get_by_label("Quality")).to_have_value("low")
    await width(viewer, 320, 320)
    await viewer.wait_for_function("() => sent.includes('POST layer 204')")
    await viewer.get_by_label("Quality").select_option("Sound only")
    await expect(viewer.locator("#poster-kind")).to_have_text("Sound only")
    await expect(viewer.locator("#unmute")).to_be_visible()
    await wait_for_viewer(server, layer="none")
    await viewer.reload()  # sound plays although no picture ever came on this connection
    await expect(viewer.locator("#poster-kind")).to_have_text("Sound only")
    await viewer.wait_for_function("() => document.getElementById('video').currentTime > 1")
    await viewer.get_by_label("Quality").select_option("Automatic")
    await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live")


async def test_a_changed_network_restarts_ice_and_keeps_the_connection(speaker, visitors):
    viewer = await watch(visitors)
    before = await viewer.evaluate("peers[0].remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]")
    await viewer.evaluate("dispatchEvent(new Event('online'))")
    await viewer.wait_for_function("() => sent.some((line) => /^PATCH .* 200$/.test(line))")
    await viewer.wait_for_function(
        "before => peers[0].remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1] !== before",
        arg=before,
    )
    at = await viewer.evaluate("document.getElementById('video').currentTime")
    await viewer.wait_for_function(
        "at => document.getElementById('video').currentTime > at + 1", arg=at
    )
    assert await viewer.evaluate("[peers.length, peers[0].connectionState]") == [1, "connected"]


async def test_a_talk_has_a_report_when_it_is_over(speaker, visitors, server):
    await watch(visitors)
    desk = await visitors.open("produce", "producer", name="Paula")
    await expect(desk.locator("#quality-empty")).to_be_visible()
    producer = server.token(EVENT, "producer", name="Paula")
    await command(server, producer, "session.end", session=TALK)
    report = desk.locator(f"[data-quality={TALK}]")
    await expect(report).to_contain_text("viewer")
    await report.locator("summary").click()
    await expect(report).to_contain_text("Round trip")
    async with desk.expect_download() as download:
        await desk.get_by_role("button", name="Save as JSON").click()
    saved = json.loads((await (await download.value).path()).read_bytes())
    assert saved["talks"][0]["session"] == TALK
    await expect(speaker.locator("#tally")).to_have_text("Off air")


async def test_without_a_worker_the_desk_says_so(browser, tmp_path):
    options = ("--rehearse-from", "09:04", "--media-workers", "0")
    async with ServeProcess(SCHEDULE, *options, data=tmp_path / "data") as server:
        visitors = Visitors(browser, server)
        desk = await visitors.open("produce", "producer")
        await expect(desk.locator("#green-room-note")).to_contain_text("No video server runs")
        await expect(desk.locator(".stage-room")).to_contain_text("No camera and no slides here.")
        await visitors.close()
