"""Pages in a network that lets nothing out but TURN: Chromium, a real coturn, and a talk."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.turn_server import TurnServer

from .conftest import Visitors

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "opening"
SECRET = "shared by the node and its TURN server"
RELAYED_ONLY = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration) {
            super({ ...configuration, iceTransportPolicy: "relay" });
            peers.push(this);
        }
    };
"""
PAIR_IN_USE = """async () => {
    const stats = await peers.at(-1).getStats();
    const pair = [...stats.values()].find(({ type, nominated }) => type === "candidate-pair" && nominated);
    return [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.get(id).candidateType);
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def turn():
    async with TurnServer(SECRET) as turn:
        yield turn


@pytest.fixture(scope="module")
def rehearsal(turn, tmp_path_factory):
    secret = tmp_path_factory.mktemp("turn") / "secret"
    secret.write_text(SECRET)
    return (
        *("--rehearse-from", "09:00", "--media-address", "127.0.0.1"),
        *("--ice-server", turn.url, "--turn-secret-file", str(secret)),
    )


async def test_a_talk_passes_the_relay_from_the_speaker_to_the_audience(visitors: Visitors):
    visitors.script = RELAYED_ONLY
    speaker = await visitors.open(f"speak/{TALK}", "speaker", name="Ada", sessions=(TALK,))
    viewer = await visitors.open(f"watch/{TALK}", "attendee")
    await speaker.get_by_label("Test card").check(force=True)
    await speaker.get_by_role("button", name="Go on air").click()
    await expect(speaker.locator("#tally")).to_have_attribute("data-state", "on", timeout=30_000)
    await expect(viewer.locator("#screen")).to_have_attribute("data-state", "live", timeout=30_000)
    await viewer.get_by_text("Picture details").click()
    await expect(viewer.locator("#figures")).to_have_text(re.compile(r"[1-9]\d+ decoded"))
    for page in (speaker, viewer):
        assert await page.evaluate(PAIR_IN_USE) == ["relay", "host"]
