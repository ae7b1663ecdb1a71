"""The broker's clock as this node estimates it: the one clock that clients and cues follow.

Cristian's algorithm: the reading with the shortest round trip among the recent ones wins, since its
error is at most half of that round trip. A reading that contradicts an earlier one by more than both
errors shows that a clock was set or stood still, or that another broker took over: the earlier ones go.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .. import system
from ..errors import ShowcallerError

SAMPLE_EVERY_S = 5.0
SAMPLES_KEPT = 8
READING_ERROR_MS = 0.5  # brokers tell whole milliseconds


class _Sample(NamedTuple):
    round_trip_ms: float
    offset_ms: float

    def contradicts(self, earlier: _Sample) -> bool:
        bounds_ms = (self.round_trip_ms + earlier.round_trip_ms) / 2 + 2 * READING_ERROR_MS
        return abs(self.offset_ms - earlier.offset_ms) > bounds_ms


class BrokerClock:
    """The broker's wall clock: this machine's monotonic clock, led to it."""

    def __init__(
        self,
        read_ms: Callable[[], Awaitable[int]],
        monotonic_s: Callable[[], float] = system.monotonic_s,
    ) -> None:
        self._read_ms = read_ms
        self._monotonic_s = monotonic_s
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT)
        self._offset_ms = system.wall_ms_exact() - monotonic_s() * 1000
        self._latest_ms = 0.0

    def now_ms(self) -> float:
        """Milliseconds since the Unix epoch; never goes back."""
        self._latest_ms = max(self._latest_ms, self._monotonic_s() * 1000 + self._offset_ms)
        return self._latest_ms

    async def sample(self) -> None:
        """Compare with the broker once. Raises what reading it raises."""
        before_ms = self._monotonic_s() * 1000
        theirs_ms = await self._read_ms() + READING_ERROR_MS
        after_ms = self._monotonic_s() * 1000
        newest = _Sample(after_ms - before_ms, theirs_ms - (before_ms + after_ms) / 2)
        if any(newest.contradicts(earlier) for earlier in self._samples):
            self._samples.clear()
        self._samples.append(newest)
        self._offset_ms = min(self._samples).offset_ms

    async def run(self) -> None:
        """Keep comparing. While the broker is away, the last estimate goes on."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            with contextlib.suppress(ShowcallerError):
                await self.sample()
