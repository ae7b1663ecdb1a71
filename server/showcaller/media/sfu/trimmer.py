"""Gives back to the system what those who left had: the C library keeps it, for who may come."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

MANY = 100  # who left; fewer leave little
CALM_S = 2.0  # since the last one did


def trim() -> None:
    """Costs some milliseconds. What OpenSSL frees lies scattered, and only glibc has to be asked for it."""
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
        """To be called now and then, when there is nothing more urgent."""
        if self._left >= MANY and now_s - self._left_s >= CALM_S:
            self._left = 0
            self._give_back()
