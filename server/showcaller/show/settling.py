"""Settling: an edited schedule counts once it has stood for a while, and what vanished stays away.

Editors save half a file, and exports leave out a track for a minute. Nobody is to be told of either.
"""

from __future__ import annotations

from ..domain.ids import SessionId
from ..domain.schedule import Schedule

SETTLED_S = 3.0  # so long a file says the same before it counts
VANISHED_S = 60.0  # so long a session is missing before it is gone


class Settling:
    """The recent past of one schedule file. The caller brings the time, in seconds that only rise."""

    def __init__(self) -> None:
        self._seen: Schedule | None = None
        self._since_s = 0.0
        self._missing_since_s: dict[SessionId, float] = {}

    def see(self, found: Schedule, known: Schedule, now_s: float) -> Schedule | None:
        """Return the schedule that the file holds if it may count, where `known` counts so far; else None."""
        if found != self._seen:
            self._seen, self._since_s = found, now_s
        there = {plan.id for plan in found.sessions}
        missing = [plan.id for plan in known.sessions if plan.id not in there]
        self._missing_since_s = {id: self._missing_since_s.get(id, now_s) for id in missing}
        settled = now_s - self._since_s >= SETTLED_S
        gone = all(now_s - since_s >= VANISHED_S for since_s in self._missing_since_s.values())
        return found if settled and gone else None
