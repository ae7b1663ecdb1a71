"""The wait before something that ends again and again is started again."""

from __future__ import annotations

STABLE_AFTER_S = 30.0
FIRST_S = 0.25
MOST_S = 10.0


class Backoff:
    """Waits: none the first time, then ever longer ones, until one has lived for a while."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def after(self, lived_s: float) -> float:
        """Return the seconds to wait when one has ended after `lived_s` seconds."""
        if lived_s > STABLE_AFTER_S:
            self._next_s = 0.0
        wait_s = self._next_s
        self._next_s = min(MOST_S, max(FIRST_S, 2 * wait_s))
        return wait_s
