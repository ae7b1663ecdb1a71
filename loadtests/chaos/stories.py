"""The faults: each is done to a cluster while an audience uses it, and ends with everything mended."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable

from .cluster import Cluster, MovedClocks
from .play import Story, Told
from .score import Score, early_cues

CALM_S = 2.0
TWO_HOURS_MS = 7_200_000
STARTED_WITHIN_S = 60.0  # before the story began, at most, the run did
NOWHERE = 1  # a port where nothing listens


def again(times: int, every_s: float, what: Callable[[Cluster], Awaitable[str]]) -> Story:
    """Return the story of something that happens several times, `every_s` apart."""

    async def story(cluster: Cluster) -> Told:
        words = []
        for _ in range(times):
            await asyncio.sleep(random.uniform(0.5, 1.5) * every_s)
            words.append(await what(cluster))
        return Told(words="; ".join(words))

    return story


async def kill_a_node(cluster: Cluster) -> str:
    """SIGKILL in the middle of whatever goes on; a supervisor starts it again."""
    number = random.randrange(len(cluster.nodes))
    await cluster.nodes[number].kill()
    await asyncio.sleep(random.uniform(0.2, 1.5))
    await cluster.nodes[number].start()
    return f"killed node {number}"


async def restart_a_node(cluster: Cluster) -> str:
    number = random.randrange(len(cluster.nodes))
    await cluster.nodes[number].restart()
    return f"restarted node {number}"


async def roll_the_workers(cluster: Cluster) -> str:
    return await cluster.nodes[0].process.roll()


async def kill_redis(cluster: Cluster) -> str:
    assert cluster.redis is not None
    await asyncio.to_thread(cluster.redis.kill)
    await asyncio.sleep(random.uniform(0.2, 2.0))
    await asyncio.to_thread(cluster.redis.start)
    return "killed Redis"


async def stop_redis_for_a_while(cluster: Cluster) -> str:
    assert cluster.redis is not None
    cluster.redis.pause()
    await asyncio.sleep(random.uniform(2.0, 5.0))
    cluster.redis.resume()
    return "Redis stood still"


async def fill_redis(cluster: Cluster) -> str:
    """It takes no more writes, says so, and takes them again."""
    assert cluster.redis is not None
    redis = cluster.redis
    await asyncio.to_thread(redis.command, "CONFIG", "SET", "maxmemory", "1mb")
    await asyncio.sleep(3.0)
    await asyncio.to_thread(redis.command, "CONFIG", "SET", "maxmemory", "0")
    return "Redis was full for 3 s"


async def fill_the_disk(cluster: Cluster) -> str:
    """It takes no more writes, and takes them again."""
    filling = cluster.folder / "filling"
    with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    await asyncio.sleep(3.0)
    filling.unlink()
    return "the disk was full for 3 s"


async def set_the_clocks(cluster: Cluster) -> Told:
    """Two hours ahead and back, twice: no cue may come of it."""
    assert isinstance(cluster, MovedClocks)
    began_s = time.monotonic()
    for off_ms in (TWO_HOURS_MS, 0, -TWO_HOURS_MS, 0):
        await asyncio.sleep(CALM_S)
        cluster.set_clocks(off_ms)
    await asyncio.sleep(2 * CALM_S)
    passed_ms = (time.monotonic() - began_s + STARTED_WITHIN_S) * 1000
    early = early_cues(await cluster.export(), passed_ms)
    return Told(Score(silently_different=early), "clocks were two hours ahead, and behind")


async def lose_the_log(cluster: Cluster) -> Told:
    """All that Redis has is gone; what was done before, nobody can keep."""
    await asyncio.sleep(CALM_S)
    assert cluster.redis is not None
    await asyncio.to_thread(cluster.redis.command, "FLUSHALL")
    return Told(words="Redis forgot everything")


async def cut_off_the_master(cluster: Cluster) -> Told:
    """Part one node and the master from the other node and the replica, which is promoted; then they die.

    Whoever was on the old side comes back on the new one, by positions in a log that went another way.
    """
    assert cluster.redis is not None and cluster.replica is not None
    assert cluster.replica_line is not None
    old_node, old, promoted = cluster.nodes[0], cluster.redis, cluster.replica
    await cluster.follow(promoted)
    await asyncio.sleep(CALM_S)
    for line in (cluster.replica_line, cluster.names[1]):
        line.target_port = promoted.port if line is cluster.names[1] else NOWHERE
        line.reset_all()
    await asyncio.to_thread(promoted.command, "REPLICAOF", "NO", "ONE")
    await asyncio.sleep(random.uniform(2.0, 5.0))  # both sides write
    await old_node.kill()
    await asyncio.to_thread(old.kill)
    cluster.names[0].target_port = promoted.port
    await old_node.start()
    return Told(words="the master was parted from its replica, and died with a node of its side")
