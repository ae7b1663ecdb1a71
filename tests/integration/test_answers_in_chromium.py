"""Chromium takes the answers that it is given, and understands by them what was meant."""

import shutil

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from showcaller.media.sdp.negotiation import Outgoing, answer, negotiate
from showcaller.media.transport.parameters import Local

LOCAL = Local("LoCa", "p" * 24, ":".join(["AB"] * 32), "passive", (("127.0.0.1", 9), ("::1", 9)))
OUTGOING = {"audio": Outgoing(11, 12), "video": Outgoing(21, 22)}
OFFER = """async ([bundlePolicy, make]) => {
    window.pc = new RTCPeerConnection({ bundlePolicy })
    window.tracks = []
    pc.ontrack = ({ track, streams }) => tracks.push([track.kind, ...streams.map((s) => s.id)])
    const canvas = document.createElement('canvas')
    canvas.getContext('2d')
    const sent = {
        video: canvas.captureStream().getTracks()[0],
        audio: new AudioContext().createMediaStreamDestination().stream.getTracks()[0],
    }
    for (const [kind, settings] of make) {
        if (kind === 'data') pc.createDataChannel('data')
        else pc.addTransceiver(settings.direction === 'sendonly' ? sent[kind] : kind, settings)
    }
    await pc.setLocalDescription()
    return pc.localDescription.sdp
}"""
TAKE = """async (sdp) => {
    await pc.setRemoteDescription({ type: 'answer', sdp })
    await Promise.resolve()
    const sent = pc.getSenders().map((sender) => sender.getParameters())
    const seen = {
        directions: pc.getTransceivers().map((transceiver) => transceiver.currentDirection),
        rids: sent.flatMap((parameters) => parameters.encodings.map(({ rid }) => rid ?? '')),
        codecs: sent.map((parameters) => parameters.codecs.map(({ mimeType }) => mimeType)),
        extensions: sent.flatMap((parameters) => parameters.headerExtensions.map(({ id }) => id)),
        tracks,
    }
    pc.close()
    return seen
}"""
SEND, RECEIVE = {"direction": "sendonly"}, {"direction": "recvonly"}
LAYERS = {"direction": "sendonly", "sendEncodings": [{"rid": "h"}, {"rid": "m"}, {"rid": "l"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page():
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "these tests need Chromium: `make tools` installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"]
        )
        yield await browser.new_page()
        await browser.close()


async def taken(page, policy, role, *media):
    """Return what Chromium makes of the answer to its offer."""
    offer = await page.evaluate(OFFER, [policy, media])
    outgoing = OUTGOING if role == "view" else {}
    text = answer(negotiate(offer, role), LOCAL, outgoing=outgoing, cname="cname")
    return await page.evaluate(TAKE, text)


pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("policy", ["balanced", "max-bundle"]),
]


async def test_a_publisher_of_three_layers(page, policy):
    seen = await taken(page, policy, "publish", ("audio", SEND), ("video", LAYERS))
    assert seen["directions"] == ["sendonly", "sendonly"]
    assert seen["rids"] == ["", "h", "m", "l"]
    assert set(seen["codecs"][0]) == {"audio/opus"}
    assert {"video/VP8", "video/H264", "video/VP9", "video/AV1", "video/rtx"} == set(
        seen["codecs"][1]
    )
    assert seen["extensions"]


async def test_a_publisher_that_offers_a_data_channel_is_taken(page, policy):
    seen = await taken(page, policy, "publish", ("data", {}), ("video", SEND), ("audio", SEND))
    assert seen["directions"] == ["sendonly", "sendonly"]


async def test_a_viewer_of_sound_and_picture(page, policy):
    seen = await taken(page, policy, "view", ("video", RECEIVE), ("audio", RECEIVE))
    assert seen["directions"] == ["recvonly", "recvonly"]
    assert seen["tracks"] == [["video", "showcaller"], ["audio", "showcaller"]]


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_a_viewer_of_one_kind(page, policy, kind):
    seen = await taken(page, policy, "view", (kind, RECEIVE))
    assert seen["tracks"] == [[kind, "showcaller"]]
