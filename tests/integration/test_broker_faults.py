"""The promises of brokers when processes die, servers forget, disks fill and connections break."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from showcaller.broker import redis as redis_broker
from showcaller.broker import redis_shard
from showcaller.broker.base import Position
from showcaller.broker.connect import connect
from showcaller.broker.redis_cursor import Cursor
from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import ConfigError, StorageFull, Unavailable
from showcaller.testing.brokers import connected, persist
from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.tail_reader import reading
from showcaller.testing.tcp_proxy import TcpProxy
from showcaller.testing.until import until


async def run_python(script: str, *args: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *args, stdout=pipe, stderr=pipe
    )


# SQLite -------------------------------------------------------------------------------------------

BURST = """
import asyncio, os, sys
from showcaller.broker.connect import connect

async def append(log, number):
    await log.append(f"question {number}", b"x" * 200)
    os.write(1, b"%d\\n" % number)

async def main():
    log = await connect(sys.argv[1]).open("event")
    await asyncio.gather(*(append(log, number) for number in range(1000)))
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged_before_kill", [1, 400, 1000])
async def test_nothing_acknowledged_is_lost_to_kill_9_in_a_burst(
    tmp_path: Path, acknowledged_before_kill: int
) -> None:
    url = f"sqlite:{tmp_path / 'showcaller.db'}"
    child = await run_python(BURST, url)
    assert child.stdout is not None
    lines = [await child.stdout.readline() for _ in range(acknowledged_before_kill)]
    child.kill()
    lines += (await child.stdout.read()).splitlines()
    await child.wait()
    acknowledged = {f"question {line.decode().strip()}" for line in lines}
    async with connected(url) as broker:
        log = await broker.open("event")
        entries = await log.read(0)
        assert acknowledged <= {entry.key for entry in entries}
        assert [entry.offset for entry in entries] == list(range(1, len(entries) + 1))
        assert not (await log.append("after", b"")).duplicate


async def test_a_sqlite_file_has_one_owner(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'showcaller.db'}"
    script = "import sys; from showcaller.broker.connect import connect; connect(sys.argv[1])"
    async with connected(url):
        with pytest.raises(Unavailable, match="another process"):
            connect(url)
        other = await run_python(script, url)
        _, errors = await other.communicate()
        assert other.returncode == 1 and b"another process runs on" in errors
    async with connected(url) as broker:
        await broker.check()


async def test_leases_end_with_the_process_that_owned_the_file(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'showcaller.db'}"
    async with connected(url) as broker:
        before = await (await broker.open("event")).acquire_lease("stage", "one", 3_600_000)
    async with connected(url) as broker:
        after = await (await broker.open("event")).acquire_lease("stage", "other", 1_000)
    assert before is not None and after is not None and after.fence > before.fence


async def test_a_full_disk_refuses_writes_reads_on_and_recovers(tmp_path: Path) -> None:
    broker = SqliteBroker(str(tmp_path / "showcaller.db"))

    async def limit_pages(pages: int) -> None:
        await broker._writer.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}"))

    log = await broker.open("event")
    await log.append("before", b"x")
    await limit_pages(30)
    results = await asyncio.gather(
        *(log.append(f"k{i}", b"x" * 5000) for i in range(100)), return_exceptions=True
    )
    placed = [result for result in results if not isinstance(result, BaseException)]
    assert placed and len(placed) < 100
    assert all(isinstance(each, StorageFull) for each in results if each not in placed)
    with pytest.raises(StorageFull):
        await broker.check()
    assert len(await log.read(0)) == 1 + len(placed)
    await limit_pages(1_000_000)
    assert (await log.append("after", b"x")).position.offset == 2 + len(placed)
    await broker.check()
    await broker.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary, " * 100)
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        connect(f"sqlite:{tmp_path / 'notes.txt'}")


# Redis: losing and keeping the log ----------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up sooner than a production broker does."""
    monkeypatch.setattr(redis_broker, "REPEAT_FOR_S", 0.5)
    monkeypatch.setattr(redis_broker, "WAIT_MS", 300)
    monkeypatch.setattr(redis_shard, "ELSEWHERE_FOR_S", 0.5)


