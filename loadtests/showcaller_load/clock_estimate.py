"""The server's clock as one client estimates it (`client_sdk/PROTOCOL.md` §5). No I/O; all times in ms."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

PROBES_KEPT = 8
AGEING = 0.0001  # of a millisecond a millisecond: what is known gets less certain
MAX_SLEW = 0.05  # of a millisecond a millisecond
JUMP_MS = 500.0
_FIELDS = 3  # of a probe: offset, round trip, when


class ClockEstimate:
    """`server_ms(now)` for a client's own clock `now`; None until a probe was answered."""

    __slots__ = ("_in_use_ms", "_probes", "_slewed_at_ms")

    def __init__(self) -> None:
        self._probes = array("d")
        self._in_use_ms: float | None = None
        self._slewed_at_ms = 0.0

    def answer(self, t1: float, t2: float, t3: float, t4: float) -> None:
        """Take a probe's answer. Where it contradicts an earlier one, a clock was set or stood still."""
        offset_ms, round_trip_ms = ((t2 - t1) + (t3 - t4)) / 2, (t4 - t1) - (t3 - t2)
        if any(abs(offset_ms - at) > bound + round_trip_ms / 2 for at, bound in self._bounds(t4)):
            self.forget()
        self._probes.extend((offset_ms, round_trip_ms, t4))
        del self._probes[: -PROBES_KEPT * _FIELDS]
        self._slew(t4)

    def server_ms(self, now_ms: float) -> float | None:
        if self._in_use_ms is None:
            return None
        self._slew(now_ms)
        return now_ms + self._in_use_ms

    def forget(self) -> None:
        """Begin anew, as after a sleep: the probes before say nothing any more."""
        del self._probes[:]

    def _slew(self, now_ms: float) -> None:
        """Move the offset in use towards the best probe's."""
        best_ms = self._best(now_ms)
        if best_ms is None:
            return
        if self._in_use_ms is None or abs(best_ms - self._in_use_ms) > JUMP_MS:
            self._in_use_ms = best_ms
        else:
            most_ms = MAX_SLEW * max(0.0, now_ms - self._slewed_at_ms)
            self._in_use_ms += min(most_ms, max(-most_ms, best_ms - self._in_use_ms))
        self._slewed_at_ms = now_ms

    def _best(self, now_ms: float) -> float | None:
        """Return the offset whose error bound is the smallest by now."""
        best_ms, smallest_ms = None, float("inf")
        for offset_ms, bound_ms in self._bounds(now_ms):
            if bound_ms <= smallest_ms:
                best_ms, smallest_ms = offset_ms, bound_ms
        return best_ms

    def _bounds(self, now_ms: float) -> Iterator[tuple[float, float]]:
        """Yield each probe's offset, and how wrong it may be by now."""
        probes = self._probes
        for at in range(0, len(probes), _FIELDS):
            yield probes[at], probes[at + 1] / 2 + AGEING * (now_ms - probes[at + 2])
