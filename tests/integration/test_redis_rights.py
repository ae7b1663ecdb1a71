"""A Redis user with the rights that OPERATIONS.md names, or with one of them less."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from showcaller.broker.redis_rights import COMMANDS
from showcaller.errors import Unavailable
from showcaller.testing.brokers import connected
from showcaller.testing.redis_cluster import RedisCluster
from showcaller.testing.redis_server import RedisServer, may_little
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

EVENT = "systems-scale-winter-2023"


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def less(server: RedisServer, *rules: str) -> None:
    server.command("ACL", "SETUSER", "showcaller", *rules)


def few_rights(server: RedisServer) -> str:
    return server.url.replace("//", f"//{may_little(server)}@")


ASKING = {"evalsha", "script|load"}  # needed to ask for the others
NEEDED = sorted({command.split()[0].lower() for command in COMMANDS} | ASKING)


async def test_each_right_that_is_missing_is_named(redis: RedisServer) -> None:
    async with connected(few_rights(redis)) as broker:
        await broker.open("event")
        await broker.check()
        for right in NEEDED:
            redis.command("SCRIPT", "FLUSH")
            less(redis, f"-{right}")
            with pytest.raises(Unavailable, match=f"(?i){re.escape(right)}") as refused:
                await broker.check()
            assert "ACL SETUSER" in refused.value.message
            less(redis, f"+{right}")
        await broker.check()


async def test_without_the_right_to_see_how_redis_writes_to_its_disk_that_is_said(
    redis: RedisServer,
) -> None:
    redis.command("CONFIG", "SET", "appendonly", "yes")
    async with connected(few_rights(redis)) as broker:
        (risk,) = await broker.check()
        assert "+config|get" in risk
        less(redis, "+config|get")
        assert await broker.check() == []


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (["resetchannels"], "SPUBLISH showcaller:{event}:tail"),
        (["resetkeys"], "showcaller:{event}:epoch"),
        (["resetkeys", "%R~showcaller:*"], "SET showcaller:{event}:epoch"),
    ],
)
async def test_keys_and_channels_that_are_missing_are_named(
    redis: RedisServer, rules: list[str], named: str
) -> None:
    async with connected(few_rights(redis)) as broker:
        await broker.open("event")
        less(redis, *rules)
        with pytest.raises(Unavailable, match=re.escape(named)):
            await broker.check()


@pytest.mark.parametrize("right", ["rpush", "hset", "spublish"])
async def test_an_append_is_written_and_acknowledged_or_neither(
    redis: RedisServer, right: str
) -> None:
    async with connected(few_rights(redis)) as broker:
        log = await broker.open("event")
        less(redis, f"-{right}")
        results = await asyncio.gather(log.append("k", b""), return_exceptions=True)
        written = redis.command("LLEN", "showcaller:{event}:log") == "1"
        assert written == (not isinstance(results[0], Exception))


async def test_in_a_cluster_the_right_to_ask_for_its_slots_is_named() -> None:
    async with RedisCluster() as cluster:
        user = may_little(*cluster.servers)
        for server in cluster.servers:
            less(server, "-cluster|slots")
        async with connected(cluster.url.replace("//", f"//{user}@")) as broker:
            with pytest.raises(Unavailable, match="CLUSTER SLOTS"):
                await broker.check()


async def test_a_node_without_the_right_to_publish_says_so_and_goes_on(
    redis: RedisServer, schedule_path: Path, tmp_path: Path
) -> None:
    options = ("--broker", few_rights(redis), "--rehearse-from", "-2m", "--media-workers", "0")
    async with (
        ServeProcess(schedule_path, *options, data=tmp_path) as node,
        aiohttp.ClientSession(node.url) as http,
    ):
        less(redis, "resetchannels")

        async def readiness() -> str:
            async with http.get("/readyz") as answer:
                return await answer.text()

        async def says_so() -> bool:
            return "SPUBLISH" in await readiness()

        await until(says_so)
        asked = {"session": "opening", "text": "Is this written?"}
        bearer = {"Authorization": f"Bearer {node.token(EVENT)}"}
        path = f"/api/v1/events/{EVENT}/commands/question.ask"
        async with http.post(path, json=asked, headers=bearer) as answer:
            assert answer.status == 200
        assert not node.complaints()


async def test_a_start_without_a_right_ends_with_one_line(
    redis: RedisServer, schedule_path: Path, tmp_path: Path
) -> None:
    options = ("--broker", few_rights(redis), "--media-workers", "0")
    less(redis, "-ssubscribe")
    with pytest.raises(RuntimeError, match="SSUBSCRIBE") as refused:
        await ServeProcess(schedule_path, *options, data=tmp_path).start()
    assert "Traceback" not in str(refused.value)
