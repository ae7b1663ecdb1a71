"""A talk in a network that lets no UDP out: Chromium and Firefox speak and watch by ICE over TCP."""

import re

import pytest
from playwright.async_api import Page, expect

from showcaller.testing.firefox import Firefox, FirefoxPage
from showcaller.testing.serving import ServeProcess

from .conftest import EVENT, Visitors

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "opening"
# Takes the node's UDP candidates away, as a network that blocks UDP does.
NO_UDP = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration) {
            super(configuration);
            peers.push(this);
        }
        setRemoteDescription(told) {
            const lines = told.sdp.split("\\r\\n");
            const sdp = lines.filter((line) => !/^a=candidate:.* udp /.test(line)).join("\\r\\n");
            return super.setRemoteDescription({ type: told.type, sdp });
        }
    };
"""
PROTOCOL_IN_USE = """async () => {
    const stats = await peers.at(-1).getStats();
    const pair = [...stats.values()].find(({ type, nominated, state }) =>
        type === "candidate-pair" && nominated && state === "succeeded");
    return pair ? stats.get(pair.localCandidateId).protocol : "";
}"""


@pytest.fixture(scope="module")
def rehearsal():
    # at the machine's own addresses: Firefox connects to loopback by TCP from loopback only
    return ("--rehearse-from", "09:00")


async def speak(visitors: Visitors) -> Page:
    speaker = await visitors.open(f"speak/{TALK}", "speaker", name="Ada", sessions=(TALK,))
    await speaker.get_by_label("Test card").check(force=True)
    await speaker.get_by_role("button", name="Go on air").click()
    await expect(speaker.locator("#tally")).to_have_attribute("data-state", "on", timeout=30_000)
    return speaker


async def test_chromium_speaks_and_watches(visitors: Visitors):
    visitors.script = NO_UDP
    speaker = await speak(visitors)
    viewer = await visitors.open(f"watch/{TALK}", "attendee")
    await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live", timeout=30_000)
    await viewer.get_by_text("Picture details").click()
    await expect(viewer.locator("#figures")).to_have_text(re.compile(r"[1-9]\d+ decoded"))
    for page in (speaker, viewer):
        assert await page.evaluate(PROTOCOL_IN_USE) == "tcp"


async def test_firefox_speaks_and_watches(server: ServeProcess):
    async with Firefox() as firefox:
        speaker = await opened(firefox, server, f"speak/{TALK}", "speaker")
        await speaker.focus("#sources input")
        await speaker.press("Right")
        await speaker.focus("#go:enabled")
        await speaker.press("Enter")
        await speaker.see("#tally", "On air")
        viewer = await opened(firefox, server, f"watch/{TALK}", "attendee")
        await viewer.see("#screen[data-state='live']")
        for page in (speaker, viewer):
            assert await page.evaluate(PROTOCOL_IN_USE) == "tcp"


async def opened(firefox: Firefox, server: ServeProcess, path: str, role: str) -> FirefoxPage:
    token = server.token(EVENT, role, name="Ada", sessions=(TALK,))
    return await firefox.open(f"{server.url}/e/{EVENT}/{path}#token={token}", NO_UDP)
