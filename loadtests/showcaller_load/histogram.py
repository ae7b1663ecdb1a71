"""Times in buckets that grow by 2 %: small, exact enough, and histograms of many processes add up.

A value is told as the geometric middle of its bucket, so it is wrong by at most 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from .results import Percentiles

GROWTH = 1.02
SMALLEST_MS = 0.001  # what is less counts as this
_PER_LOG = 1 / math.log(GROWTH)
_OFFSET = -math.log(SMALLEST_MS) * _PER_LOG


class Histogram:
    """Counts of the values that fell into each bucket, and the largest value itself."""

    __slots__ = ("counts", "max_ms")

    def __init__(self, counts: Mapping[int, int] | None = None, max_ms: float = 0.0) -> None:
        self.counts: dict[int, int] = dict(counts or {})
        self.max_ms = max_ms

    def add(self, value_ms: float, times: int = 1) -> None:
        bucket = int(math.log(value_ms) * _PER_LOG + _OFFSET) if value_ms > SMALLEST_MS else 0
        self.counts[bucket] = self.counts.get(bucket, 0) + times
        if value_ms > self.max_ms:
            self.max_ms = value_ms

    def merge(self, other: Histogram) -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.max_ms = max(self.max_ms, other.max_ms)

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def quantile_ms(self, share: float) -> float:
        """The value that `share` of all do not exceed (nearest rank); 0.0 without any."""
        left = max(1, math.ceil(share * self.count))
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 0:
                return min(_middle_ms(bucket), self.max_ms)
        return 0.0

    def percentiles(self) -> Percentiles:
        return Percentiles(
            count=self.count,
            p50_ms=self.quantile_ms(0.5),
            p95_ms=self.quantile_ms(0.95),
            p99_ms=self.quantile_ms(0.99),
            max_ms=self.max_ms,
        )

    def buckets(self) -> list[tuple[float, int]]:
        """(upper bound in ms, count), ascending."""
        return [(_upper_ms(bucket), self.counts[bucket]) for bucket in sorted(self.counts)]


def _upper_ms(bucket: int) -> float:
    return float(SMALLEST_MS * GROWTH ** (bucket + 1))


def _middle_ms(bucket: int) -> float:
    return float(SMALLEST_MS * GROWTH ** (bucket + 0.5))
