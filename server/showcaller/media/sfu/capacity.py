"""The number of viewers that one core can send to without losing or delaying packets. Pure."""

from __future__ import annotations

import math

FULL_AT = 0.75  # of the time spent sending; reports, repairs and joins need the rest
MEMORY_S = 5.0  # what is longer ago counts little
ENOUGH_VIEWER_S = 100.0  # less tells nothing about one viewer


class Capacity:
    """An estimate of what one viewer costs, learnt from what all of them do."""

    def __init__(self) -> None:
        self._busy_s = 0.0
        self._viewer_s = 0.0

    def note(self, *, passed_s: float, busy_s: float, viewers: int) -> None:
        """Take in that sending to so many viewers took `busy_s` of the last `passed_s`."""
        if not viewers:
            return
        kept = math.exp(-passed_s / MEMORY_S)
        self._busy_s = self._busy_s * kept + busy_s
        self._viewer_s = self._viewer_s * kept + passed_s * viewers

    def full(self, viewers: int) -> bool:
        """Return whether so many viewers are more than can be sent to; false while that is not known."""
        if self._viewer_s < ENOUGH_VIEWER_S:
            return False
        return viewers * self._busy_s / self._viewer_s > FULL_AT
