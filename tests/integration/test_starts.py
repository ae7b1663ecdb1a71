"""Starts that fail half-way: one line says why, and nothing is left behind."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from showcaller.app import Server, serve_until
from showcaller.errors import ConfigError, Unavailable, at_start
from showcaller.media.node.relay import Relay
from showcaller.settings import Settings
from showcaller.testing.brokers import connected
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until


async def failure(schedule: Path, *options: str, data: Path) -> tuple[int, str]:
    """The status of a start that fails, and all that it said."""
    process = ServeProcess(schedule, "--media-workers", "0", *options, data=data)
    with pytest.raises(RuntimeError) as failed:
        await process.start()
    return await process.wait(), str(failed.value)


async def test_a_port_that_is_taken_is_named(schedule_path: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, said = await failure(schedule_path, "--port", port, data=tmp_path)
    assert status == 1 and f"can't listen on 127.0.0.1:{port}" in said
    assert "Traceback" not in said


async def test_a_file_that_is_no_certificate_is_refused(
    schedule_path: Path, tmp_path: Path
) -> None:
    pair = "--tls-cert", str(schedule_path), "--tls-key", str(schedule_path)
    status, said = await failure(schedule_path, *pair, data=tmp_path)
    assert status == 2 and "--tls-cert" in said
    assert "Traceback" not in said


async def test_a_list_that_is_no_log_is_named(schedule_path: Path, tmp_path: Path) -> None:
    with RedisServer() as redis:
        redis.command("RPUSH", "showcaller:{systems-scale-winter-2023}:log", "a text")
        status, said = await failure(schedule_path, "--broker", redis.url, data=tmp_path)
    assert status == 1 and "is no log of ours, or damaged" in said
    assert "Traceback" not in said


async def test_a_log_that_another_process_has_may_be_free_when_it_is_tried_again(
    schedule_path: Path, tmp_path: Path
) -> None:
    async with connected(f"sqlite:{tmp_path / 'showcaller.sqlite3'}"):
        status, said = await failure(schedule_path, data=tmp_path)
    assert status == 1 and "another process runs on" in said


@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.ENOSPC, 1), (errno.EROFS, 1), (errno.EADDRINUSE, 1), (errno.ENOTDIR, 2)],
)
def test_what_may_pass_by_itself_is_told_from_what_is_wrong(number: int, status: int) -> None:
    error = at_start("can't start", OSError(number, os.strerror(number)))
    assert isinstance(error, ConfigError) == (status == 2)
    assert error.message == f"can't start: {os.strerror(number)}"


async def test_all_addresses_are_those_of_ipv4_as_well(schedule_path: Path, tmp_path: Path) -> None:
    options = ("--host", "::", "--media-workers", "0")
    async with ServeProcess(schedule_path, *options, data=tmp_path) as server:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, server.port), timeout=5).close()


async def test_a_redis_that_keeps_nothing_is_named_with_what_that_costs(
    schedule_path: Path, tmp_path: Path
) -> None:
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--media-workers", "0")
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path) as node,
            aiohttp.ClientSession(node.url) as http,
        ):

            async def readiness() -> dict[str, Any]:
                async with http.get("/readyz") as answer:
                    assert answer.status == 200
                    return dict(await answer.json())

            async def is_kept() -> bool:
                return "risks" not in await readiness()

            (said,) = node.log_lines("broker.not_durable")
            assert "appendonly" in said["message"]
            assert (await readiness())["risks"] == [said["message"]]
            redis.command("CONFIG", "SET", "appendonly", "yes")
            await until(is_kept)
            redis.command("CONFIG", "SET", "appendfsync", "no")

            async def is_named() -> bool:
                return "appendfsync no" in str((await readiness()).get("risks"))

            await until(is_named)


def settings(schedule: Path, data: Path) -> Settings:
    return Settings(schedules=(schedule,), data=data, port=0, media_workers=0)


async def fail(*_: Any) -> None:
    raise Unavailable("this part is away")


async def crash(*_: Any) -> None:
    raise ValueError("the clean-up failed as well")


@pytest.mark.parametrize("stop", [Server.stop, crash])
async def test_the_reason_is_told_whatever_the_clean_up_meets(
    schedule_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: Callable[..., Awaitable[None]],
) -> None:
    monkeypatch.setattr(Relay, "start", fail)
    monkeypatch.setattr(Server, "stop", stop)
    with pytest.raises(Unavailable, match="this part is away"):
        await serve_until(asyncio.Event(), Server(settings(schedule_path, tmp_path)), print)


async def test_a_part_that_failed_to_start_can_be_stopped(
    schedule_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relay, "start", fail)
    server = Server(settings(schedule_path, tmp_path))
    with pytest.raises(Unavailable):
        await server.start()
    await server.stop()


async def test_a_start_that_waits_can_be_stopped(
    schedule_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, ready = asyncio.Event(), []

    async def wait(*_: Any) -> None:
        stopping.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Relay, "start", wait)
    async with asyncio.timeout(10):
        await serve_until(stopping, Server(settings(schedule_path, tmp_path)), ready.append)
    assert ready == []
