"""Python's garbage collector, told that this process holds very many things for long.

A collection stops the loop for as long as it takes to look at its objects: 0.4 µs each, some 25 a
connection. In a media worker it held up everybody's packets for 70 ms. It finds next to nothing, for what
we make is freed by its reference count.
"""

from __future__ import annotations

import gc

YOUNG = 10_000  # objects more than before, until the new ones are looked at: 4 ms
MIDDLE = 3  # times that, until those that were looked at once are: 15 ms
OLD = 100  # times that, until all may be: four million objects


def settle_in() -> None:
    """Call it once everything is made that stays: it is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
