"""The WHIP and WHEP conformance suite against a real server, with its media worker and all its options.

`make conformance-whip-whep` runs this too, with the tests that wait for consent to expire, and shows
what the suite tells.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiortc import RTCPeerConnection, RTCSessionDescription

from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

SUITE = Path(__file__).parents[1] / "conformance_whip_whep"
SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
WITHIN_S = 240
SELECTED = os.environ.get("SHOWCALLER_CONFORMANCE", "not slow")  # as pytest's -m has it

BROKEN: set[str] = set()
# What we don't do, and nobody has to: counter-offers, protocol extensions, refusing restarts.
NOT_APPLICABLE = {
    "test_counter_offer.py::test_answer_to_a_counter_offer",
    "test_counter_offer.py::test_counter_offer",
    "test_counter_offer.py::test_direction_of_a_counter_offer",
    "test_counter_offer.py::test_malformed_answer_to_a_counter_offer",
    "test_counter_offer.py::test_validity_of_a_counter_offer",
    "test_ice.py::test_refused_candidates_have_their_code",
    "test_ice.py::test_refused_restart_has_its_code",
    "test_ice.py::test_refused_restart_keeps_the_session",
    "test_media.py::test_a_refused_restart_leaves_media_alone",
    "test_setup.py::test_extensions",
}


@pytest.fixture
async def server(tmp_path):
    """The model event, whose first session is on."""
    options = ("--rehearse-from", "09:00", "--media-address", "127.0.0.1")
    turn = ("--ice-server", "turn:me:secret@turn.example:3478")
    async with ServeProcess(SCHEDULE, *options, *turn, data=tmp_path / "data") as process:
        async with aiohttp.ClientSession() as http:
            await until(lambda: has_media_worker(http, process.url))
        yield process


async def has_media_worker(http, url):
    async with http.get(f"{url}/metrics") as answer:
        return f'showcaller_media_workers{{event="{EVENT}"}} 1.0' in await answer.text()


async def run_suite(*options):
    """Return the report that it wrote."""
    suite = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", str(SUITE), "-vv", "-p", "no:cacheprovider", *options),
        cwd=SUITE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(WITHIN_S):
        output, _ = await suite.communicate()
    return output.decode()


def named(outcome, output):
    """Their names without parameters, by how they ended."""
    return set(re.findall(rf"^(test_\w+\.py::\w+)\[.*\] {outcome}", output, re.MULTILINE))


async def test_our_websocket_conforms(server):
    event = f"{server.url}/api/v1/events/{EVENT}"
    output = await run_suite(
        *("--whip", f"{event}/sessions/opening/whip", "--whep", f"{event}/stages/main/whep"),
        *("--whep-idle", f"{event}/sessions/ai-multi-tenancy/whep"),
        *("--token", server.token(EVENT, "producer"), "--stranger-token", server.token(EVENT)),
        *("-m", SELECTED),
    )
    print(output)
    assert named("(?:FAILED|ERROR)", output) == BROKEN, output
    assert named("SKIPPED", output) == NOT_APPLICABLE, output
    assert len(named("PASSED", output)) > 60, output
    assert server.complaints() == []


# What ours does not do, the suite must know all the same -----------------------------------------


class CounterOffers:
    """A WHEP endpoint that answers each offer with one of its own, as WHEP §4.3.2 has it."""

    def __init__(self, direction):
        self.direction = direction
        self.peers = []

    async def post(self, request):
        peer = RTCPeerConnection()
        self.peers.append(peer)
        peer.addTransceiver("video", self.direction)
        await peer.setLocalDescription(await peer.createOffer())
        headers = {
            "Content-Type": 'application/sdp; valid-until="Wed, 09 Oct 2030 10:00:00 GMT"',
            "Location": f"/sessions/{len(self.peers) - 1}",
        }
        return web.Response(status=406, text=peer.localDescription.sdp, headers=headers)

    async def patch(self, request):
        peer = self.peers[int(request.match_info["number"])]
        try:
            answer = RTCSessionDescription(await request.text(), "answer")
            await peer.setRemoteDescription(answer)
        except ValueError:
            return web.Response(status=400)
        return web.Response(status=204)

    async def delete(self, request):
        await self.peers[int(request.match_info["number"])].close()
        return web.Response()


async def ask_counter_offers(direction):
    offers = CounterOffers(direction)
    app = web.Application()
    app.router.add_post("/whep", offers.post)
    app.router.add_patch("/sessions/{number}", offers.patch)
    app.router.add_delete("/sessions/{number}", offers.delete)
    async with TestServer(app) as server:
        return await run_suite("--whep", str(server.make_url("/whep")), "-k", "counter_offer")


async def test_counter_offers_are_understood():
    output = await ask_counter_offers("sendonly")
    assert re.search(r"= 5 passed, \d+ deselected in", output), output


async def test_a_wrong_counter_offer_is_noticed():
    output = await ask_counter_offers("recvonly")
    assert named("FAILED", output) == {"test_counter_offer.py::test_direction_of_a_counter_offer"}
    assert "broken: whep MUST WHEP §4.3.5" in output
