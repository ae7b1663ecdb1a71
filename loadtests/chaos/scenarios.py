"""The scenarios: an audience, a cluster, and what is done to it. Each run of the tests plays the `QUICK`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from showcaller_load.scenario import FaultPlan, Scenario

from . import stories
from .cluster import Cluster, FarRedis, MovedClocks, SmallDisk
from .frozen import standstill
from .play import Played, Story, audience, play

FROZEN_S = 20.0


class Trial(NamedTuple):
    """A scenario that is ready to be played."""

    scenario: Scenario
    cluster: Cluster
    story: Story | None = None

    async def run(self, say: Callable[[str], None]) -> Played:
        return await play(self.scenario, self.cluster, self.story, say)


def node_killed() -> Trial:
    story = stories.again(3, 3.0, stories.kill_a_node)
    return Trial(audience("node_killed", duration_s=12.0), Cluster(2), story)


def only_node_killed() -> Trial:
    story = stories.again(2, 4.0, stories.kill_a_node)
    return Trial(audience("only_node_killed", duration_s=12.0), Cluster(1, "sqlite"), story)


def node_frozen() -> Trial:
    plan = audience("node_frozen", sockets=40, duration_s=10.0, votes_per_s=10.0)
    return Trial(plan, Cluster(2), standstill(FROZEN_S))


def redis_killed() -> Trial:
    story = stories.again(3, 3.0, stories.kill_redis)
    return Trial(audience("redis_killed", duration_s=15.0), Cluster(2), story)


def redis_frozen() -> Trial:
    story = stories.again(2, 3.0, stories.stop_redis_for_a_while)
    return Trial(audience("redis_frozen", duration_s=15.0), Cluster(2), story)


def redis_full() -> Trial:
    story = stories.again(1, 3.0, stories.fill_redis)
    return Trial(audience("redis_full", duration_s=10.0), Cluster(2), story)


def disk_full() -> Trial:
    story = stories.again(1, 3.0, stories.fill_the_disk)
    return Trial(audience("disk_full", duration_s=10.0), SmallDisk(1, "sqlite"), story)


def clocks_set() -> Trial:
    plan = audience("clocks_set", duration_s=15.0)
    return Trial(plan, MovedClocks(1, "sqlite"), stories.set_the_clocks)


def master_partitioned() -> Trial:
    plan = audience("master_partitioned", duration_s=15.0)
    return Trial(plan, Cluster(2, "replicated"), stories.cut_off_the_master)


def log_lost() -> Trial:
    """Act only when the log is lost and begun anew: what was acknowledged before, nobody can keep."""
    plan = audience("log_lost", duration_s=14.0, acts_from_s=6.0)
    return Trial(plan, Cluster(2), stories.lose_the_log)


def far_redis_killed() -> Trial:
    """Two nodes whose Redis is behind a long line that loses packets, and dies twice as well."""
    story = stories.again(2, 4.0, stories.kill_redis)
    return Trial(audience("far_redis_killed", duration_s=15.0), FarRedis(2), story)


def rolling_restarts() -> Trial:
    story = stories.again(4, 2.0, stories.restart_a_node)
    return Trial(audience("rolling_restarts", duration_s=15.0), Cluster(2), story)


def workers_rolled() -> Trial:
    story = stories.again(2, 3.0, stories.roll_the_workers)
    return Trial(audience("workers_rolled", duration_s=15.0), Cluster(1, "redis", *WORKERS), story)


WORKERS = ("--workers", "2")


def herd() -> Trial:
    cuts = [FaultPlan(at_s=at_s, do="cut") for at_s in (4.0, 8.0)]
    return Trial(audience("herd", sockets=400, duration_s=12.0, faults=cuts), Cluster(2))


def resets() -> Trial:
    """One connection in ten is reset each second."""
    cuts = [FaultPlan(at_s=float(at_s), do="cut", share=0.1) for at_s in range(2, 14)]
    return Trial(audience("resets", duration_s=15.0, faults=cuts), Cluster(2))


def slow_readers() -> Trial:
    slow = [FaultPlan(at_s=3.0, do="slow", share=0.2, for_s=8.0)]
    return Trial(audience("slow_readers", duration_s=15.0, faults=slow), Cluster(1, "sqlite"))


def churn() -> Trial:
    """Newcomers all the time, and the others are cut again and again."""
    cuts = [FaultPlan(at_s=float(at_s), do="cut", share=0.3) for at_s in range(2, 20, 2)]
    plan = audience("churn", joins=600, duration_s=20.0, votes_per_s=20.0, faults=cuts)
    return Trial(plan, Cluster(1, "sqlite"))


_ALL = (
    node_killed,
    node_frozen,
    log_lost,
    master_partitioned,
    far_redis_killed,
    only_node_killed,
    redis_killed,
    redis_frozen,
    redis_full,
    disk_full,
    clocks_set,
    rolling_restarts,
    workers_rolled,
    herd,
    resets,
    slow_readers,
    churn,
)
SCENARIOS: dict[str, Callable[[], Trial]] = {make.__name__: make for make in _ALL}
QUICK = (
    "node_killed",
    "log_lost",
    "only_node_killed",
    "redis_killed",
    "node_frozen",
    "clocks_set",
)
