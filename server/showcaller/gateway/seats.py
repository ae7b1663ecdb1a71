"""Seats: the connections of those who have signed in, by person and by address.

A person who has as many as they may gets a further one in place of their oldest: where a network fails
again and again, that is the one that nobody uses any more. Only so often, or it would go on without end.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, NamedTuple, TypeVar

from ..rates import Meters, Rate

C = TypeVar("C")

REPLACED = Rate(burst=10, per_s=0.5)  # of one person's connections


class _Seat(NamedTuple):
    person: tuple[str, str]
    came_from: str


class Seats(Generic[C]):
    """The seats of one process; each person has at most `per_person` of an event's."""

    def __init__(self, per_person: int) -> None:
        self._per_person = per_person
        self._seats: dict[C, _Seat] = {}
        self._of: dict[tuple[str, str], dict[C, None]] = {}  # oldest first
        self._at: Counter[str] = Counter()
        self._replaced: Meters[tuple[str, str]] = Meters(REPLACED)

    def __len__(self) -> int:
        return len(self._seats)

    def at(self, came_from: str) -> int:
        """Return how many are taken from that address."""
        return self._at[came_from]

    def may_take(self, event: str, person: str, now_s: float) -> bool:
        """Tell whether the person may have a further seat; if not, they have replaced too many lately."""
        theirs = self._of.get((event, person), ())
        return len(theirs) < self._per_person or not self._replaced.take((event, person), now_s)

    def take(self, connection: C, event: str, person: str, came_from: str) -> C | None:
        """Seat a connection. Returns the person's oldest one if they have one too many now."""
        seat = self._seats[connection] = _Seat((event, person), came_from)
        theirs = self._of.setdefault(seat.person, {})
        theirs[connection] = None
        self._at[came_from] += 1
        return next(iter(theirs)) if len(theirs) > self._per_person else None

    def leave(self, connection: C) -> bool:
        """Free the seat of a connection. Returns whether it had one."""
        seat = self._seats.pop(connection, None)
        if seat is None:
            return False
        theirs = self._of[seat.person]
        del theirs[connection]
        if not theirs:
            del self._of[seat.person]
        self._at[seat.came_from] -= 1
        if not self._at[seat.came_from]:
            del self._at[seat.came_from]
        return True
