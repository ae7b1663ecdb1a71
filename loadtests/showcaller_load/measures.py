"""One generator's counts and times, a second at a time; and how fit it is to measure at all."""

from __future__ import annotations

import time
from collections import Counter

from .histogram import Histogram
from .orders import Buckets

NAMES = ("broadcast", "reply", "tally", "join", "resume", "cue", "clock")


class Measures:
    """Counts and times since the last `take`."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()  # of the whole run
        self._cpu_s = time.process_time()
        self._taken_s = time.monotonic()
        self._begin()

    def _begin(self) -> None:
        self.joins = self.deliveries = self.commands = self.replies = self.votes = 0
        self.closes: dict[int, int] = {}
        self.late = Histogram()
        self.latencies = {name: Histogram() for name in NAMES}

    def add(self, name: str, value_ms: float) -> None:
        self.latencies[name].add(value_ms)

    def closed(self, code: int) -> None:
        self.closes[code] = self.closes.get(code, 0) + 1

    def busy(self) -> float:
        """Return our share of a core since the last `take`."""
        passed_s = time.monotonic() - self._taken_s
        return (time.process_time() - self._cpu_s) / passed_s if passed_s > 0 else 0.0

    def buckets(self) -> dict[str, Buckets]:
        return {name: pack(found) for name, found in self.latencies.items() if found.counts}

    def reset(self) -> None:
        """Begin the next second."""
        self._cpu_s, self._taken_s = time.process_time(), time.monotonic()
        self._begin()


def pack(histogram: Histogram) -> Buckets:
    return Buckets(histogram.counts, histogram.max_ms)


def unpack(buckets: Buckets) -> Histogram:
    return Histogram(buckets.counts, buckets.max_ms)
