"""The server's clock as this program estimates it (PROTOCOL.md §5). Pure: `now_ms` comes from outside.

`now_ms` is this program's own steady clock in milliseconds; it never jumps while the program runs.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

DRIFT_MS_PER_S = 0.1  # how fast a measurement loses its worth
SLEW_MS_PER_S = 50.0  # how fast the offset in use may move, so that countdowns stay smooth
STEP_MS = 500.0  # beyond this it jumps
KEPT_PROBES = 8


class Probe(NamedTuple):
    """One measurement: `offset_ms` to add to the own clock, wrong by at most `bound_ms`."""

    offset_ms: float
    bound_ms: float
    at_ms: float

    def bound_at(self, now_ms: float) -> float:
        return self.bound_ms + DRIFT_MS_PER_S * (now_ms - self.at_ms) / 1000

    def contradicts(self, earlier: Probe) -> bool:
        """Tell whether no clocks that only drift could have given both: one was set, or stood still."""
        bounds_ms = self.bound_ms + earlier.bound_at(self.at_ms)
        return abs(self.offset_ms - earlier.offset_ms) > bounds_ms


class ServerClock:
    """Feed it the four timestamps of each probe; ask it for the server's time."""

    def __init__(self) -> None:
        self._probes: deque[Probe] = deque(maxlen=KEPT_PROBES)
        self._offset_ms: float | None = None
        self._guessed = True
        self._moved_at_ms = 0.0

    def seed(self, server_ms: float, now_ms: float) -> None:
        """Take a first guess, from the `welcome`, until a probe comes back."""
        if self._offset_ms is None:
            self._offset_ms, self._moved_at_ms = server_ms - now_ms, now_ms

    def measured(self, t1: float, t2: float, t3: float, t4: float) -> None:
        """Take a probe that came back: sent at `t1`, received `t2`, answered `t3`, back at `t4`."""
        self._slew(t4)
        round_trip_ms = max(0.0, (t4 - t1) - (t3 - t2))
        probe = Probe(((t2 - t1) + (t3 - t4)) / 2, round_trip_ms / 2, t4)
        if any(probe.contradicts(earlier) for earlier in self._probes):
            self._probes.clear()
        self._probes.append(probe)
        if self._guessed:  # a guess is not worth approaching smoothly
            self._guessed, self._offset_ms = False, probe.offset_ms

    def restart(self) -> None:
        """Measure anew after a reconnect or a sleep; the offset in use stays until then."""
        self._probes.clear()

    def server_ms(self, now_ms: float) -> float:
        """Return the server's time. Raises `RuntimeError` before the first message from a server."""
        self._slew(now_ms)
        if self._offset_ms is None:
            raise RuntimeError("the server's clock is not known before the first connection")
        return now_ms + self._offset_ms

    def error_ms(self, now_ms: float) -> float:
        """Return by how much `server_ms` may be wrong; infinite while nothing was measured."""
        best = self._best(now_ms)
        if best is None or self._offset_ms is None:
            return float("inf")
        self._slew(now_ms)
        return best.bound_at(now_ms) + abs(best.offset_ms - self._offset_ms)

    def _best(self, now_ms: float) -> Probe | None:
        return min(self._probes, key=lambda probe: probe.bound_at(now_ms), default=None)

    def _slew(self, now_ms: float) -> None:
        """Move the offset in use towards the best measurement."""
        best = self._best(now_ms)
        if best is not None:
            if self._offset_ms is None or abs(best.offset_ms - self._offset_ms) > STEP_MS:
                self._offset_ms = best.offset_ms
            reach_ms = SLEW_MS_PER_S * max(0.0, now_ms - self._moved_at_ms) / 1000
            gap_ms = best.offset_ms - self._offset_ms
            self._offset_ms += max(-reach_ms, min(reach_ms, gap_ms))
        self._moved_at_ms = now_ms
