"""Deadlines of very many things, checked together: one timer for all instead of one for each."""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

RESOLUTION_S = 0.25
HELPING = 64  # calls at a time: the heartbeats of those who came together come together


class Timed(Protocol):
    def tick(self, now_s: float) -> float | None:
        """Do what is due. Returns when to be called next (never later than due); None: never again."""
        ...


class Wheel:
    """A wheel of deadlines; `turn` calls what is due. A deadline that has moved does no harm."""

    def __init__(self) -> None:
        self._slots: dict[int, list[Timed]] = {}
        self._due: deque[Timed] = deque()
        self._turned_to: int | None = None

    def __bool__(self) -> bool:
        return bool(self._slots or self._due)

    def add(self, timed: Timed, at_s: float) -> None:
        """Call `timed.tick` at `at_s` or up to `RESOLUTION_S` later."""
        slot = math.ceil(at_s / RESOLUTION_S)
        if self._turned_to is not None:
            slot = max(slot, self._turned_to + 1)
        self._slots.setdefault(slot, []).append(timed)

    def turn(self, now_s: float) -> bool:
        """Call what is due by `now_s`, a helping of it. Returns whether more is due: turn again soon."""
        self._turned_to = math.floor(now_s / RESOLUTION_S)
        for slot in sorted(slot for slot in self._slots if slot <= self._turned_to):
            self._due.extend(self._slots.pop(slot))
        for _ in range(min(HELPING, len(self._due))):
            timed = self._due.popleft()
            next_s = timed.tick(now_s)
            if next_s is not None:
                self.add(timed, next_s)
        return bool(self._due)
