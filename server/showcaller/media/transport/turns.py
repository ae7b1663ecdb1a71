"""Turns for joins, which cost a thousand times what a packet does: one at a time, media in between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ... import system

BEHIND_S = 0.02  # from one piece of work to the next while media is late


class Turns:
    """One piece of work in each turn of the loop, in order; whatever else is ready goes as well.

    While `behind()` says that media is late, turns are few: those who watch go before those who join.
    """

    def __init__(self, behind: Callable[[], bool]) -> None:
        self._behind = behind
        self._waiting: deque[Callable[[float], None]] = deque()
        self._next: asyncio.Handle | None = None

    def do(self, work: Callable[[float], None]) -> None:
        """Call `work` with the monotonic time, in seconds, when its turn comes."""
        self._waiting.append(work)
        self._schedule()

    async def mine(self) -> float:
        """Wait for the caller's turn; return the monotonic time then, in seconds."""
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.do(lambda now_s: None if turn.done() else turn.set_result(now_s))
        return await turn

    def stop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _schedule(self) -> None:
        if self._next is not None or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        if self._behind():
            self._next = loop.call_later(BEHIND_S, self._run)
        else:
            self._next = loop.call_soon(self._run)

    def _run(self) -> None:
        self._next = None
        try:
            self._waiting.popleft()(system.monotonic_s())
        finally:  # one that fails holds up nobody
            self._schedule()
