"""Limits that were reached: counted each time, and logged as often as somebody can read it."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Literal

from . import metrics, system

log = logging.getLogger(__name__)

Limit = Literal[
    "silent_connections",
    "person_connections",
    "address_connections",
    "answers",
    "requests",
    "commands",
    "registrations",
    "invite_codes",
    "links",
    "tokens",
]

LINES = 10  # of one limit in a while
WHILE_S = 60.0


class LimitLog:
    """The limits that were reached lately. `now_s` is of a clock that never jumps.

    In each while a limit that an address reaches is logged once, for a few addresses; how often it was
    reached by whom else is told in the next while's first line.
    """

    def __init__(self) -> None:
        self._began_s: dict[Limit, float] = {}
        self._told: dict[Limit, set[str]] = {}
        self._untold: Counter[Limit] = Counter()

    def note(self, limit: Limit, came_from: str, now_s: float) -> None:
        """Note that `came_from`, an address, reached the limit."""
        metrics.LIMITED.labels(limit).inc()
        told = self._told.setdefault(limit, set())
        if now_s - self._began_s.get(limit, -WHILE_S) >= WHILE_S:
            self._began_s[limit] = now_s
            told.clear()
        if came_from in told or len(told) >= LINES:
            self._untold[limit] += 1
            return
        told.add(came_from)
        extra = {"limit": limit, "address": came_from, "unlogged": self._untold.pop(limit, 0)}
        log.warning("a limit was reached", extra={"action": "limit.reached", **extra})


_of_process = LimitLog()


def note(limit: Limit, came_from: str) -> None:
    """Note that an address reached a limit of this process now."""
    _of_process.note(limit, came_from, system.monotonic_s())
