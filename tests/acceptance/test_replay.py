"""A recorded talk in Chromium: by HLS where nothing else comes through, gone back in, watched again."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from showcaller.testing.talks import EVENT, TalksServer
from showcaller.web.hls_js import FOLDER
from showcaller_client import Client, fetch_replay

from .conftest import RECORD_VIOLATIONS
from .test_accessibility import complaints
from .test_codecs_in_chromium import SPEAK

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The network of somebody whom no packet of UDP leaves, as long as `blocked` says so.
BLOCKABLE = """
    window.blocked = true;
    const Peer = RTCPeerConnection;
    window.RTCPeerConnection = class extends Peer {
      constructor(options) { super(blocked ? { ...options, iceTransportPolicy: "relay" } : options); }
    };
"""
PLAYS = """async () => {
      const at = video.currentTime;
      await new Promise((go) => setTimeout(go, 200));
      return video.currentTime > at;
    }
"""
# A browser without HLS of its own.
NO_HLS = "HTMLMediaElement.prototype.canPlayType = () => '';"
FIRST = "Why does it last?"
HLS_JS = FOLDER / "hls.min.js"
# hls.js on a page of somebody else, and the cues that it shows there, by server time.
OTHER_PLAYER = """(address) => {
      window.video = document.body.appendChild(document.createElement("video"));
      window.hls = new Hls({ enableWorker: false });
      hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => (window.first = details.fragments[0]));
      hls.loadSource(address);
      hls.attachMedia(video);
    }
