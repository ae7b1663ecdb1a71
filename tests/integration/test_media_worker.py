"""Media workers that die, nodes that die, and stages that move: everybody is whole again soon."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from showcaller.broker.redis import RedisBroker
from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import NotFound, Unavailable
from showcaller.media.contract.addresses import Addresses
from showcaller.media.contract.calls import Asker, Close, Publish, Take
from showcaller.media.node.relay import RELAY_TIMEOUT_S, Relay
from showcaller.media.node.workers import Workers, WorkersListener
from showcaller.testing.media_node import MediaNode
from showcaller.testing.media_peers import Publisher
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.until import until

LOOPBACK = Addresses(("127.0.0.1",))
ASKER = Asker("p")


class Deaf(WorkersListener):
    """Told of workers, it does nothing."""


@pytest.fixture
async def workers():
    workers = Workers(1, LOOPBACK, Deaf())
    workers.start()
    await until(workers.all, 30)
    yield workers
    await workers.stop()


@pytest.fixture
async def broker(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    yield broker
    await broker.close()


def is_running(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def test_a_worker_answers_and_passes_errors_on(workers):
    worker = workers.all()[0]
    with pytest.raises(NotFound, match="has ended"):
        await worker.do(Close(resource="w~r_nobody", asker=ASKER))
    publisher = Publisher()
    offer = await publisher.offer()
    answer = await worker.do(Publish(stage="main", session="s", asker=ASKER, offer=offer))
    assert answer.resource.startswith(f"{worker.name}~")
    assert (await worker.measure()).connecting == 1
    await worker.do(Close(resource=answer.resource, asker=ASKER))
    await publisher.close()


async def test_a_killed_worker_is_started_again(workers):
    first = workers.all()[0]
    pending = asyncio.create_task(first.measure())
    first.process.kill()
    with contextlib.suppress(Unavailable):  # it may have answered before
        await pending
    await until(lambda: workers.all() and workers.all()[0] is not first, 30)
    assert workers.restarts == 1
    with pytest.raises(Unavailable):
        await first.measure()
    assert await workers.all()[0].measure()


async def test_a_worker_that_hangs_is_killed(workers):
    first = workers.all()[0]
    first.process.send_signal(signal.SIGSTOP)
    await until(lambda: workers.all() and workers.all()[0] is not first, 30)


async def test_a_worker_outlives_the_signals_that_drain_its_node(workers):
    worker = workers.all()[0]
    for sign in (signal.SIGTERM, signal.SIGINT):
        worker.process.send_signal(sign)
    assert await worker.measure()


def test_a_worker_dies_with_its_node():
    node = textwrap.dedent(
        """
        import asyncio
        from showcaller.media.contract.addresses import Addresses
        from showcaller.media.node.workers import Workers, WorkersListener

        class Printer(WorkersListener):
            def on_worker_up(self, worker):
                print(worker.process.pid, flush=True)

        async def main():
            workers = Workers(2, Addresses(("127.0.0.1",)), Printer())
            workers.start()
            await asyncio.Event().wait()

        asyncio.run(main())
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", node], stdout=subprocess.PIPE, text=True
    ) as parent:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(is_running(pid) for pid in pids)
        os.kill(pids[0], signal.SIGSTOP)  # it will not see the end of its pipe
        parent.kill()
        parent.wait()
        asyncio.run(until(lambda: not any(is_running(pid) for pid in pids), 5))


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
async def test_everybody_is_back_soon_after_a_worker_died_or_hung(broker, sign):
    """Within five seconds where a core is free: twice that here, since tests share the machine."""
    async with MediaNode(broker) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        await node.publish()
        watcher, watched = await node.watch()
        await watcher.wait_for_frames(2)
        generation = node.generation()
        assert generation > 0
        worker = node.media._workers.all()[0]
        os.kill(worker.process.pid, sign)
        async with asyncio.timeout(10):
            await node.until(lambda: node.generation() > generation)
            async with asyncio.timeout(RELAY_TIMEOUT_S / 2):  # leaving, nobody waits for the dead
                owner = node.token(person="p_viewer")
                gone = await node.ask("DELETE", watched.resource, token=owner)
            assert gone.status == 404
            await node.until(lambda: not node.on_air("one"))
            await node.publish(brightness=200)
            again, _ = await node.watch()
            await again.wait_for_frames(2)
        assert node.media.measured().restarts == 1


@pytest.fixture
async def redis_brokers():
    """Connections of three nodes to one Redis."""
    with RedisServer() as redis:
        brokers = [RedisBroker(redis.url) for _ in range(3)]
        yield brokers
        for broker in brokers:
            await broker.close()


