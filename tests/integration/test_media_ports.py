"""`--media-port`: each media worker of several processes has its own port, also while they are replaced."""

import contextlib
import random
import re
import socket

import aiohttp

from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

MEDIA_WORKERS = 3
PORT = re.compile(r'^showcaller_media_worker_info\{.*port="(\d+)".*\} 1\.0$', re.MULTILINE)


def free_range(count):
    """The first of so many UDP ports that nobody has on loopback."""
    while True:
        first = random.randrange(20_000, 30_000)
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + count):
                probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind(("127.0.0.1", port))
            return first


async def test_ports_stay_apart_and_in_their_range_through_a_rolling_restart(
    schedule_path, tmp_path
):
    first = free_range(2 * MEDIA_WORKERS)
    with RedisServer() as redis:
        options = (
            *("--broker", redis.url, "--workers", "2", "--rehearse-from", "-2m"),
            *("--media-workers", str(MEDIA_WORKERS), "--media-port", str(first)),
            *("--media-address", "127.0.0.1", "--drain-timeout", "2"),
        )
        async with ServeProcess(schedule_path, *options, data=tmp_path / "data") as server:

            async def ports():
                async with (
                    aiohttp.ClientSession() as http,
                    http.get(f"{server.url}/metrics") as answer,
                ):
                    return sorted(map(int, PORT.findall(await answer.text())))

            async def all_up():
                return len(await ports()) == MEDIA_WORKERS

            await until(all_up)
            assert await ports() == [first, first + 2, first + 4]
            assert await server.roll() == "workers.rolled"
            await until(all_up)
            assert await ports() == [first + 1, first + 3, first + 5]
            assert server.complaints() == []