"""
SHOWN = """(language) => {
      const track = [...video.textTracks].find((one) => one.language === language);
      if (track) track.mode = "showing"; // as a viewer chooses it
      const cues = track?.cues;
      const atMs = ({ startTime }) => first.programDateTime + (startTime - first.start) * 1000;
      return window.first && cues?.length ? [...cues].map((cue) => [cue.text, atMs(cue)]) : null;
    }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talks(tmp_path_factory, browser):
    """A talk that a browser speaks in, recorded."""
    async with TalksServer(tmp_path_factory.mktemp("replay"), record=True) as server:
        await server.change_to("one")
        context = await browser.new_context(permissions=["camera", "microphone"])
        page = await context.new_page()
        await page.goto(f"{server.url}/e/{EVENT}/")
        token = server.token(EVENT, "speaker", person="p_one", sessions=["one"])
        await page.evaluate(SPEAK, {"event": EVENT, "session": "one", "token": token})
        yield server
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def opened(browser, talks):
    """Open a page of the event, and look for faults at the end."""
    faults: list[str] = []
    pages: list[Page] = []

    async def opened(path: str, script: str = "", role: str = "attendee") -> Page:
        context = await browser.new_context(
            viewport={"width": 1280, "height": 900},
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = await context.new_page()
        await page.add_init_script(RECORD_VIOLATIONS + script)
        page.on("pageerror", lambda error: faults.append(str(error)))
        token = talks.token(EVENT, role, name="Ada")
        await page.goto(f"{talks.url}/e/{EVENT}/{path}#token={token}")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        faults += await page.evaluate("violations")
        await page.context.close()
    assert faults == []


async def asked(server, text):
    token = server.token(EVENT, "attendee", person="p_quinn", name="Quinn")
    async with Client(server.url, event=EVENT, token=token) as client:
        question = await client.command("question.ask", {"session": "one", "text": text})
    await server.command("question.push", question=question["question"])


async def test_who_is_blocked_watches_by_hls_and_goes_live_once_the_way_is_free(opened):
    page = await opened("watch/one", BLOCKABLE)
    screen, behind = page.locator("#screen"), page.locator("#behind")
    await expect(behind).to_contain_text("s behind live", timeout=40_000)
    await expect(page.locator("#timeline-note")).to_contain_text("No direct picture")
    await expect(screen).to_have_attribute("data-state", "live")
    await page.wait_for_function(PLAYS)
    assert await page.evaluate("video.srcObject") is None
    await page.evaluate("blocked = false")
    await page.wait_for_function("() => video.srcObject !== null", timeout=40_000)
    await expect(behind).to_have_text("Live")
    await expect(page.locator("#timeline-note")).to_be_empty()
    await page.wait_for_function(PLAYS)


async def test_who_goes_back_sees_the_questions_of_then_and_is_live_by_one_press(opened, talks):
    page, live = await opened("watch/one"), await opened("watch/one")
    await asked(talks, FIRST)
    await expect(live.locator("#on-air-text")).to_have_text(FIRST)
    await page.get_by_role("button", name="Back 10 s").click()
    await expect(page.locator("#behind")).to_contain_text("s behind live")
    await expect(page.locator("#on-air")).to_be_hidden()
    assert await complaints(page) == []
    await page.get_by_label("Questions and cues at once").check()
    await expect(page.locator("#on-air-text")).to_have_text(FIRST)
    await page.get_by_label("Questions and cues at once").uncheck()
    await expect(page.locator("#on-air")).to_be_hidden()
    when = await page.locator("#when").text_content()
    await talks.command("session.extend", session="one", minutes=10)
    await expect(live.locator("#when")).not_to_have_text(when)
    await expect(page.locator("#when")).to_have_text(when)  # it comes with the picture
    await page.get_by_role("button", name="Back to live").click()
    await expect(page.locator("#behind")).to_have_text("Live")
    await expect(page.locator("#on-air-text")).to_have_text(FIRST)
    await expect(page.locator("#when")).not_to_have_text(when)
    await page.wait_for_function("() => video.srcObject !== null")


async def test_without_hls_js_the_page_is_live_all_the_same(opened, talks):
    page = await opened("", NO_HLS)
    await page.route("**/vendor/hls.min.js", lambda route: route.abort())
    await page.goto(f"{talks.url}/e/{EVENT}/watch/one")
    await page.wait_for_function("() => video.srcObject !== null")
    await page.get_by_role("button", name="Back 10 s").click()
    await expect(page.locator("#timeline-note")).to_contain_text("This browser can’t play it")
    await page.wait_for_function("() => video.srcObject !== null")
    await page.wait_for_function(PLAYS)


async def test_a_line_that_is_typed_stands_over_the_picture_in_the_language_one_chose(opened):
    viewer = await opened("watch/one")
    await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live")
    writer = await opened("captions/one", role="captioner")
    shown = viewer.locator("#captions")
    await writer.get_by_label("Write what is said").fill("Nothing lasts <b>for ever</b>")
    await writer.keyboard.press("Enter")
    await writer.keyboard.type("but a log")
    await writer.keyboard.press("Enter")
    await expect(writer.locator("#caption-lines li")).to_have_count(2)
    await expect(shown).to_be_empty()
    await viewer.get_by_label("Captions", exact=True).select_option("English")
    await viewer.get_by_label("Size of captions").select_option("Large")
    await writer.keyboard.type("and a good one")
    await writer.keyboard.press("Enter")
    await expect(shown).to_contain_text("and a good one")
    await writer.get_by_role("button", name="Correct").last.click()
    await writer.get_by_label("Correct this line").fill("and a very good one")
    await writer.keyboard.press("Enter")
    await expect(shown).to_contain_text("and a very good one")
    await expect(shown).to_have_attribute("lang", "en")
    assert await complaints(viewer) == await complaints(writer) == []
    await viewer.reload()
    await expect(viewer.get_by_label("Captions", exact=True)).to_have_value("en")
    await viewer.get_by_label("Captions", exact=True).select_option("Deutsch")
    await expect(shown).to_be_empty()


async def test_a_talk_that_ended_is_watched_again_with_its_questions(opened, talks):
    page = await opened("watch/one")
    await expect(page.locator("#screen")).to_have_attribute("data-state", "live")
    for question in ("What came first?", "What came last?"):  # which answers the one before
        await asked(talks, question)
        await expect(page.locator("#on-air-text")).to_have_text(question)
        at = await page.evaluate("video.currentTime")
        await page.wait_for_function("(at) => video.currentTime > at + 4", arg=at)
    await talks.command("session.end", session="one")
    talks.on = None
    await page.get_by_role("button", name="Watch again").click()
    await expect(page.locator("#screen")).to_have_attribute("data-state", "replay")
    last = page.get_by_role("button", name="What came last?")
    await last.click()
    await expect(page.locator("#on-air-text")).to_have_text("What came last?")
    await expect(last).to_have_attribute("aria-current", "true")
    await page.get_by_role("button", name="What came first?").click()
    await expect(page.locator("#on-air-text")).to_have_text("What came first?")
    await page.get_by_label("Speed").select_option("2×")
    assert await page.evaluate("video.playbackRate") == 2
    assert await complaints(page) == []
    await page.get_by_role("button", name="Copy link to this moment").click()
    await expect(page.locator("#copy-note")).to_contain_text("is copied")
    link = await page.evaluate("navigator.clipboard.readText()")
    other = await opened("")
    await other.goto(link)
    await expect(other.locator("#on-air-text")).to_have_text("What came first?")
    await other.route("**/vendor/hls.min.js", lambda route: route.abort())
    await other.goto(link)  # now by Chromium's own player
    await expect(other.locator("#on-air-text")).to_have_text("What came first?")
    assert (await other.evaluate("video.src")).endswith(".m3u8")
    await other.goto(f"{talks.url}/e/{EVENT}/")
    await other.get_by_role("link", name="Watch again: Talk one").click()
    await expect(other.locator("#screen")).to_have_attribute("data-state", "replay")


async def ended(opened, talks):
    """Return when the recording of the talk begins, which is over after some seconds."""
    if talks.on == "one":
        live = await opened("watch/one")
        await live.wait_for_function("() => document.getElementById('video').currentTime > 6")
        await talks.command("session.end", session="one")
        talks.on = None
        await expect(live.get_by_role("button", name="Watch again")).to_be_visible()
    token = talks.token(EVENT, "attendee", person="p_reader")
    return await fetch_replay(talks.url, EVENT, token, "one")


async def test_a_transcript_is_searched_and_leads_to_the_moment(opened, talks):
    """After the talk, with lines that a service sends then; with them comes the caption over the picture."""
    starts_ms = int((await ended(opened, talks))["starts_at_ms"])
    page = await opened("watch/one")  # which plays by itself what it was opened for
    await expect(page.locator("#screen")).to_have_attribute("data-state", "replay")
    for at_s, text in ((1, "Zuerst das Protokoll"), (3, "dann der Schlüssel")):
        from_ms = starts_ms + at_s * 1000
        times = {"from_ms": from_ms, "to_ms": from_ms + 1500}
        await talks.command("caption.say", session="one", language="de", text=text, **times)
    await page.get_by_label("Captions", exact=True).select_option("Deutsch")
    lines = page.locator("#transcript-list button")
    await expect(lines).to_have_count(2)
    await page.get_by_label("Search the transcript").fill("schlussel")
    await expect(lines).to_have_count(1)
    await lines.click()
    await expect(page.locator("#captions")).to_have_text("dann der Schlüssel")
    await expect(lines).to_have_attribute("aria-current", "true")
    assert await complaints(page) == []


async def test_another_player_shows_the_captions_of_the_playlist(opened, talks, browser):
    replay = await ended(opened, talks)
    starts_ms = int(replay["starts_at_ms"])
    times = {"from_ms": starts_ms + 2000, "to_ms": starts_ms + 3500}
    said = "hat schon die Plattform"
    await talks.command("caption.say", session="one", language="de", text=said, **times)
    page = await (await browser.new_context()).new_page()
    await page.add_script_tag(path=HLS_JS)
    await page.evaluate(OTHER_PLAYER, replay["address"])
    shown = await page.wait_for_function(SHOWN, arg="de")
    assert dict(await shown.json_value())[said] == pytest.approx(times["from_ms"], abs=2)
    await page.context.close()
