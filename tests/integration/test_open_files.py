"""The number of live sockets of a process that may have few files open."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import pytest
from websockets.asyncio.client import connect

from showcaller.testing.live_client import LiveClient
from showcaller.testing.serving import ServeProcess

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"


def limited(soft, hard):
    """A `ServeProcess` that begins with these limits."""
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
        "from showcaller.cli import main; main()"
    )
    return type("Limited", (ServeProcess,), {"program": ("-c", code)})


async def come(server, stack):
    """The code that somebody who comes is closed with; None: they are in."""
    url = f"{server.live_url}/api/v1/events/{EVENT}/live"
    ws = await stack.enter_async_context(connect(url, subprotocols=["showcaller.v1+json"]))
    client = LiveClient(ws)
    with contextlib.suppress(Exception):
        await client.hello(server.token(EVENT))
        return None
    return (await client.closed())[0]


@pytest.fixture
async def stack():
    async with contextlib.AsyncExitStack() as stack:
        yield stack


async def test_a_viewer_who_finds_no_room_is_told_so_and_health_is_answered(tmp_path, stack):
    options = ("--rehearse-from", "-1m", "--media-workers", "0")
    async with limited(200, 200)(SCHEDULE, *options, data=tmp_path / "data") as server:
        codes = [await come(server, stack) for _ in range(190)]
        assert codes == [None] * 160 + [1013] * 30
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
            http.get(f"{server.url}/healthz") as answer,
        ):
            assert answer.status == 200
        assert [line["max_connections"] for line in server.log_lines("serve.few_files")] == [160]
        assert server.log_lines("serve.out_of_files") == []
        await stack.aclose()


async def test_a_process_takes_as_many_files_as_it_may(tmp_path, stack):
    options = ("--rehearse-from", "-1m", "--media-workers", "0", "--max-connections", "150")
    async with limited(64, 2_000)(SCHEDULE, *options, data=tmp_path / "data") as server:
        codes = await asyncio.gather(*[come(server, stack) for _ in range(100)])
        assert codes == [None] * 100
        assert server.log_lines("serve.few_files", "serve.out_of_files") == []
        await stack.aclose()
