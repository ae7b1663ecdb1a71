"""Results as runs make them, made up: of every verdict, with faults, gaps and findings."""

from __future__ import annotations

import math
import random

from showcaller_load.checks import judge
from showcaller_load.results import (
    Check,
    Fault,
    Finding,
    GeneratorUse,
    Machine,
    Percentiles,
    ProcessSample,
    Result,
    Second,
)

YAML = """# Sessions start and everybody is told.
name: session-starting
sockets: 2000
steps:
  - join: {over_s: 10}
  - broadcast: {per_s: 1, for_s: 90}
"""
KILLED_S, BACK_S = 40, 46


def made_result(verdict: str = "pass", *, length_s: int = 100, **changes) -> Result:
    """A run with a worker killed in its middle; `changes` replace whole fields."""
    chance = random.Random(7)
    seconds = [_second(t_s, chance) for t_s in range(length_s)]
    fields = {
        "tool_version": "0.4.0",
        "scenario": "session-starting",
        "scenario_yaml": YAML,
        "audience": 2000,
        "duration_s": float(length_s),
        "target": "serve --workers 2 --broker redis",
        "started_at": "2026-11-23T20:01:07Z",
        "took_s": length_s + 0.4,
        "machines": [
            Machine(
                host="load-1",
                cores=2,
                cpu_model="AMD EPYC 7763",
                memory_gib=15.6,
                kernel="Linux 6.18.0",
                python="3.11.14",
            )
        ],
        "verdict": verdict,
        "why": WHY[verdict],
        "checks": _checks(verdict),
        "latencies": {name: _percentiles(of) for name, of in HISTOGRAMS.items()},
        "histograms": HISTOGRAMS,
        "seconds": seconds,
        "processes": [sample for t_s in range(length_s) for sample in _samples(t_s, chance)],
        "faults": [
            Fault(t_s=KILLED_S, what="worker 2 killed (SIGKILL)"),
            Fault(t_s=KILLED_S + 1.5, what="worker 2 started again by its supervisor"),
            Fault(t_s=70.0, what="Redis killed (SIGKILL), started again after 2 s"),
        ],
        "findings": FINDINGS if verdict == "fail" else [],
        "finding_counts": {"lost": 412, "doubled": 1, "diverged": 1} if verdict == "fail" else {},
        "generators": [
            GeneratorUse(host="load-1", pid=4711, sockets=1000, busy_max=0.62, late_p99_ms=3.4),
            GeneratorUse(
                host="load-1",
                pid=4712,
                sockets=1000,
                busy_max=1.0 if verdict == "invalid" else 0.58,
                late_p99_ms=841.0 if verdict == "invalid" else 2.9,
            ),
        ],
        "totals": {"sockets": 2000, "deliveries": sum(s.deliveries for s in seconds)},
    }
    return Result(**(fields | changes))


WHY = {
    "pass": [],
    "fail": [
        "412 messages were lost, by 409 attendees.",
        "1 attendee's state differs from a fresh snapshot.",
        "broadcast_p99_ms is 2,140, over its limit of 1,000.",
    ],
    "invalid": ["Generator 4712 used 100 % of its core: what it measured is its own slowness."],
    "stopped": ["Ctrl-C after 41 s."],
}
FINDINGS = [
    Finding(
        kind="lost",
        attendee="a-17",
        channel="session/talk",
        offset=812,
        detail="change of the announcement “Lunch is served” never came",
    ),
    Finding(
        kind="doubled",
        attendee="a-3",
        channel="announcements",
        offset=640,
        detail="came at 0:33.120 and 0:33.121",
    ),
    Finding(
        kind="diverged",
        attendee="a-1204",
        channel="session/talk/questions",
        offset=None,
        detail="level q_17: 12 here, 13 in a fresh snapshot",
    ),
]


def _second(t_s: int, chance: random.Random) -> Second:
    away = KILLED_S <= t_s < BACK_S
    sockets = min(2000, 200 * (t_s + 1)) - (900 if away else 0)
    sent = t_s >= 10
    base = 1900 if away else 30
    return Second(
        t_s=t_s,
        sockets=sockets,
        joining=min(200, 2000 - sockets) if t_s < 10 or away else 0,
        joins=200 if t_s < 10 else 150 if BACK_S <= t_s < BACK_S + 6 else 0,
        deliveries=sockets + chance.randrange(50) if sent else 0,
        commands=12 + chance.randrange(4) if sent else 0,
        replies=12 + chance.randrange(4) if sent else 0,
        closes=900 if t_s == KILLED_S else 0,
        broadcast_p50_ms=base * 0.5 * chance.uniform(0.9, 1.3) if sent else None,
        broadcast_p99_ms=base * chance.uniform(0.9, 1.6) if sent else None,
        reply_p99_ms=base * 0.3 * chance.uniform(0.8, 1.4) if sent and t_s % 7 else None,
        loop_lag_ms=base * 0.1 * chance.uniform(0.5, 2),
        generator_busy=0.3 + 0.2 * math.sin(t_s / 9) ** 2,
    )


def _samples(t_s: int, chance: random.Random) -> list[ProcessSample]:
    def sample(name: str, pid: int, cpu: float, memory: float) -> ProcessSample:
        return ProcessSample(
            t_s=t_s + 0.9,
            name=name,
            pid=pid,
            cpu_share=cpu * chance.uniform(0.8, 1.1),
            memory_mib=memory + t_s * 0.05,
        )

    found = [sample("supervisor", 100, 0.002, 30), sample("worker 1", 101, 0.4, 96)]
    if t_s < KILLED_S:
        found.append(sample("worker 2", 102, 0.38, 94))
    elif t_s >= KILLED_S + 2:
        found.append(sample("worker 2", 140, 0.45, 88))
    return [*found, sample("redis", 90, 0.08, 12)]


def _lognormal(count: int, median_ms: float, seed: int) -> list[tuple[float, int]]:
    chance, buckets = random.Random(seed), {}
    for _ in range(count):
        upper = 2 ** (math.ceil(math.log2(median_ms * chance.lognormvariate(0, 0.6)) * 8) / 8)
        buckets[upper] = buckets.get(upper, 0) + 1
    return sorted(buckets.items())


HISTOGRAMS = {
    "broadcast": _lognormal(20_000, 30, 1),
    "reply": _lognormal(1300, 9, 2),
    "join": _lognormal(2900, 60, 3),
    "resume": _lognormal(900, 800, 4),
    "clock": _lognormal(9000, 0.8, 5),
}


def _percentiles(histogram: list[tuple[float, int]]) -> Percentiles:
    total = sum(count for _, count in histogram)

    def at(share: float) -> float:
        seen = 0
        for upper, count in histogram:
            seen += count
            if seen >= share * total:
                return upper
        raise AssertionError

    return Percentiles(count=total, p50_ms=at(0.5), p95_ms=at(0.95), p99_ms=at(0.99), max_ms=at(1))


def _checks(verdict: str) -> list[Check]:
    bad = verdict == "fail"
    values = {
        "lost": 412.0 if bad else 0.0,
        "doubled": 0.0,
        "broadcast_p99_ms": 2140.0 if bad else 118.0,
        "broadcast_p50_ms": 31.0,
        "joins_per_s": 201.0,
        "server_memory_max_mib": 191.0,
    }
    limits = {"lost": 0.0, "doubled": 0.0, "broadcast_p99_ms": 1000.0, "joins_per_s": 150.0}
    return judge(values, limits)
