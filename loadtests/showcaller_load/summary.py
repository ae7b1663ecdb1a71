"""From the seconds of all generators, and the servers' samples, to the figures of the whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from .histogram import Histogram
from .measures import NAMES, unpack
from .orders import Buckets, Tick
from .results import GeneratorUse, ProcessSample, Second

BUSY = 0.9  # a generator that computes for more than this share of a second says nothing about the server
LATE_P99_MS = 20.0


class Use:
    """One generator process's needs so far."""

    def __init__(self, host: str, pid: int) -> None:
        self.host = host
        self.pid = pid
        self.sockets = 0
        self.busy_max = 0.0
        self.late = Histogram()

    def take(self, tick: Tick) -> None:
        self.sockets = max(self.sockets, tick.sockets)
        self.busy_max = max(self.busy_max, tick.busy)
        self.late.merge(unpack(tick.late))

    def told(self) -> GeneratorUse:
        return GeneratorUse(
            host=self.host,
            pid=self.pid,
            sockets=self.sockets,
            busy_max=self.busy_max,
            late_p99_ms=self.late.quantile_ms(0.99),
        )


def why_invalid(uses: Iterable[GeneratorUse]) -> list[str]:
    """A sentence for each generator that was the bottleneck itself."""
    why = []
    for use in uses:
        where = f"generator {use.pid} on {use.host}"
        if use.busy_max > BUSY:
            why.append(
                f"{where} was {use.busy_max:.0%} busy in its busiest second (more than {BUSY:.0%}): "
                "use more generators (--generators, --agent), or give it a core of its own"
            )
        if use.late_p99_ms > LATE_P99_MS:
            why.append(
                f"{where} was {use.late_p99_ms:.1f} ms late at p99 (more than {LATE_P99_MS:g} ms): "
                "this machine is too busy to measure with"
            )
    return why


class Summary:
    """The figures of a run, added up second by second."""

    def __init__(self) -> None:
        self.latencies = {name: Histogram() for name in NAMES}
        self.seconds: list[Second] = []
        self.processes: list[ProcessSample] = []
        self.totals: Counter[str] = Counter()
        self.votes_max = 0
        self.lag_max_ms: float | None = None

    def take(
        self, t_s: int, ticks: Sequence[Tick], lag_ms: float | None, samples: list[ProcessSample]
    ) -> Second:
        """One second of all generators."""
        merged = _merged(tick.latencies for tick in ticks)
        for name, histogram in merged.items():
            self.latencies[name].merge(histogram)
        second = _second(t_s, ticks, merged, lag_ms)
        self.seconds.append(second)
        self.processes += samples
        if lag_ms is not None:
            self.lag_max_ms = max(lag_ms, self.lag_max_ms or 0.0)
        self._count(second, ticks)
        return second

    def _count(self, second: Second, ticks: Sequence[Tick]) -> None:
        for name in ("joins", "deliveries", "commands", "replies", "closes"):
            self.totals[name] += getattr(second, name)
        votes = sum(tick.votes for tick in ticks)
        self.totals["votes"] += votes
        self.votes_max = max(self.votes_max, votes)
        for tick in ticks:
            for code, count in tick.closes.items():
                self.totals[f"closes_{code}"] += count

    def values(self) -> dict[str, float | None]:
        """The figures that limits may be set on, but for those of the verdict."""
        values: dict[str, float | None] = {}
        for name, histogram in self.latencies.items():
            found = histogram.percentiles()
            if found.count:
                values[f"{name}_p50_ms"] = found.p50_ms
                values[f"{name}_p95_ms"] = found.p95_ms
                values[f"{name}_p99_ms"] = found.p99_ms
                values[f"{name}_max_ms"] = found.max_ms
        values["joins_per_s"] = max((second.joins for second in self.seconds), default=None)
        values["votes_per_s"] = self.votes_max or None
        values["loop_lag_max_ms"] = self.lag_max_ms
        values["server_cpu_max"] = self._most(lambda sample: sample.cpu_share)
        values["server_memory_max_mib"] = self._most(lambda sample: sample.memory_mib)
        return values

    def _most(self, of: Callable[[ProcessSample], float]) -> float | None:
        """The largest sum over all processes at one time."""
        sums: dict[float, float] = {}
        for sample in self.processes:
            sums[sample.t_s] = sums.get(sample.t_s, 0.0) + of(sample)
        return max(sums.values(), default=None)


def _merged(all_latencies: Iterable[dict[str, Buckets]]) -> dict[str, Histogram]:
    merged = {name: Histogram() for name in NAMES}
    for latencies in all_latencies:
        for name, buckets in latencies.items():
            merged[name].merge(unpack(buckets))
    return merged


def _second(
    t_s: int, ticks: Sequence[Tick], merged: dict[str, Histogram], lag_ms: float | None
) -> Second:
    def total(name: str) -> int:
        return sum(getattr(tick, name) for tick in ticks)

    broadcast, reply = merged["broadcast"], merged["reply"]
    return Second(
        t_s=t_s,
        sockets=total("sockets"),
        joining=total("joining"),
        joins=total("joins"),
        deliveries=total("deliveries"),
        commands=total("commands"),
        replies=total("replies"),
        closes=sum(sum(tick.closes.values()) for tick in ticks),
        anomalies=total("anomalies"),
        broadcast_p50_ms=broadcast.quantile_ms(0.5) if broadcast.counts else None,
        broadcast_p99_ms=broadcast.quantile_ms(0.99) if broadcast.counts else None,
        reply_p99_ms=reply.quantile_ms(0.99) if reply.counts else None,
        loop_lag_ms=lag_ms,
        generator_busy=max((tick.busy for tick in ticks), default=None),
    )
