"""A machine's wall clock without its steps: it goes on by the monotonic clock, which nobody sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .base import STEP_MS, ClockReading

MOMENT_MS = 1.0
READINGS = 10


class _Known(NamedTuple):
    """The last reading of both clocks, and how far the steady one is ahead of the wall clock."""

    wall_ms: float
    monotonic_ms: float
    correction_ms: float


class SteadyClock:
    """The clock of `wall_ms`, read together with the monotonic one, by any thread."""

    def __init__(self, wall_ms: Callable[[], float], monotonic_s: Callable[[], float]) -> None:
        self._wall_ms = wall_ms
        self._monotonic_s = monotonic_s
        self._known = _Known(*self._both_ms(), 0)

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch. While the wall clock is off by a step, they go on without it."""
        return self.read().now_ms

    def read(self) -> ClockReading:
        """Return the time, and by how much the wall clock is off."""
        before = self._known
        wall_ms, monotonic_ms = self._both_ms()
        stepped_ms = (wall_ms - before.wall_ms) - (monotonic_ms - before.monotonic_ms)
        correction_ms = before.correction_ms
        if abs(stepped_ms) > STEP_MS:
            correction_ms -= stepped_ms
        if abs(correction_ms) <= STEP_MS:  # it came back
            correction_ms = 0
        self._known = _Known(wall_ms, monotonic_ms, correction_ms)
        return ClockReading(int(wall_ms + correction_ms), round(correction_ms))

    def _both_ms(self) -> tuple[float, float]:
        """Read both clocks at one moment, as far as this thread is left to run."""
        for _ in range(READINGS):
            before_ms = self._monotonic_s() * 1000
            wall_ms = self._wall_ms()
            after_ms = self._monotonic_s() * 1000
            if after_ms - before_ms <= MOMENT_MS:
                break
        return wall_ms, (before_ms + after_ms) / 2
