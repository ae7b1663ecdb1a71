"""A limit on how often many wishes for one thing are granted."""

from __future__ import annotations


class Throttle:
    """One grant each `every_s`; wishes in between become one, due at the end of the interval."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._granted_s = float("-inf")
        self._put_off = False

    def ask(self, now_s: float) -> bool:
        """Return whether a wish is granted at once; if not, it becomes due later."""
        if now_s - self._granted_s < self._every_s:
            self._put_off = True
            return False
        self._granted_s = now_s
        self._put_off = False
        return True

    def due(self, now_s: float) -> bool:
        """Return whether a wish that was put off is granted now."""
        return self._put_off and self.ask(now_s)

    def forget(self) -> None:
        """Drop a wish that was put off: it has come true by itself."""
        self._put_off = False
