"""An attendee's own clock: wrong by its skew, ever more by its drift, and held against the server's."""

from __future__ import annotations

from .clock_estimate import ClockEstimate


class Timepiece:
    """`true_ms` is what the server's clock truly shows, `run_ms` the time since the run's zero."""

    __slots__ = ("_drift", "_estimate", "_skew_ms")

    def __init__(self, skew_ms: float, drift: float) -> None:
        self._skew_ms = skew_ms
        self._drift = drift
        self._estimate = ClockEstimate()

    def shows_ms(self, true_ms: float, run_ms: float) -> float:
        """Return what the attendee's clock shows."""
        return true_ms + self._skew_ms + self._drift * run_ms

    def server_ms(self, true_ms: float, run_ms: float) -> float | None:
        """Return what the attendee takes the server's clock to show; None before the first answer."""
        return self._estimate.server_ms(self.shows_ms(true_ms, run_ms))

    def answer(self, t1: float, t2: float, t3: float, true_ms: float, run_ms: float) -> None:
        """A probe was answered just now (PROTOCOL.md §5)."""
        self._estimate.answer(t1, t2, t3, self.shows_ms(true_ms, run_ms))