@pytest.fixture
def durable() -> Iterator[RedisServer]:
    with RedisServer(DURABLE) as server:
        yield server


@pytest.fixture
def forgetful() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


async def test_kill_9_of_a_durable_redis_loses_nothing_and_its_log_goes_on(
    durable: RedisServer,
) -> None:
    async with connected(durable.url) as broker, connected(durable.url) as other_broker:
        log, other = await broker.open("event"), await other_broker.open("event")

        async def append_some(name: str) -> list[Position]:
            keys = [f"{name}{number}" for number in range(70)]
            return [
                (await persist(lambda k=key: log.append(k, b"x" * 100))).position for key in keys
            ]

        acknowledged: list[Position] = []
        async with reading(other) as reader:
            for turn in range(3):
                before = len(reader.entries)
                writers = [asyncio.create_task(append_some(f"{turn}{name}")) for name in "abcd"]
                await until(lambda n=before: len(reader.entries) > n + 50)
                if turn < 2:
                    durable.kill()
                    await asyncio.to_thread(durable.start)
                for positions in await asyncio.gather(*writers):
                    acknowledged += positions
            await until(lambda: len(reader.entries) >= 840)
            assert reader.entries == await other.read(0)
            assert len(set(reader.keys())) == 840
            assert len({position.offset for position in acknowledged}) == 840
            assert reader.times_anew == 0 and len(reader.epochs) == 3
            ends = [other.ended(epoch) for epoch in reader.epochs]
            assert ends[-1] is None and 0 < ends[0] <= ends[1] <= 840


@pytest.mark.parametrize("restart", [False, True], ids=["FLUSHALL", "restart"])
async def test_a_redis_that_forgot_the_log_gets_a_new_epoch(
    forgetful: RedisServer, restart: bool
) -> None:
    async with connected(forgetful.url) as broker, connected(forgetful.url) as other_broker:
        log, other = await broker.open("event"), await other_broker.open("event")
        async with reading(log) as here, reading(other) as there:
            old = (await log.append("k", b"old")).position
            await until(lambda: len(here.entries) == len(there.entries) == 1)
            if restart:
                forgetful.stop()
                await asyncio.to_thread(forgetful.start)
            else:
                forgetful.command("FLUSHALL")
            await until(lambda: len(here.epochs) == len(there.epochs) == 2)
            assert here.epochs == there.epochs
            new = await persist(lambda: other.append("k", b"new"))
            assert new.position.epoch == here.epochs[-1] != old.epoch and not new.duplicate
            await until(lambda: here.keys() == there.keys() == ["k"])
            assert here.entries[0].data == b"new"


async def test_an_append_alone_finds_out_that_the_log_was_lost(forgetful: RedisServer) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        first = await log.append("a", b"")
        forgetful.command("FLUSHALL")
        second = await log.append("b", b"")
        assert second.position.offset == first.position.offset
        assert second.position.epoch != first.position.epoch


async def test_a_reader_whose_own_entry_is_not_there_forks_the_log(
    forgetful: RedisServer,
) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        assert isinstance(log, redis_broker.RedisLog)
        epoch, _ = (await log.append("a", b"")).position
        head, records = await log._read(Cursor(epoch, 1, "of another entry"), 10)
        assert head.epoch != epoch and records == []
        assert (await log.head()).epoch == head.epoch


async def test_a_node_that_folded_more_than_the_log_holds_forks_it(
    forgetful: RedisServer,
) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        epoch, _ = (await log.append("a", b"")).position
        async with reading(log, after=5, epoch=epoch) as reader:
            await until(lambda: reader.keys() == ["a"])
        assert reader.epochs[-1] == (await log.head()).epoch != epoch


async def test_a_snapshot_of_a_lost_log_is_not_loaded(durable: RedisServer) -> None:
    async with connected(durable.url) as broker:
        log = await broker.open("event")
        position = (await log.append("a", b"")).position
        await log.save_snapshot(position, 1, b"state")
        durable.command("DEL", "showcaller:{event}:log", "showcaller:{event}:keys")
        assert await log.load_snapshot(1) is None
        assert (await log.head()).epoch != position.epoch


