"""The time that a message may wait for others, so that they leave in one write.

When little is written nothing waits. The more of its time the process spends with writing, the longer the
window, up to `MAX_HOLD_S`: what waits makes for fewer writes, so the two come to rest.
"""

from __future__ import annotations

import math

MAX_HOLD_S = 0.019  # a loop's timers are late by up to a millisecond
IDLE_SHARE = 0.05  # of the time spent with writing: as long as it is less, nothing waits
BUSY_SHARE = 0.15  # from here on the window is as wide as it gets
MEMORY_S = 0.5


class Window:
    """The window of one hub; it widens as writing takes more time. `now_s` is the monotonic clock."""

    def __init__(self) -> None:
        self._busy_s = 0.0  # with writing, lately: what is longer ago counts for less
        self._at_s = -math.inf

    def wrote(self, took_s: float, now_s: float) -> None:
        """Note that writing to many has taken so long, until now."""
        self._busy_s = self._faded(now_s) + took_s
        self._at_s = now_s

    def hold_s(self, now_s: float) -> float:
        """Return how many seconds a message that comes now may wait; 0: none."""
        share = self._faded(now_s) / MEMORY_S
        return MAX_HOLD_S * min(1.0, max(0.0, (share - IDLE_SHARE) / (BUSY_SHARE - IDLE_SHARE)))

    def _faded(self, now_s: float) -> float:
        return self._busy_s * math.exp((self._at_s - now_s) / MEMORY_S)
