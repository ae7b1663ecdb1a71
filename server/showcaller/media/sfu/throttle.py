"""Many wishes for one thing, granted once in a while."""

from __future__ import annotations


class Throttle:
    """Grants one wish each `every_s`; those in between become one, due at the end of the interval."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._granted_s = float("-inf")
        self._put_off = False

    def ask(self, now_s: float) -> bool:
        """Whether it may be done at once; if not, it becomes due later."""
        if now_s - self._granted_s < self._every_s:
            self._put_off = True
            return False
        self._granted_s = now_s
        self._put_off = False
        return True

    def due(self, now_s: float) -> bool:
        """Whether a wish that was put off may be done now; it is granted by that."""
        return self._put_off and self.ask(now_s)

    def forget(self) -> None:
        """What was put off has come by itself."""
        self._put_off = False
