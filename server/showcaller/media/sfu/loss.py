"""The share that a receiver loses, over times that tell something. Pure.

Receivers report when they ask for what is missing too: such a report covers the few packets since the
last one, and always some that were lost.
"""

from __future__ import annotations

from ..rtp import rtcp

OVER_S = 0.8  # reports in between wait for more


class LossMeter:
    """The loss of one stream that is sent to one receiver."""

    def __init__(self) -> None:
        self._since: tuple[float, int, int] | None = None  # when, highest sequence, lost so far

    def note(self, block: rtcp.Block, now_s: float) -> float | None:
        """Return the share that was lost since it was last told; None while that is not long ago."""
        since, told = self._since, (now_s, block.highest, block.lost)
        if since is None:
            self._since = told
            return block.lost_share
        if now_s - since[0] < OVER_S:
            return None
        self._since = told
        expected = (block.highest - since[1]) & 0xFFFFFFFF
        if not 0 < expected < 0x80000000:  # nothing came, or it began anew
            return block.lost_share
        return min(1.0, max(0.0, (block.lost - since[2]) / expected))
