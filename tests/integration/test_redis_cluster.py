"""A real Redis Cluster of three masters, each with a replica: what breaks and what moves there."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from showcaller.broker import redis_shard
from showcaller.broker.base import EventLog, Position
from showcaller.errors import Unavailable
from showcaller.testing.brokers import connected, persist
from showcaller.testing.redis_cluster import RedisCluster, node_id, slot_of
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.tail_reader import TailReader, reading
from showcaller.testing.until import until
from showcaller_client import Client

EVENT = "systems-scale-winter-2023"
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[RedisCluster]:
    with RedisCluster(replicas=1) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster: RedisCluster) -> Iterator[RedisCluster]:
    """The cluster, made whole again for the next test."""
    yield shared_cluster
    for server in shared_cluster.servers:
        if not server.runs:
            server.start()
    shared_cluster.wait_until_ok()


@pytest.fixture
def event_id() -> str:
    return f"event-{secrets.token_hex(6)}"


class Writer:
    """Appends one entry after another, and keeps where it was told that each is."""

    def __init__(self, log: EventLog, name: str) -> None:
        self.placed: dict[str, Position] = {}
        self._log, self._name = log, name
        self._enough = False

    async def run(self) -> None:
        for number in itertools.count():
            key = f"{self._name}{number}"
            self.placed[key] = (await persist(lambda k=key: self._log.append(k, b"x"))).position
            if self._enough:
                return

    async def some_more(self, count: int = 20) -> None:
        wanted = len(self.placed) + count
        await until(lambda: len(self.placed) >= wanted)

    def stop(self) -> None:
        self._enough = True


@contextlib.asynccontextmanager
async def writing(*logs: EventLog) -> AsyncIterator[list[Writer]]:
    """A writer on each of `logs`. What they were told is held against the log at the end."""
    writers = [Writer(log, f"{name}-") for name, log in enumerate(logs)]
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.run())
        yield writers
        for writer in writers:
            writer.stop()
    told = {key: place.offset for writer in writers for key, place in writer.placed.items()}
    found = await persist(lambda: logs[0].read(0, 1_000_000))
    assert told == {entry.key: entry.offset for entry in found}


async def whole(reader: TailReader, log: EventLog) -> None:
    """Wait until the reader has all of the log, and see that it was shown one log only."""
    entries = await log.read(0, 1_000_000)
    await until(lambda: len(reader.entries) >= len(entries))
    assert reader.entries == entries and reader.times_anew == 0


async def heard_from(log: EventLog, heard: list[bytes]) -> None:
    """Wait until messages on the topic "presence" arrive (again)."""
    heard.clear()

    async def hears() -> bool:
        await log.publish("presence", b"here")
        return bool(heard)

    await until(hears)


def other_master(cluster: RedisCluster, event_id: str) -> RedisServer:
    mine = cluster.master_of(event_id)
    return next(
        server
        for server in cluster.running()
        if server is not mine and server.command("ROLE").startswith("master")
    )


# Shards -------------------------------------------------------------------------------------------


async def test_events_live_on_different_servers_at_once(cluster: RedisCluster) -> None:
    ids: dict[int, str] = {}
    while len(ids) < 3:
        event_id = f"event-{secrets.token_hex(6)}"
        ids[cluster.master_of(event_id).port] = event_id
    async with connected(cluster.url) as broker, connected(cluster.url) as other_broker:
        for port, event_id in ids.items():
            log, other = await broker.open(event_id), await other_broker.open(event_id)
            async with reading(other) as reader, writing(log, other) as writers:
                await writers[0].some_more()
                await writers[1].some_more()
            assert reader.entries
            assert cluster.master_of(event_id).port == port
            assert "showcaller" in cluster.master_of(event_id).command("KEYS", f"*{event_id}*")
        assert set(ids.values()) <= set(await broker.events())
        await broker.check()


async def test_replicas_are_those_of_the_shard(cluster: RedisCluster, event_id: str) -> None:
    async with connected(cluster.url, replicas=1) as broker:
        log = await broker.open(event_id)
        await broker.check()
        await log.append("k", b"")
        replica = cluster.replica_of(cluster.master_of(event_id))
        assert f"showcaller:{{{event_id}}}:log" in replica.command("KEYS", "*")
    async with connected(cluster.url, replicas=2) as broker:
        with pytest.raises(Unavailable, match="2 replicas are asked for; Redis has 1"):
            await broker.check()


async def test_several_servers_that_are_no_cluster_are_refused() -> None:
    with RedisServer() as one, RedisServer() as other:
        url = f"redis://127.0.0.1:{one.port},127.0.0.1:{other.port}"
        async with connected(url) as broker:
            with pytest.raises(Unavailable, match="no Redis Cluster"):
                await broker.check()


# Failovers ----------------------------------------------------------------------------------------


async def test_kill_9_of_a_master_loses_nothing_that_its_replica_has(
    cluster: RedisCluster, event_id: str
) -> None:
    master = cluster.master_of(event_id)
    replica = cluster.replica_of(master)
    only_seed = (
        f"redis://127.0.0.1:{master.port}"  # and the one to die: the others have to be known
    )
    async with (
        connected(only_seed, replicas=1) as broker,
        connected(cluster.url, replicas=1) as other_broker,
    ):
        log, other = await broker.open(event_id), await other_broker.open(event_id)
        heard: list[bytes] = []
        await log.subscribe("presence", heard.append)
        async with reading(other) as reader, reading(log) as other_reader:
            async with writing(log, other) as writers:
                await writers[0].some_more()
                master.kill()
                await until(lambda: replica.command("ROLE").startswith("master"))
                await asyncio.to_thread(master.start)  # as a replica, or there would be none
                await writers[0].some_more()
                await writers[1].some_more()
            await whole(reader, log)
            await whole(other_reader, log)
            await heard_from(other, heard)
        assert cluster.master_of(event_id) is replica


async def test_a_replica_that_lags_is_promoted_and_changes_the_epoch_for_all(
    cluster: RedisCluster, event_id: str
) -> None:
    master = cluster.master_of(event_id)
    replica = cluster.replica_of(master)
    async with connected(cluster.url) as broker, connected(cluster.url) as other_broker:
        log, other = await broker.open(event_id), await other_broker.open(event_id)
        async with reading(log) as here, reading(other) as there:
            async with connected(cluster.url, replicas=1) as careful:
                await (await careful.open(event_id)).append("on both", b"")
            replica.command("CONFIG", "SET", "masterauth", "wrong")  # from here on it lags
            replica.command("CLIENT", "KILL", "TYPE", "master")
            lost = await log.append("lost", b"")
            await until(lambda: len(here.entries) == len(there.entries) == 2)
            master.kill()
            kept = await persist(lambda: other.append("kept", b""))
            assert kept.position.offset == lost.position.offset
            await until(lambda: here.keys() == there.keys() == ["on both", "kept"])
            assert here.epochs == there.epochs == [lost.position.epoch, kept.position.epoch]
    replica.command("CONFIG", "SET", "masterauth", "")


async def test_a_failover_by_hand_goes_by_unnoticed(cluster: RedisCluster, event_id: str) -> None:
    async with connected(cluster.url) as broker, connected(cluster.url) as other_broker:
        log, other = await broker.open(event_id), await other_broker.open(event_id)
        heard: list[bytes] = []
        await other.subscribe("presence", heard.append)
        async with reading(other) as reader:
            async with writing(log, other) as writers:
                await writers[0].some_more()
                replica = cluster.replica_of(cluster.master_of(event_id))
                await asyncio.to_thread(cluster.fail_over, event_id)
                await writers[0].some_more()
                await writers[1].some_more()
            await whole(reader, log)
            await heard_from(log, heard)
        assert cluster.master_of(event_id) is replica


# Resharding ---------------------------------------------------------------------------------------


async def test_a_slot_moves_while_appends_go_on(cluster: RedisCluster, event_id: str) -> None:
    async with connected(cluster.url) as broker, connected(cluster.url) as other_broker:
        log, other = await broker.open(event_id), await other_broker.open(event_id)
        heard: list[bytes] = []
        await other.subscribe("presence", heard.append)
        lease = await log.acquire_lease("stage", "worker", 60_000)
        async with reading(other) as reader:
            async with writing(log, other) as writers:
                for _ in range(2):
                    await writers[0].some_more()
                    target = other_master(cluster, event_id)
                    await asyncio.to_thread(cluster.move, event_id, target)
                    await writers[1].some_more()
            await whole(reader, log)
            await heard_from(log, heard)
        assert await other.read_lease("stage") == lease


async def test_a_node_that_only_listens_follows_the_slot_as_well(
    cluster: RedisCluster, event_id: str
) -> None:
    async with connected(cluster.url) as broker, connected(cluster.url) as other_broker:
        log, other = await broker.open(event_id), await other_broker.open(event_id)
        heard: list[bytes] = []
        await other.subscribe("presence", heard.append)
        await asyncio.to_thread(cluster.move, event_id, other_master(cluster, event_id))
        await heard_from(log, heard)


async def test_nothing_happens_to_a_slot_that_is_half_moved_until_it_is_whole(
    cluster: RedisCluster, event_id: str
) -> None:
    source, target, slot = (
        cluster.master_of(event_id),
        other_master(cluster, event_id),
        str(slot_of(event_id)),
    )
    async with connected(cluster.url) as broker:
        log = await broker.open(event_id)
        first = await log.append("first", b"")
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        key = f"showcaller:{{{event_id}}}:log"
        source.command("MIGRATE", "127.0.0.1", str(target.port), key, "0", "5000")
        calls = [
            asyncio.create_task(call)
            for call in (log.append("second", b""), log.put_record("person", "p", b"Ada"))
        ]
        done, _ = await asyncio.wait(calls, timeout=0.3)
        assert not done
        await asyncio.to_thread(cluster.move, event_id, target)
        second, _ = await asyncio.gather(*calls)
        assert second.position.offset == 2 and not second.duplicate
        assert log.ended(first.position.epoch) == 1
        assert await log.get_records("person", ["p"]) == [b"Ada"]


async def test_a_slot_that_stays_half_moved_is_unavailable(
    cluster: RedisCluster, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_shard, "ELSEWHERE_FOR_S", 0.3)
    source, target, slot = (
        cluster.master_of(event_id),
        other_master(cluster, event_id),
        str(slot_of(event_id)),
    )
    async with connected(cluster.url) as broker:
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        with pytest.raises(Unavailable, match="is moving this log"):
            await broker.open(event_id)
        for server in (source, target):
            server.command("CLUSTER", "SETSLOT", slot, "STABLE")
        assert await (await broker.open(event_id)).read(0) == []


# Nodes --------------------------------------------------------------------------------------------


async def test_one_node_shows_what_the_other_was_told_also_after_a_failover(
    cluster: RedisCluster, schedule_path: Path, tmp_path: Path
) -> None:
    options = ("--broker", cluster.url, "--rehearse-from", "-2m", "--rate", "1")
    options = (*options, "--media-workers", "0")
    async with (
        ServeProcess(schedule_path, *options, data=tmp_path / "a") as one,
        ServeProcess(schedule_path, *options, data=tmp_path / "b") as other,
        Client(one.url, event=EVENT, token=one.token(EVENT, "moderator")) as left,
        Client(other.url, event=EVENT, token=one.token(EVENT, "attendee")) as right,
    ):
        queue = await left.follow("session/opening/moderation")
        agenda = await right.follow("agenda")
        await agenda.wait_until(lambda a: a.items["session:opening"]["qa"] == "open", DEADLINE_S)
        asked = (await right.ask("opening", "Does it cross?"))["question"]
        await queue.wait_until(lambda q: asked in q.items, DEADLINE_S)
        cluster.master_of(EVENT).kill()
        again = (await right.ask("opening", "And after a failover?"))["question"]
        await queue.wait_until(lambda q: asked in q.items and again in q.items, DEADLINE_S)
    assert not one.complaints() and not other.complaints()
