"""Giving back to the system the memory of viewers who left; the C library would keep it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

MANY = 100  # who left; fewer leave little
CALM_S = 2.0  # since the last one did


def trim() -> None:
    """Give free memory back, in some milliseconds; only glibc has to be asked for what lies scattered."""
    if (malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        malloc_trim(0)


class Trimmer:
    def __init__(self, give_back: Callable[[], None] = trim) -> None:
        self._give_back = give_back
        self._left = 0
        self._left_s = 0.0

    def note_left(self, now_s: float) -> None:
        self._left += 1
        self._left_s = now_s

    def tick(self, now_s: float) -> None:
        """Give memory back if many have left; to be called now and then, when nothing is more urgent."""
        if self._left >= MANY and now_s - self._left_s >= CALM_S:
            self._left = 0
            self._give_back()
