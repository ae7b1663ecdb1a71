"""With `--replicas`, what was acknowledged is on as many replicas: on Redis and on Valkey.

Their WAIT is about its connection's last write. So each test has a connection whose last write is an old one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from showcaller.broker import redis as redis_broker
from showcaller.broker.base import EventLog
from showcaller.errors import Unavailable
from showcaller.testing.brokers import connected, persist
from showcaller.testing.redis_server import RedisServer, programs
from showcaller.testing.tail_reader import reading
from showcaller.testing.tcp_proxy import TcpProxy
from showcaller.testing.until import until

LOG = "showcaller:{event}:log"


class Pair(NamedTuple):
    """A master and its replica."""

    master: RedisServer
    replica: RedisServer

    def cut(self) -> None:
        """The replica hears nothing from here on."""
        self.replica.pause()

    def promote(self) -> RedisServer:
        """The master is gone, and the replica takes its place."""
        self.master.kill()
        self.replica.resume()
        self.replica.command("REPLICAOF", "NO", "ONE")
        return self.replica


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_broker, "REPEAT_FOR_S", 0.5)
    monkeypatch.setattr(redis_broker, "WAIT_MS", 300)


@pytest.fixture(params=programs(), ids=lambda program: Path(program).name)
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    def server() -> RedisServer:
        return RedisServer(program=request.param)

    async with server() as master, server() as replica:
        replica.command("REPLICAOF", "127.0.0.1", str(master.port))
        await until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))
        yield Pair(master, replica)


@pytest.fixture
async def logs(pair: Pair) -> AsyncIterator[tuple[EventLog, EventLog]]:
    """The log as two nodes have it; each has written something that the replica has."""
    url = pair.master.url
    async with connected(url, replicas=1) as one, connected(url, replicas=1) as other:
        here, there = await one.open("event"), await other.open("event")
        await persist(lambda: here.append("here", b""))
        await persist(lambda: there.append("there", b""))
        yield here, there


async def refused(call: Callable[[], Awaitable[object]]) -> bool:
    """Return whether it is not acknowledged: as many replicas as asked for do not have it."""
    try:
        await call()
    except Unavailable as error:
        return "only 0 of the 1 replicas" in str(error)
    return False


async def test_an_entry_that_no_replica_has_is_acknowledged_by_nobody(
    pair: Pair, logs: tuple[EventLog, EventLog]
) -> None:
    here, there = logs
    pair.cut()
    assert await refused(lambda: here.append("k", b""))
    assert await refused(lambda: here.append("k", b""))  # the same node, asked again
    assert await refused(lambda: there.append("k", b""))
    assert pair.master.command("LLEN", LOG) == "3"


async def test_replicas_that_are_not_there_or_not_waited_for_are_named(pair: Pair) -> None:
    async with (
        connected(pair.master.url) as unaware,
        connected(pair.master.url, replicas=1) as aware,
    ):
        await until(lambda: "state=online" in pair.master.command("INFO", "replication"))
        assert any("--replicas is 0" in risk for risk in await unaware.check())
        assert not any("--replicas" in risk for risk in await aware.check())
        pair.replica.kill()
        await until(lambda: "connected_slaves:0" in pair.master.command("INFO", "replication"))
        with pytest.raises(Unavailable, match="Redis has 0 in step, so no fact"):
            await aware.check()
        assert not any("--replicas" in risk for risk in await unaware.check())


async def test_a_node_that_never_wrote_acknowledges_nothing_that_no_replica_has(
    pair: Pair, logs: tuple[EventLog, EventLog]
) -> None:
    pair.cut()
    assert await refused(lambda: logs[0].append("k", b""))
    async with connected(pair.master.url, replicas=1) as new:
        log = await new.open("event")
        assert await refused(lambda: log.append("k", b""))


async def test_an_entry_acknowledged_again_outlives_the_master_and_stands_once(
    pair: Pair, logs: tuple[EventLog, EventLog]
) -> None:
    here, there = logs
    pair.cut()
    assert await refused(lambda: here.append("k", b""))
    pair.replica.resume()
    again = await persist(lambda: there.append("k", b""))
    assert again.duplicate and again.position.offset == 3
    assert (await here.append("k", b"")).position == again.position == await there.head()
    assert pair.promote().command("LLEN", LOG) == "3"


async def test_erasures_and_records_that_no_replica_has_are_not_acknowledged(
    pair: Pair, logs: tuple[EventLog, EventLog]
) -> None:
    here, there = logs
    await here.put_record("person", "p", b"Ada")
    pair.cut()
    assert await refused(lambda: here.erase(1, b"gone"))
    assert await refused(lambda: there.erase(1, b"gone"))
    assert await refused(lambda: here.put_record("person", "q", b"Bob"))
    assert await refused(lambda: here.delete_record("person", "p"))
    assert await refused(lambda: there.delete_record("person", "p"))  # the master has none
    pair.replica.resume()
    await persist(lambda: there.delete_record("person", "p"))
    promoted = pair.promote()
    assert promoted.command("LINDEX", LOG, "0").endswith("gone")
    assert promoted.command("HKEYS", "showcaller:{event}:records:person") == "q"


async def test_nobody_is_shown_what_no_replica_has(
    pair: Pair, logs: tuple[EventLog, EventLog]
) -> None:
    here, there = logs
    async with reading(here) as one, reading(there) as other:
        await until(lambda: one.keys() == other.keys() == ["here", "there"])
        pair.cut()
        assert await refused(lambda: here.append("k", b""))
        assert await refused(lambda: there.append("l", b""))
        assert one.keys() == other.keys() == ["here", "there"]
        pair.replica.resume()
        await until(lambda: one.keys() == other.keys() == ["here", "there", "k", "l"])


async def test_what_no_replica_had_is_never_shown_once_one_was_promoted(
    pair: Pair, logs: tuple[EventLog, EventLog]
) -> None:
    async with TcpProxy(pair.master.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        async with connected(url, replicas=1) as broker:
            log = await broker.open("event")
            async with reading(log) as reader:
                await until(lambda: reader.keys() == ["here", "there"])
                pair.replica.command("REPLICAOF", "127.0.0.1", "1")  # nothing reaches it, nor waits
                assert await refused(lambda: log.append("lost", b""))
                async with RedisServer(program=pair.master.program) as second:
                    promoted = pair.promote()
                    second.command("REPLICAOF", "127.0.0.1", str(promoted.port))
                    proxy.target_port = promoted.port
                    proxy.reset_all()
                    await persist(lambda: log.append("kept", b""))
                    await until(lambda: reader.keys() == ["here", "there", "kept"])
                assert reader.times_anew == 0
