"""The load of this process: it may have more to do, or hold more memory, than it can bear."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from statistics import median

from .. import metrics
from .memory_limit import resident_bytes

log = logging.getLogger(__name__)

LATE_S = 0.25  # the loop wakes so late that people notice: nobody is let in any more
PUNCTUAL_S = 0.1  # it is well again
PROBES = 5  # of which the median counts: one or two long turns are no overload
RELIEF = 0.95  # of the memory's limit: below it people are let in again
PROBE_EVERY_S = 0.1
WORST_OF_PROBES = 100  # what the metric shows


class Load:
    """Tell it what was measured with `note`. `why` says what is too much: `lag`, `memory` or nothing."""

    def __init__(self, memory_limit_bytes: float = math.inf) -> None:
        self.memory_limit_bytes = memory_limit_bytes
        self.why = ""
        self.stall_s = 0.0  # the loop's longest turn lately: so long nobody was read from
        self._lags_s: deque[float] = deque([0.0] * PROBES, maxlen=PROBES)
        self._memory_bytes = 0

    @property
    def lag_s(self) -> float:
        """The lateness of the loop in seconds, a single long turn left aside."""
        return median(self._lags_s)

    def note(self, lag_s: float, memory_bytes: int) -> None:
        """Note how late the loop woke, and what the process holds."""
        self._lags_s.append(lag_s)
        self.stall_s = max(self._lags_s)
        self._memory_bytes = memory_bytes
        before, self.why = self.why, self._judge()
        if self.why != before:
            self._tell()

    def _judge(self) -> str:
        if self._memory_bytes >= self.memory_limit_bytes * (RELIEF if self.why == "memory" else 1):
            return "memory"
        if self.lag_s >= (PUNCTUAL_S if self.why == "lag" else LATE_S):
            return "lag"
        return ""

    def _tell(self) -> None:
        now = {"lag_s": round(self.lag_s, 3), "memory_mib": self._memory_bytes >> 20}
        if self.why:
            log.warning(
                f"too much to do: {self.why}; newcomers are sent away",
                extra={"action": "load.overloaded", "why": self.why, **now},
            )
        else:
            log.info("newcomers are let in again", extra={"action": "load.recovered", **now})


async def watch(load: Load, now: Callable[[], float]) -> None:
    """Measure for as long as the process serves."""
    worst_s: deque[float] = deque(maxlen=WORST_OF_PROBES)
    while True:
        before_s = now()
        await asyncio.sleep(PROBE_EVERY_S)
        lag_s = max(0.0, now() - before_s - PROBE_EVERY_S)
        load.note(lag_s, resident_bytes())
        worst_s.append(lag_s)
        metrics.LOOP_LAG_SECONDS.set(max(worst_s))
