"""Connections of which nobody has said who they are: they may have every place that is free.

When a place is needed the oldest one of the address that has the most gives way. So however many sockets
somebody opens and leaves silent, a client that says hello soon is never refused for them.
"""

from __future__ import annotations

from typing import Protocol


class Stranger(Protocol):
    def give_way(self) -> None:
        """End the connection, at once or as soon as it is idle."""


class Strangers:
    """The strangers of one process, by the address that they came from."""

    def __init__(self) -> None:
        self._came_from: dict[Stranger, str] = {}
        self._at: dict[str, dict[Stranger, None]] = {}  # oldest first
        self._with: dict[int, dict[str, None]] = {}  # addresses that have so many
        self._most = 0

    def __len__(self) -> int:
        return len(self._came_from)

    def add(self, stranger: Stranger, came_from: str) -> None:
        """Note somebody new."""
        self.discard(stranger)
        there = self._at.setdefault(came_from, {})
        there[stranger] = None
        self._came_from[stranger] = came_from
        self._recount(came_from, len(there) - 1)

    def discard(self, stranger: Stranger) -> None:
        """Forget somebody who is gone, or no stranger any more; who is none is no error."""
        came_from = self._came_from.pop(stranger, None)
        if came_from is None:
            return
        there = self._at[came_from]
        del there[stranger]
        self._recount(came_from, len(there) + 1)
        if not there:
            del self._at[came_from]

    def crowded_out(self, places: int) -> list[tuple[Stranger, str]]:
        """Forget those who must give way so that `places` are enough; return them with their addresses."""
        out = []
        while len(self) > max(0, places):
            came_from = next(iter(self._with[self._most]))
            stranger = next(iter(self._at[came_from]))
            self.discard(stranger)
            out.append((stranger, came_from))
        return out

    def _recount(self, came_from: str, before: int) -> None:
        """File an address, which had `before`, under what it has now."""
        if before:
            self._with[before].pop(came_from)
            if not self._with[before]:
                del self._with[before]
        now = len(self._at[came_from])
        if now:
            self._with.setdefault(now, {})[came_from] = None
        self._most = now if now > self._most or self._most not in self._with else self._most
