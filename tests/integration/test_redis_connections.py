"""Connections to Redis: few for many at once, and none to a server that is not the master any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import uvloop
from redis.exceptions import ConnectionError

from showcaller.broker import redis_pool, redis_shard
from showcaller.broker.base import EventLog
from showcaller.errors import Unavailable
from showcaller.testing.brokers import connected, persist
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.tcp_proxy import TcpProxy
from showcaller.testing.until import until

AT_ONCE = 300
A_FEW = 60  # more than there are connections


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


async def registered(log: EventLog, number: int) -> None:
    """Ask of the broker what a registration asks."""
    await log.count("address", 60_000)
    await log.put_record("person", str(number), b"Ada")


def connections(server: RedisServer) -> int:
    """Return the connections of brokers; not those of replicas and of whoever asks."""
    clients = server.command("CLIENT", "LIST", "TYPE", "normal").splitlines()
    return sum("cmd=client" not in client for client in clients) + len(
        server.command("CLIENT", "LIST", "TYPE", "pubsub").splitlines()
    )


async def test_hundreds_at_once_wait_their_turn_on_a_few_connections(redis: RedisServer) -> None:
    async with connected(redis.url) as broker:
        log = await broker.open("event")
        await asyncio.gather(*(registered(log, number) for number in range(AT_ONCE)))
        assert (await log.count("address", 60_000)).total == AT_ONCE + 1
        assert connections(redis) <= redis_pool.IN_USE


async def test_hundreds_that_look_for_a_lost_server_at_once_do_so_on_a_few_connections(
    redis: RedisServer,
) -> None:
    async with connected(redis.url) as broker:
        log = await broker.open("event")
        log.shard.heed(await log.shard.find(), ConnectionError("lost"))
        await asyncio.gather(*(registered(log, number) for number in range(AT_ONCE)))
        assert connections(redis) <= redis_pool.IN_USE


async def test_a_client_that_waits_too_long_is_told_when_to_come_back(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_pool, "TURN_WITHIN_S", 0.2)
    async with connected(redis.url) as broker:
        log = await broker.open("event")
        redis.pause()
        waiting = [asyncio.create_task(registered(log, number)) for number in range(AT_ONCE)]
        await until(lambda: sum(task.done() for task in waiting) >= AT_ONCE - redis_pool.IN_USE)
        redis.resume()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        refused = [result for result in results if isinstance(result, Unavailable)]
        assert len(refused) == AT_ONCE - redis_pool.IN_USE
        assert all(error.retry_after_s for error in refused)
        await registered(log, 0)  # turns that were given up come back


async def test_subscriptions_take_no_turns(redis: RedisServer) -> None:
    async with connected(redis.url) as broker:
        logs = [await broker.open(f"event {n}") for n in range(redis_pool.IN_USE + 5)]
        for log in logs:
            await log.subscribe("presence", lambda _: None)
        assert (await logs[0].count("c", 1000)).total == 1


# A failover behind one name ----------------------------------------------------------------------


@pytest.fixture
async def other(redis: RedisServer) -> AsyncIterator[RedisServer]:
    """A replica of `redis`."""
    async with RedisServer() as replica:
        replica.command("REPLICAOF", "127.0.0.1", str(redis.port))
        await until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))
        yield replica


def fail_over(name: TcpProxy, old: RedisServer, new: RedisServer) -> None:
    """`new` is the master, and the name leads to it from here on; connections to `old` stay."""
    new.command("REPLICAOF", "NO", "ONE")
    name.target_port = new.port


async def test_all_connections_are_with_the_new_master_and_nothing_fails(
    redis: RedisServer, other: RedisServer
) -> None:
    async with TcpProxy(redis.port) as name:
        async with connected(f"redis://127.0.0.1:{name.port}") as broker:
            log = await broker.open("event")
            heard: list[bytes] = []
            await log.subscribe("presence", heard.append)
            await asyncio.gather(*(registered(log, number) for number in range(A_FEW)))
            assert connections(redis) > 10
            fail_over(name, redis, other)
            redis.command("REPLICAOF", "127.0.0.1", str(other.port))
            await asyncio.gather(*(registered(log, number) for number in range(A_FEW)))
            await broker.check()
            await until(lambda: connections(redis) == 0)

            async def heard_again() -> bool:
                await log.publish("presence", b"here")
                return bool(heard)

            await until(heard_again)


async def test_a_master_that_a_failover_left_behind_is_left(
    redis: RedisServer, other: RedisServer
) -> None:
    """It does not know of the failover, so nothing but the name says that it is the wrong one."""
    async with TcpProxy(redis.port) as name:
        async with connected(f"redis://127.0.0.1:{name.port}") as broker:
            log = await broker.open("event")
            await asyncio.gather(*(registered(log, number) for number in range(A_FEW)))
            fail_over(name, redis, other)
            await persist(broker.check)
            await until(lambda: connections(redis) == 0)
            await log.put_record("person", "p", b"Eve")
            assert other.command("HGET", "showcaller:{event}:records:person", "p") == "Eve"


async def test_a_master_that_hangs_holds_nobody_up_for_long(
    redis: RedisServer, other: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_pool, "TIMEOUT_S", 1.0)
    async with TcpProxy(redis.port) as name:
        async with connected(f"redis://127.0.0.1:{name.port}") as broker:
            log = await broker.open("event")
            await asyncio.gather(*(registered(log, number) for number in range(A_FEW)))
            redis.pause()
            fail_over(name, redis, other)
            await persist(lambda: log.put_record("person", "p", b"Eve"))
            # none meets another connection that hangs, which would be unavailable
            await asyncio.gather(*(registered(log, number) for number in range(20)))


async def test_a_master_without_enough_replicas_is_waited_for(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(redis.url) as broker:
        log = await broker.open("event")
        redis.command("CONFIG", "SET", "min-replicas-to-write", "1")
        waiting = asyncio.create_task(log.append("k", b""))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(waiting)
        redis.command("CONFIG", "SET", "min-replicas-to-write", "0")
        assert not (await waiting).duplicate
        monkeypatch.setattr(redis_shard, "ELSEWHERE_FOR_S", 0.2)
        redis.command("CONFIG", "SET", "min-replicas-to-write", "1")
        with pytest.raises(Unavailable, match="too few replicas"):
            await log.put_record("person", "p", b"")


def test_a_connection_that_uvloop_has_closed_is_lost_like_any_other(redis: RedisServer) -> None:
    async def story() -> None:
        server = redis_pool.ServerConnections(redis.url)
        connection = await server.pool.get_connection()
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(ConnectionError):
            await connection.send_command("PING")
        await server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())