async def replicating(master: RedisServer, replica: RedisServer) -> None:
    """Wait until `replica` follows `master`."""
    replica.command("REPLICAOF", "127.0.0.1", str(master.port))
    await until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))


async def test_failover_to_a_replica_that_lags_changes_the_epoch_for_all(
    forgetful: RedisServer,
) -> None:
    with RedisServer() as replica:
        await replicating(forgetful, replica)
        async with TcpProxy(forgetful.port) as proxy:
            url = f"redis://127.0.0.1:{proxy.port}"
            async with connected(url) as broker, connected(url) as other_broker:
                log, other = await broker.open("event"), await other_broker.open("event")
                async with reading(log) as here, reading(other) as there:
                    await log.append("on both", b"")
                    await until(lambda: replica.command("LLEN", "showcaller:{event}:log") == "1")
                    replica.command("REPLICAOF", "NO", "ONE")  # from here on it lags
                    lost = await log.append("lost", b"")
                    await until(lambda: len(here.entries) == len(there.entries) == 2)
                    proxy.target_port = replica.port
                    proxy.reset_all()
                    kept = await persist(lambda: other.append("kept", b""))
                    assert kept.position.offset == lost.position.offset
                    assert kept.position.epoch != lost.position.epoch
                    await until(lambda: here.keys() == there.keys() == ["on both", "kept"])
                    assert here.epochs == there.epochs == [lost.position.epoch, kept.position.epoch]


async def test_after_failover_to_a_replica_that_has_everything_the_log_goes_on(
    forgetful: RedisServer,
) -> None:
    with RedisServer() as replica:
        await replicating(forgetful, replica)
        async with TcpProxy(forgetful.port) as proxy:
            async with connected(f"redis://127.0.0.1:{proxy.port}", replicas=1) as broker:
                log = await broker.open("event")
                async with reading(log) as reader:
                    await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(100)))
                    forgetful.pause()
                    replica.command("REPLICAOF", "NO", "ONE")
                    proxy.target_port = replica.port
                    proxy.reset_all()
            async with connected(replica.url) as broker:
                log = await broker.open("event")
                assert (await log.head()).offset == log.ended(reader.epochs[0]) == 100


async def test_two_masters_of_one_log_never_share_an_epoch(forgetful: RedisServer) -> None:
    with RedisServer() as replica:
        await replicating(forgetful, replica)
        async with connected(forgetful.url) as broker, connected(replica.url) as other_broker:
            log, other = await broker.open("event"), await other_broker.open("event")
            first = await log.append("on both", b"")
            await until(lambda: replica.command("LLEN", "showcaller:{event}:log") == "1")
            replica.command("REPLICAOF", "NO", "ONE")
            here = await log.append("here", b"")
            there = await other.append("there", b"")
            assert here.position.offset == there.position.offset == 2
            assert here.position.epoch == first.position.epoch != there.position.epoch
            assert other.ended(first.position.epoch) == 1  # so here is nowhere in the other log
            assert log.ended(there.position.epoch) is None


async def test_a_tail_that_was_shown_what_another_master_wrote_begins_anew_alone(
    forgetful: RedisServer,
) -> None:
    """The other tail was shown only what both have: it goes on."""
    with RedisServer() as replica:
        await replicating(forgetful, replica)
        async with TcpProxy(forgetful.port) as proxy:
            url = f"redis://127.0.0.1:{proxy.port}"
            async with connected(url) as broker, connected(replica.url) as other_broker:
                log, other = await broker.open("event"), await other_broker.open("event")
                await log.append("on both", b"")
                async with reading(log) as here, reading(other) as there:
                    await until(lambda: len(here.entries) == len(there.entries) == 1)
                    replica.command("REPLICAOF", "NO", "ONE")
                    await log.append("lost", b"")
                    await until(lambda: len(here.entries) == 2)
                    await other.append("kept", b"")
                    proxy.target_port = replica.port
                    proxy.reset_all()
                    await until(lambda: here.keys() == there.keys() == ["on both", "kept"])
                    assert (here.times_anew, there.times_anew) == (1, 0)
                    assert here.epochs[-1] == there.epochs[-1]


