"""The wall clock of a publisher, as its sender reports tell it (RFC 3550 §6.4.1). Pure.

A sender that has no such clock may send 0, and some send the same time for ever. Whoever believed that
would set picture and sound apart by as much as their reports are.
"""

from __future__ import annotations

CLOCK_STEP_S = 1.0  # a publisher's clock that is so far from where it was has been set
CLOCK_SMOOTHING = 16
TOGETHER_S = 0.1  # reports of two streams may tell one instant


class SenderClock:
    """The clock of one publisher, for all its streams; `ntp` has 64 bits."""

    def __init__(self) -> None:
        self.offset_s: float | None = None  # it less ours; None: not known, or not to be believed
        self._told: tuple[int, float] | None = None  # the last NTP time, and when it came

    def note(self, ntp: int, now_s: float) -> bool:
        """Take in a report; return false if neither it nor the earlier ones are to be believed."""
        if not self._goes_on(ntp, now_s):
            self.offset_s = None
            return False
        self._follow(ntp / (1 << 32) - now_s)
        return True

    def _goes_on(self, ntp: int, now_s: float) -> bool:
        told, self._told = self._told, (ntp, now_s)
        if ntp == 0:
            return False
        if told is None or ntp > told[0]:
            return True
        if now_s - told[1] <= TOGETHER_S:
            self._told = told
            return self.offset_s is not None
        return False

    def _follow(self, offset_s: float) -> None:
        """Follow the drift of the clocks slowly, since each report took another time to come."""
        if self.offset_s is None or abs(offset_s - self.offset_s) > CLOCK_STEP_S:
            self.offset_s = offset_s
        else:
            self.offset_s += (offset_s - self.offset_s) / CLOCK_SMOOTHING
