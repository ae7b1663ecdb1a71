"""A client's return after its connection has ended, if it may return at all (PROTOCOL.md §7). No I/O."""

from __future__ import annotations

import random

from .sockets import Ended

FIRST_S, MOST_S = 0.5, 20.0
LASTED_S = 1.0  # a connection that lasted so long makes the back-off begin anew
FINAL_CODES = range(4500, 5000)


class ComingBack:
    """One client's tries since a connection of its lasted."""

    __slots__ = ("_tries",)

    def __init__(self) -> None:
        self._tries = 0

    def delay_s(self, ended: Ended, lasted_s: float) -> float | None:
        """Return the delay that the server asks for, or full jitter; None: it must not come back."""
        if ended.is_refusal or ended.code in FINAL_CODES:
            return None
        if ended.retry_after_s is not None:
            return ended.retry_after_s
        if lasted_s >= LASTED_S:
            self._tries = 0
        most_s = min(MOST_S, FIRST_S * 2 ** min(self._tries, 10))
        self._tries += 1
        return random.uniform(0, most_s)
