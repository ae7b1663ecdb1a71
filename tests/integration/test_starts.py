"""Starts that fail half-way: one line says why, and nothing is left behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from showcaller.app import Server, serve_until
from showcaller.errors import Unavailable
from showcaller.media.node.relay import Relay
from showcaller.settings import Settings
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess


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


async def test_a_file_that_is_no_log_is_not_replayed(schedule_path: Path, tmp_path: Path) -> None:
    with RedisServer() as redis:
        redis.command("RPUSH", "showcaller:{systems-scale-winter-2023}:log", "a text")
        status, said = await failure(schedule_path, "--broker", redis.url, data=tmp_path)
    assert status == 1 and "is no log of ours, or damaged" in said
    assert "Traceback" not in said


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
