"""Sending the past to viewers that have begun in it: step by step, a few in each turn of the loop."""

from __future__ import annotations

import asyncio

from ... import system
from .downtrack import CATCH_UP_EVERY_S
from .viewer import Viewer

# viewers that are sent some of the past before the loop looks around again
STEPS_A_TURN = 12


class CatchUp:
    """The viewers that are behind, in the order in which their next steps are due."""

    def __init__(self) -> None:
        self._due_s: dict[Viewer, float] = {}
        self._next: asyncio.TimerHandle | None = None

    def on_behind(self, viewer: Viewer, now_s: float) -> None:
        """Send a viewer that is behind what it lacks, step by step."""
        if not viewer.catching_up():
            return
        self._due_s.setdefault(viewer, now_s + CATCH_UP_EVERY_S)
        if self._next is None:
            self._wait(now_s)

    def discard(self, viewer: Viewer) -> None:
        """Forget a viewer that has gone."""
        self._due_s.pop(viewer, None)

    def stop(self) -> None:
        """Send nothing more."""
        if self._next is not None:
            self._next.cancel()

    def _wait(self, now_s: float) -> None:
        wait_s = next(iter(self._due_s.values())) - now_s
        self._next = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._step)

    def _step(self) -> None:
        """Serve a few of those that wait longest; the others have the loop's next turns."""
        self._next, now_s = None, system.monotonic_s()
        try:
            for viewer in list(self._due_s)[:STEPS_A_TURN]:
                del self._due_s[viewer]
                viewer.step(now_s)
                self.on_behind(viewer, now_s)
        finally:  # one that fails holds up nobody
            if self._due_s and self._next is None:
                self._wait(now_s)