async def test_any_node_passes_requests_on_to_the_worker_that_has_the_stage(redis_brokers):
    first, second, _ = redis_brokers
    async with MediaNode(first) as host, MediaNode(second, workers=0) as other:
        await other.until(lambda: other.sheet.sessions["one"].live)
        await host.until(lambda: host.sheet.sessions["one"].live)
        _, published = await host.publish(brightness=90)
        watcher, watched = await other.watch()
        await watcher.wait_for_frames(5)
        assert abs(watcher.brightness - 90) < 12
        for posted in (published, watched):
            assert host.media._workers.all()[0].name in posted.resource

        stranger = other.token(person="p_other")
        assert (await other.ask("DELETE", watched.resource, token=stranger)).status == 403
        owner = other.token(person="p_viewer")
        patched = await other.ask(
            "PATCH",
            watched.resource,
            "a=mid:0\r\na=end-of-candidates\r\n",
            token=owner,
            Content_Type="application/trickle-ice-sdpfrag",
            If_Match='"stale"',
        )
        assert patched.status == 412
        assert (await other.ask("DELETE", watched.resource, token=owner)).status == 200
        assert (await other.ask("DELETE", watched.resource, token=owner)).status == 404


async def test_a_stopping_node_hands_its_stage_over(redis_brokers):
    first, second, _ = redis_brokers
    async with MediaNode(second) as heir:
        async with MediaNode(first) as host:
            await host.until(lambda: host.sheet.sessions["one"].live)
            await host.publish()
            await heir.until(lambda: heir.on_air("one"))
            generation = heir.generation()
        await heir.until(lambda: heir.generation() > generation)
        assert heir.on_air("one") == []
        await heir.publish()
        watcher, _ = await heir.watch()
        await watcher.wait_for_frames(2)


async def test_the_stages_of_a_dead_node_are_taken_over(redis_brokers):
    """The node vanishes without releasing its leases or stopping its publications."""
    first, second, third = redis_brokers
    async with MediaNode(second) as heir, MediaNode(third, workers=0) as other:
        async with MediaNode(first) as host:
            await host.until(lambda: host.sheet.sessions["one"].live)
            await host.publish()
            await heir.until(lambda: heir.on_air("one"))
            generation = heir.generation()
            for task in host.media._tasks:  # it renews nothing and answers nobody any more
                task.cancel()
            host.media._relay.stop()
            host.media._ledger._task.cancel()
            await heir.until(lambda: heir.generation() > generation, 10)
            await heir.until(lambda: heir.on_air("one") == [])
            watcher, watched = await other.watch()
            await heir.publish(brightness=200)
            await watcher.wait_for_frames(2)
            assert heir.media._workers.all()[0].name in watched.resource


async def test_a_node_that_lost_its_lease_ends_what_it_has(redis_brokers):
    first, second, _ = redis_brokers
    async with MediaNode(first) as host:
        await host.until(lambda: host.sheet.sessions["one"].live)
        await host.publish()
        watcher, _ = await host.watch()
        await watcher.wait_for_frames(2)
        # While the node slept its lease ran out, and somebody else took the stage.
        log = await second.open("event")
        mine = await log.read_lease("stage/main")
        await log.release_lease(mine)
        assert await log.acquire_lease("stage/main", "w_elsewhere", 60_000)
        await host.until(lambda: watcher.pc.connectionState == "closed")
        await host.until(lambda: not host.on_air("one"))
        assert host.media.measured().stages == 0


async def test_viewers_outlast_a_lease_that_ran_out_while_nobody_else_had_the_stage(broker):
    """The log was out of reach for some seconds: media went on, so nobody connects again."""
    async with MediaNode(broker) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        await node.publish()
        watcher, _ = await node.watch()
        await watcher.wait_for_frames(2)
        generation = node.generation()
        lease = await node.event.log.read_lease("stage/main")
        await node.event.log.release_lease(lease)

        async def renewed():
            held = await node.event.log.read_lease("stage/main")
            return held and held.fence > lease.fence and held.owner == lease.owner

        await until(renewed)
        await watcher.wait_for_frames(10)
        assert node.generation() == generation


async def test_a_worker_that_came_up_without_the_broker_is_announced_later(monkeypatch):
    monkeypatch.setattr("showcaller.broker.redis_pubsub.CONFIRM_S", 0.5)
    with RedisServer() as redis:
        broker = RedisBroker(redis.url)
        log = await broker.open("event")

        async def answer(worker, call):
            return f"{worker} has {call.stage}"

        relay = Relay(log, answer)
        await relay.start()
        redis.kill()
        failed, subscribe = asyncio.Event(), log.subscribe

        async def subscribe_or_tell(topic, handler):
            try:
                return await subscribe(topic, handler)
            except Unavailable:
                failed.set()
                raise

        monkeypatch.setattr(log, "subscribe", subscribe_or_tell)
        serving = asyncio.create_task(relay.serve("w_late"))
        async with asyncio.timeout(5):
            await failed.wait()
        redis.start()
        async with asyncio.timeout(10):
            await serving
        assert await relay.ask("w_late", Take(stage="main")) == "w_late has main"
        relay.stop()
        await broker.close()
