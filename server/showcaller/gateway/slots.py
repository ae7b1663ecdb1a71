"""Times to come back, for clients that were sent away: a queue of moments in place of a queue of sockets."""

from __future__ import annotations

import math

RETURNS_PER_S = 1_000  # what a process takes in beside its other work; see loadtests/README.md
SOONEST_S = 1.0
SPREAD_S = 60.0
JITTER_S = 0.25  # keeps apart those who were sent away at a quiet time, however seldom
_GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it, modulo 1, fill an interval evenly


class Slots:
    """A queue of times to return, `per_s` of them for each second, each given to one client.

    They begin `SOONEST_S` ahead. When all of the next `SPREAD_S` are taken, a further round of them begins.
    """

    def __init__(self, per_s: float = RETURNS_PER_S) -> None:
        self._gap_s = 1 / per_s
        self._next_s = 0.0
        self._taken = 0

    def take(self, now_s: float, not_before_s: float = 0.0) -> float:
        """The seconds from now to the next free moment, which is not before `not_before_s`."""
        soonest_s = max(now_s + SOONEST_S, not_before_s)
        if not soonest_s <= self._next_s < soonest_s + SPREAD_S:
            self._next_s = soonest_s
        at_s, self._next_s = self._next_s, self._next_s + self._gap_s
        self._taken += 1
        return at_s + self._taken * _GOLDEN % 1 * JITTER_S - now_s
