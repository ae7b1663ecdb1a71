"""Long work on the event loop in helpings: others get their turn between two of them."""

from __future__ import annotations

import asyncio

from . import system

HELPING_S = 0.002


class Pace:
    """The pace of one piece of work. Call `breathe` between its steps."""

    def __init__(self) -> None:
        self._since_s = system.monotonic_s()

    async def breathe(self) -> None:
        """Let others have the loop, if this work has had it for a helping."""
        if system.monotonic_s() - self._since_s >= HELPING_S:
            await asyncio.sleep(0)
            self._since_s = system.monotonic_s()
