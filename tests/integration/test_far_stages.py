"""A stage on two nodes with 40 ms and 1 % loss between them, each way: two real nodes, one in a namespace."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import aiohttp
import pytest

from showcaller.testing.far_line import FarLine
from showcaller.testing.media_peers import Watcher
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.talks import EVENT, STAGE, TalksServer
from showcaller.testing.until import until

OPEN = {"bind": "0.0.0.0", "protected-mode": "no"}
WATCHED_FRAMES = 150


class House:
    """The node that has the stage, and a far one."""

    def __init__(self, line: FarLine, redis: RedisServer, folder: Path) -> None:
        near = ("--broker", redis.url, "--media-address", line.far_here)
        far = f"redis://{line.here}:{redis.port}/0", line.there
        self.near = TalksServer(folder / "near", *near)
        self.far = TalksServer(
            folder / "far", "--broker", far[0], "--media-address", far[1], "--host", line.there
        )
        self.far.python = line.behind(sys.executable)
        self.watchers: list[Watcher] = []

    async def watch(self, server: TalksServer) -> tuple[Watcher, str]:
        """A viewer who asks this node, and where the node says that it is served."""
        watcher = Watcher()
        self.watchers.append(watcher)
        url = f"{server.url}/api/v1/events/{EVENT}/stages/{STAGE}/whep"
        headers = self._headers() | {"Content-Type": "application/sdp"}
        offer = await watcher.offer()
        async with aiohttp.request("POST", url, data=offer, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            await watcher.accept(await answer.text())
            return watcher, answer.headers["Location"]

    async def is_there(self, server: TalksServer, resource: str) -> bool:
        """Ask that node whether it knows the viewer, wherever it is served."""
        async with aiohttp.request("GET", server.url + resource, headers=self._headers()) as answer:
            return answer.status == 204

    async def statistics(self) -> dict:
        headers = self._headers("producer")
        url = f"{self.near.url}/api/v1/events/{EVENT}/media"
        async with aiohttp.request("GET", url, headers=headers) as answer:
            return await answer.json()

    def _headers(self, *roles: str) -> dict[str, str]:
        token = self.near.token(EVENT, *roles, person="p_viewer")
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def house(tmp_path):
    async with contextlib.AsyncExitStack() as stack:
        line = stack.enter_context(FarLine(tmp_path))
        redis = stack.enter_context(RedisServer(OPEN))
        house = House(line, redis, tmp_path)
        await house.near.start()
        stack.push_async_callback(end, house.near)
        await house.far.start()
        stack.push_async_callback(end, house.far)
        yield house
        for watcher in house.watchers:
            await watcher.close()


async def end(server: TalksServer) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was killed
        server.kill()
    await server.wait()


async def lost(watcher: Watcher) -> int:
    report = await watcher.pc.getStats()
    return sum(one.packetsLost for one in report.values() if one.type == "inbound-rtp")


async def test_a_far_node_shows_the_stage_through_loss_changes_and_until_it_dies(house):
    await house.near.change_to("one")
    async with house.near.speaker("one", 120), house.near.speaker("two", 200):
        beside, at_near = await house.watch(house.near)
        await beside.wait_for_frames(5)
        watcher, at_far = await house.watch(house.far)
        assert "media.stage_borrowed" in house.far.log_text()
        assert (
            at_far.rpartition("/")[2].partition("~")[0]
            != (at_near.rpartition("/")[2].partition("~")[0])
        )
        await watcher.wait_for_frames(WATCHED_FRAMES, 60)
        assert await lost(watcher) == 0
        assert abs(watcher.brightness - 120) < 40

        await house.near.change_to("two")
        await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
        await watcher.wait_for_frames(20)
        assert watcher.pc.connectionState == "connected"
        viewers = [stage["viewers"] for stage in (await house.statistics())["stages"]]
        assert viewers == [2]

        assert await house.is_there(house.near, at_far)
        house.far.kill()
        await house.far.wait()

        async def is_gone():
            return not await house.is_there(house.near, at_far)

        await until(is_gone)
        again, _ = await house.watch(house.near)
        await again.wait_for_frames(10)
        await beside.wait_for_frames(5)
        assert abs(again.brightness - 200) < 12
        assert not house.near.complaints()
