"""Timers of one process: a heap, turned by its owner."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Any


class Timers:
    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def at(self, due_s: float, call: Callable[..., None], *args: Any) -> None:
        """Call it at `due_s` of the monotonic clock; what is due at once is called in this order."""
        self._count += 1
        heapq.heappush(self._heap, (due_s, self._count, call, args))

    def after(self, delay_s: float, call: Callable[..., None], *args: Any) -> None:
        self.at(time.monotonic() + delay_s, call, *args)

    def wait_s(self, most_s: float) -> float:
        """Return how long nothing is due, at most `most_s`."""
        if not self._heap:
            return most_s
        return min(most_s, max(0.0, self._heap[0][0] - time.monotonic()))

    def run_due(self, late: Callable[[float], None]) -> None:
        """Call what is due; `late` is told how late each is, in ms. What they add waits its turn."""
        now_s = time.monotonic()
        while self._heap and self._heap[0][0] <= now_s:
            due_s, _, call, args = heapq.heappop(self._heap)
            late((time.monotonic() - due_s) * 1000)
            call(*args)
