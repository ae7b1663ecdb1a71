"""Lines of work that waits, one for each address: the lines take turns, so a long one holds up no other."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

Work = Callable[[], None]


class Lines:
    """All lines. Work of one address is done in the order in which it came."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Work]] = OrderedDict()  # whose turn is next first
        self._count = 0

    def __len__(self) -> int:
        """Return how many pieces of work wait."""
        return self._count

    def before(self, came_from: str) -> int:
        """Return how many pieces at most are done before one that comes from there now."""
        own = len(self._lines.get(came_from, ()))
        others = len(self._lines) - (own > 0)
        return min(self._count, own + others * (own + 1))

    def append(self, work: Work, came_from: str) -> None:
        """Put work at the end of its line."""
        self._lines.setdefault(came_from, deque()).append(work)
        self._count += 1

    def appendleft(self, work: Work, came_from: str) -> None:
        """Put work back whose turn it is still."""
        self._lines.setdefault(came_from, deque()).appendleft(work)
        self._lines.move_to_end(came_from, last=False)
        self._count += 1

    def popleft(self) -> Work:
        """Take the next piece of work; its line is the last one then. Raises `KeyError` if there is none."""
        came_from, line = self._lines.popitem(last=False)
        work = line.popleft()
        if line:
            self._lines[came_from] = line
        self._count -= 1
        return work
