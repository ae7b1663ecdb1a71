"""The broker's clock as this node estimates it: the one clock that clients and cues follow.

Cristian's algorithm: the reading with the shortest round trip among the recent ones wins, since its
error is at most half of that round trip.
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


class _Sample(NamedTuple):
    round_trip_ms: float
    offset_ms: float


class BrokerClock:
    """`now_ms()` is this machine's monotonic clock, led to the broker's wall clock."""

    def __init__(self, read_ms: Callable[[], Awaitable[int]]) -> None:
        self._read_ms = read_ms
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT)
        self._offset_ms = system.wall_ms_exact() - system.monotonic_s() * 1000
        self._latest_ms = 0.0

    def now_ms(self) -> float:
        """Milliseconds since the Unix epoch; never goes back."""
        self._latest_ms = max(self._latest_ms, system.monotonic_s() * 1000 + self._offset_ms)
        return self._latest_ms

    async def sample(self) -> None:
        """Compare with the broker once. Raises what reading it raises."""
        before_ms = system.monotonic_s() * 1000
        theirs_ms = await self._read_ms()
        after_ms = system.monotonic_s() * 1000
        middle_ms = (before_ms + after_ms) / 2
        self._samples.append(_Sample(after_ms - before_ms, theirs_ms + 0.5 - middle_ms))
        self._offset_ms = min(self._samples).offset_ms

    async def run(self) -> None:
        """Keep comparing. While the broker is away, the last estimate goes on."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            with contextlib.suppress(ShowcallerError):
                await self.sample()
