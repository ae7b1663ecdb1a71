"""One viewer's wishes for keyframes, passed on ever less often: each costs all others quality. Pure."""

from __future__ import annotations

from math import inf

WISH_AGAIN_S = (
    0.5  # between the first two that are passed on; each wait is twice as long as the last
)
WISH_AGAIN_AT_MOST_S = 8.0
CALM_AFTER_S = 10.0  # without a wish


class Wishes:
    """The patience that one viewer has to have."""

    def __init__(self) -> None:
        self._wished_s = self._next_s = -inf
        self._patience_s = WISH_AGAIN_S

    def grant(self, now_s: float) -> bool:
        """Return whether to pass this wish on."""
        if now_s - self._wished_s > CALM_AFTER_S:
            self._patience_s = WISH_AGAIN_S
        self._wished_s = now_s
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._patience_s
        self._patience_s = min(WISH_AGAIN_AT_MOST_S, 2 * self._patience_s)
        return True
