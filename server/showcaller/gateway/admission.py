"""Who may come in, and when those who may not should come back.

Those sent away get different moments to return, spread evenly, so that they come back as a flat rate and not
as a storm.
"""

from __future__ import annotations

import math

from ..errors import CLOSE_GOING_AWAY, CLOSE_TRY_LATER, Close

RETURN_SPREAD_S = 5.0
_GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it, modulo 1, fill an interval evenly


class Admission:
    def __init__(self, max_connections: int) -> None:
        self.max_connections = max_connections
        self._drained_at_s: float | None = None
        self._sent_away = 0

    def begin_drain(self, drained_at_s: float) -> None:
        """Let nobody in any more; by `drained_at_s` everybody has been sent away."""
        self._drained_at_s = drained_at_s

    def refusal(self, connections: int, now_s: float) -> Close | None:
        """How to close a new connection at once, while there are `connections`; None: it may stay."""
        if self._drained_at_s is not None:
            left_s = max(0.0, self._drained_at_s - now_s)
            return _come_back(CLOSE_TRY_LATER, "draining", left_s + self._slot_s())
        if connections >= self.max_connections:
            return _come_back(CLOSE_TRY_LATER, "overload", 1 + self._slot_s())
        return None

    def _slot_s(self) -> float:
        self._sent_away += 1
        return (self._sent_away * _GOLDEN) % 1 * RETURN_SPREAD_S


def drain_slots_s(count: int, spread_s: float) -> list[float]:
    """When each of `count` connections goes, counted from the beginning of the drain."""
    return [spread_s * place / count for place in range(count)]


def drained() -> Close:
    """The close of a connection whose slot has come: it may reconnect at once, elsewhere."""
    return _come_back(CLOSE_GOING_AWAY, "draining", 0)


def _come_back(code: int, why: str, after_s: float) -> Close:
    return Close(code, f"{why} retry_after_ms={math.ceil(after_s * 1000)}")
