"""Python's garbage collector, told that this process holds very many things for long."""

from __future__ import annotations

import gc

YOUNG = 20_000  # new objects before the youngest are looked at: a few milliseconds
MIDDLE = 20  # times the young before the middle-aged are
OLD = 50  # times the middle-aged before everything may be


def settle_in() -> None:
    """Call it once everything that stays is made: it is not looked at again.

    A collection of everything stops the loop for as long as the objects of all connections take. It finds
    little: nearly all that we make is freed by its reference count.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
