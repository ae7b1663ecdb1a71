"""Time that tests move: a clock set by hand, and an event loop whose time passes only while it idles.

On a `VirtualTimeLoop`, hours of `asyncio.sleep` and timeouts take no real time and their order is
always the same. It serves code that waits for timers only: no sockets, threads or subprocesses.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class ManualClock:
    """A wall clock in milliseconds that stands until it is moved."""

    def __init__(self, wall_ms: float = 0) -> None:
        self._wall_ms = wall_ms

    def __call__(self) -> float:
        return self._wall_ms

    def advance(self, *, ms: float) -> None:
        self._wall_ms += ms

    def jump_to(self, wall_ms: float) -> None:
        """Backwards too, as wall clocks do."""
        self._wall_ms = wall_ms


class _IdleSelector(selectors.SelectSelector):
    """A selector that never sleeps: the loop's time moves on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nobody will ever wake this loop: every task waits for another")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._idle = _IdleSelector()
        super().__init__(self._idle)

    def time(self) -> float:
        return self._idle.now_s


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a loop of its own whose time is virtual."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
