"""Each codec that Chromium has, from speaker to audience, without a new negotiation when the talk changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from showcaller.testing.pictures import WATCH_PICTURES, Pictures
from showcaller.testing.talks import EVENT, TALKS, TalksServer
from showcaller.testing.until import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODECS = dict(zip(TALKS, ("VP8", "VP9", "AV1", "H264"), strict=True))
PREFERRED = """
    const make = RTCPeerConnection.prototype.addTransceiver;
    RTCPeerConnection.prototype.addTransceiver = function (track, options) {
      const made = make.call(this, track, options);
      if (made.sender.track?.kind === "video") {
        const all = RTCRtpSender.getCapabilities("video").codecs;
        const wanted = all.filter(({ mimeType }) => mimeType === "video/%s");
        made.setCodecPreferences([...wanted, ...all.filter(({ mimeType }) => mimeType === "video/rtx")]);
      }
      return made;
    };
"""
SPEAK = """
    async ({ event, session, token }) => {
      const { publish } = await import("/sdk/index.js");
      const video = { width: 320, height: 180, frameRate: 15 };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
      const publication = publish({ event, session, token: () => token, stream });
      while (publication.status.state !== "connected") await new Promise((go) => setTimeout(go, 50));
    }
"""
RECEIVED = """
    async () => {
      const report = await peers.at(-1).getStats();
      const video = [...report.values()].find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
      return [report.get(video?.codecId)?.mimeType ?? "", video?.framesDecoded ?? 0];
    }
"""


@pytest_asyncio.fixture(loop_scope="module")
async def talks(tmp_path: Path):
    async with TalksServer(tmp_path) as server:
        yield server


async def speak(
    browser: Browser, server: TalksServer, talk: str, codec: str, script: str = ""
) -> Page:
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.add_init_script(script + PREFERRED % codec)
    await page.goto(f"{server.url}/e/{EVENT}/")
    token = server.token(EVENT, "speaker", person=f"p_{talk}", sessions=[talk])
    await page.evaluate(SPEAK, {"event": EVENT, "session": talk, "token": token})
    return page


LAYERED = """
    const layered = RTCPeerConnection.prototype.addTransceiver;
    RTCPeerConnection.prototype.addTransceiver = function (track, options) {
      const sendEncodings = [{ scalabilityMode: "L2T2" }];
      return layered.call(this, track, track.kind === "video" ? { ...options, sendEncodings } : options);
    };
"""


async def test_av1_in_layers_goes_on_also_behind_a_change_of_talk(browser, talks: TalksServer):
    """Layers of one stream can only be told apart by the dependency descriptor."""
    await talks.change_to("one")
    viewer = await browser.new_page()
    await viewer.add_init_script(WATCH_PICTURES)
    await viewer.goto(f"{talks.url}/e/{EVENT}/watch/one#token={talks.token(EVENT, 'attendee')}")
    speakers = []
    for talk in ("one", "two"):
        speakers.append(await speak(browser, talks, talk, "AV1", LAYERED))
        if talk != talks.on:
            await talks.change_to(talk)
        _, frames = await viewer.evaluate(RECEIVED) if talk == "two" else ("", 0)
        await viewer.wait_for_function(
            f"async (more) => peers.length && (await ({RECEIVED})())[1] >= more", arg=frames + 60
        )
    for speaker in speakers:
        await speaker.context.close()


async def test_each_codec_reaches_the_audience_on_one_connection(browser, talks: TalksServer):
    await talks.change_to("one")
    viewer = await browser.new_page()
    await viewer.add_init_script(WATCH_PICTURES)
    await viewer.goto(f"{talks.url}/e/{EVENT}/watch/one#token={talks.token(EVENT, 'attendee')}")
    before: Page | None = None
    for talk, codec in CODECS.items():
        speaker = await speak(browser, talks, talk, codec)
        if talk != talks.on:
            await talks.change_to(talk)

        async def decoded(codec: str = codec) -> bool:
            mime, frames = await viewer.evaluate(RECEIVED)
            return mime == f"video/{codec}" and frames > 0

        await until(decoded, 20)
        _, frames = await viewer.evaluate(RECEIVED)
        await viewer.wait_for_function(
            f"async (more) => (await ({RECEIVED})())[1] >= more", arg=frames + 30
        )
        if before is not None:
            await before.context.close()
        before = speaker
    await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live")
    assert await Pictures(viewer).connections() == 1
    assert await viewer.evaluate("peers[0].connectionState") == "connected"
