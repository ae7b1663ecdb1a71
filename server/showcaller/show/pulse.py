"""The pulse of this process: whether it has stood still (SIGSTOP, swapping, a machine without time for it).

A process that stood still can't tell what came to it before from what came since: both wait in its sockets.
So for a moment after it goes on it does nothing that somebody asked for, since others may have decided
meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import math

from .. import metrics, system
from ..errors import Stalled

log = logging.getLogger(__name__)

BEAT_S = 0.25
STILL_S = 5.0  # so long without a beat: the process stood still
SETTLE_S = 1.0  # then it reads what waited
UNSTEADY_S = 0.5  # a beat that is late by so much while it does: it has not read everything yet


class Pulse:
    """The beats of one process. `now_s`: monotonic seconds."""

    def __init__(self) -> None:
        self._beaten_s = math.inf  # the last beat; none yet
        self._settled_s = -math.inf  # from when on all that comes is new

    def beat(self, now_s: float) -> float:
        """Note that the process runs. Return for how long it stood still before; mostly that is 0."""
        gap_s, self._beaten_s = now_s - self._beaten_s, now_s
        if gap_s > STILL_S:
            self._settled_s = now_s + SETTLE_S
            return gap_s
        if now_s < self._settled_s and gap_s > UNSTEADY_S:
            self._settled_s = now_s + SETTLE_S
        return 0.0

    def require_running(self, now_s: float) -> None:
        """Raise `Stalled` if what comes now may have waited for a process that stood still."""
        left_s = self._settled_s - now_s
        if now_s - self._beaten_s > STILL_S:
            left_s = SETTLE_S
        if left_s > 0:
            raise Stalled(
                "this server stood still while that waited, so it was not done: send it again if you mean it",
                retry_after_s=left_s,
            )


async def watch(pulse: Pulse) -> None:
    """Beat for as long as the process serves, and tell when it stood still."""
    while True:
        still_s = pulse.beat(system.monotonic_s())
        if still_s:
            metrics.STOOD_STILL_SECONDS.inc(still_s)
            told = {"action": "node.stood_still", "for_s": round(still_s, 1)}
            log.error("this process stood still; what waited meanwhile is refused", extra=told)
        await asyncio.sleep(BEAT_S)