async def test_an_entry_taken_out_while_nobody_looked_makes_it_another_log(
    forgetful: RedisServer,
) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        for key in "abc":
            position = (await log.append(key, b"")).position
        await log.save_snapshot(position, 1, b"state")
    forgetful.command("RPOP", "showcaller:{event}:log")
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        assert await log.load_snapshot(1) is None
        assert (await log.head()).epoch != position.epoch
        assert log.ended(position.epoch) is None


async def test_a_log_of_a_release_that_did_not_note_whose_it_is_keeps_its_epoch(
    forgetful: RedisServer,
) -> None:
    async with connected(forgetful.url) as broker:
        position = (await (await broker.open("event")).append("k", b"")).position
    forgetful.command("DEL", "showcaller:{event}:epochs")
    async with connected(forgetful.url) as broker:
        assert await (await broker.open("event")).head() == position


async def test_of_many_epochs_the_newest_are_remembered(forgetful: RedisServer) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        await log.append("k", b"")
        many = "".join(f"e{n:013} 1\n" for n in range(1_000))
        whose = f"another e\nrubbish\ne -1\n{many}"
        forgetful.command("SET", "showcaller:{event}:epochs", whose)
        forgetful.command("SET", "showcaller:{event}:epoch", "e")
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        assert log.ended("e") == log.ended("e" + "0" * 13) == 1
        assert log.ended("e0000000000999") is None


# Redis: connections -------------------------------------------------------------------------------


async def test_an_answer_cut_in_the_middle_leaves_exactly_one_entry(
    forgetful: RedisServer,
) -> None:
    async with TcpProxy(forgetful.port) as proxy:
        async with connected(f"redis://127.0.0.1:{proxy.port}") as broker:
            log = await broker.open("event")
            for number in range(5):
                proxy.reset_next_answer()
                appended = await log.append(f"k{number}", b"data")
                assert proxy.resets == number + 1
                assert appended.position.offset == number + 1
            assert forgetful.command("LLEN", "showcaller:{event}:log") == "5"


async def test_a_tail_outlives_resets_of_all_connections(forgetful: RedisServer) -> None:
    async with TcpProxy(forgetful.port) as proxy, connected(forgetful.url) as direct:
        async with connected(f"redis://127.0.0.1:{proxy.port}") as broker:
            log, writer = await broker.open("event"), await direct.open("event")
            async with reading(log) as reader:
                for number in range(300):
                    await writer.append(f"k{number}", b"")
                    if number % 60 == 30:
                        proxy.reset_all()
                await until(lambda: len(reader.entries) == 300)
                assert reader.entries == await writer.read(0) and len(reader.epochs) == 1


async def test_a_lost_last_message_is_found_although_none_comes_after_it(
    forgetful: RedisServer,
) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        async with reading(log) as reader:
            await log.append("a", b"")
            await until(lambda: len(reader.entries) == 1)
            forgetful.command("CLIENT", "KILL", "TYPE", "pubsub")
            await log.append("b", b"")  # told to nobody
            await until(lambda: reader.keys() == ["a", "b"])


async def test_a_paused_redis_delays_and_loses_nothing(forgetful: RedisServer) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        heard: list[bytes] = []
        await log.subscribe("presence", heard.append)
        async with reading(log) as reader:
            await log.append("a", b"")
            forgetful.pause()
            pending = asyncio.create_task(log.append("b", b""))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.shield(pending)
            forgetful.resume()
            await pending
            await until(lambda: reader.keys() == ["a", "b"])
        await log.publish("presence", b"here")
        await until(lambda: heard == [b"here"])


