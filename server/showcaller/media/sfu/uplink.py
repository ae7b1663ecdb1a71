"""An estimate of what a publisher's line carries, where it offered no transport-wide feedback.

Told as REMB (draft-alvestrand-rmcat-remb-03). By loss alone, as section 6 of
draft-ietf-rmcat-gcc-02 has it: the publisher's own control, if any, may stay below.
"""

from __future__ import annotations

START_BPS = 4_000_000  # at once: a speaker's picture should be good from the first second
LEAST_BPS = 150_000
MOST_BPS = 8_000_000
HEAVY_LOSS = 0.10
LIGHT_LOSS = 0.02
GROWTH_PER_S = 1.08
MAX_STEP_S = 2.0  # what a longer silence counts as


class UplinkEstimate:
    """The estimate for one publisher, to be updated about once a second."""

    def __init__(self, most_bps: int = MOST_BPS) -> None:
        self.bps = min(START_BPS, most_bps)
        self._most_bps = most_bps
        self._updated_s: float | None = None

    def update(self, lost_share: float, now_s: float) -> int:
        """Return the estimate in bit/s after such a share was lost since the last update."""
        since_s = 0.0 if self._updated_s is None else now_s - self._updated_s
        self._updated_s = now_s
        if lost_share > HEAVY_LOSS:
            self.bps = max(LEAST_BPS, round(self.bps * (1 - lost_share / 2)))
        elif lost_share < LIGHT_LOSS:
            grown = self.bps * GROWTH_PER_S ** min(since_s, MAX_STEP_S)
            self.bps = min(self._most_bps, round(grown))
        return self.bps
