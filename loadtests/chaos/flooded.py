"""Honest people under a flood: their votes and the joins of newcomers, beside a calm run."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from showcaller_load.results import Result

from .cluster import Cluster, OwnCore
from .floods import CODE
from .play import Played, Story, Told, audience, play
from .score import Score

LASTS_S = 15.0
SOCKETS, JOINS, VOTES_PER_S = 100, 120, 80.0
SPARE_S = (
    2.0  # by which the flood begins before the audience's last joins and votes, and outlasts them
)
HERE = Path(__file__).parents[1]
OPTIONS = ("--registration", "invite", "--invite-code", CODE, "--registrations-per-code", "1000000")


def under(flood: str | None, sockets: int = SOCKETS) -> tuple[Callable[[], Cluster], Story | None]:
    """Return the cluster, and the story of a flood by that name; None: nothing happens."""
    return lambda: OwnCore(1, "sqlite", *OPTIONS), _story(flood) if flood else None


def _story(flood: str) -> Story:
    async def story(cluster: Cluster) -> Told:
        words = (sys.executable, "-m", "chaos.floods", flood, "--url", cluster.nodes[0].url)
        attackers = await asyncio.create_subprocess_exec(
            *words,
            *("--seconds", str(LASTS_S)),
            stdout=asyncio.subprocess.PIPE,
            cwd=HERE,
            env=os.environ | {"PYTHONPATH": str(HERE)},
        )
        try:
            out, _ = await attackers.communicate()
        finally:
            if attackers.returncode is None:
                attackers.kill()
                await attackers.wait()
        return Told(words=f"{flood}: {out.decode().strip()}")

    return story


async def flooded(flood: str | None, say: Callable[[str], None], sockets: int = SOCKETS) -> Played:
    """Play a flood; None: the same in calm."""
    cluster, story = under(flood)
    plan = audience(
        flood or "calm", sockets=sockets, joins=JOINS, duration_s=LASTS_S, votes_per_s=VOTES_PER_S
    )
    return await play(plan, cluster(), story, say)


def beside(calm: Result, flood: Played) -> Score:
    """Return the flood's score with its ratios to the calm run."""
    under_flood = flood.result.latencies
    return msgspec.structs.replace(
        flood.score,
        newcomers_refused=flood.result.totals.get("closes_1013", 0),
        flood_vote_p99_ratio=_ratio(under_flood["reply"].p99_ms, calm.latencies["reply"].p99_ms),
        flood_join_p99_ratio=_ratio(under_flood["join"].p99_ms, calm.latencies["join"].p99_ms),
    )


def p99s(result: Result) -> str:
    """Return how long votes and joins took at p99, in words."""
    return " and ".join(f"{result.latencies[name].p99_ms:.0f}" for name in ("reply", "join"))


def _ratio(value: float, calm: float) -> float:
    return value / calm if calm else 0.0