async def test_a_redis_that_is_down_is_unavailable_within_a_bounded_time(
    forgetful: RedisServer,
    impatient: None,
) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        heard: list[bytes] = []
        await log.subscribe("presence", heard.append)
        forgetful.kill()
        async with asyncio.timeout(10):
            results = await asyncio.gather(
                log.append("k", b""), log.append("l", b""), return_exceptions=True
            )
        assert [type(result) for result in results] == [Unavailable, Unavailable]
        for call in (log.head(), log.read_clock(), broker.check(), broker.open("other")):
            with pytest.raises(Unavailable):
                await call
        await asyncio.to_thread(forgetful.start)
        assert not (await log.append("k", b"")).duplicate

        async def heard_again() -> bool:
            await log.publish("presence", b"again")
            return bool(heard)

        await until(heard_again)


async def test_scripts_that_the_server_forgot_are_loaded_again(forgetful: RedisServer) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        forgetful.command("SCRIPT", "FLUSH")
        await log.append("k", b"")
        forgetful.command("SCRIPT", "FLUSH")
        assert (await log.count("c", 1000)).total == 1


# Redis: replicas and refusals ---------------------------------------------------------------------


async def test_an_append_waits_for_as_many_replicas_as_asked_for(
    forgetful: RedisServer, impatient: None
) -> None:
    async with connected(forgetful.url, replicas=1) as broker:
        log = await broker.open("event")
        with pytest.raises(Unavailable, match="only 0 of the 1 replicas"):
            await log.append("k", b"")
        with pytest.raises(Unavailable, match="replicas are asked for"):
            await broker.check()
        with RedisServer() as replica:
            await replicating(forgetful, replica)
            assert (await persist(lambda: log.append("k", b""))).duplicate
            await broker.check()
            for number in range(50):
                await persist(lambda n=number: log.append(f"k{n}", b""))
            assert replica.command("LLEN", "showcaller:{event}:log") == "51"
            replica.pause()
            with pytest.raises(Unavailable):
                await log.append("not there", b"")
            with pytest.raises(Unavailable):  # that it is known does not mean that it is there
                await log.append("not there", b"")


async def test_a_read_only_redis_is_unavailable(forgetful: RedisServer, impatient: None) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        await log.append("k", b"")
        forgetful.command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(Unavailable, match="read-only"):
            await log.append("l", b"")
        assert len(await log.read(0)) == 1
        forgetful.command("REPLICAOF", "NO", "ONE")
        assert (await log.append("l", b"")).position.offset == 2


async def test_a_redis_without_memory_refuses_writes_reads_on_and_recovers(
    forgetful: RedisServer,
) -> None:
    async with connected(forgetful.url) as broker:
        log = await broker.open("event")
        await log.append("k", b"data")
        forgetful.command("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StorageFull, match="maxmemory"):
            await log.append("l", b"")
        with pytest.raises(StorageFull):
            await broker.check()
        assert len(await log.read(0)) == 1
        forgetful.command("CONFIG", "SET", "maxmemory", "0")
        assert (await log.append("l", b"")).position.offset == 2


async def test_a_redis_that_cannot_save_refuses_writes_reads_on_and_recovers() -> None:
    options = {"save": "3600 1", "enable-protected-configs": "local"}
    with RedisServer(options) as server:
        async with connected(server.url) as broker:
            log = await broker.open("event")
            await log.append("k", b"data")
            gone = server.directory / "gone"
            gone.mkdir()
            server.command("CONFIG", "SET", "dir", str(gone))
            gone.rmdir()
            server.command("BGSAVE")
            await until(lambda: "rdb_last_bgsave_status:err" in server.command("INFO"))
            with pytest.raises(StorageFull, match="can't save"):
                await log.append("l", b"")
            assert len(await log.read(0)) == 1
            server.command("CONFIG", "SET", "dir", str(server.directory))
            server.command("BGSAVE")
            await until(lambda: "rdb_last_bgsave_status:ok" in server.command("INFO"))
            assert (await log.append("l", b"")).position.offset == 2


async def test_a_redis_that_may_evict_the_log_is_refused(forgetful: RedisServer) -> None:
    forgetful.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    async with connected(forgetful.url) as broker:
        with pytest.raises(Unavailable, match="noeviction"):
            await broker.check()
