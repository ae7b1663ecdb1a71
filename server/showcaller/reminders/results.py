"""The results of sending one reminder on one way, and when to try again. Pure."""

from __future__ import annotations

from typing import Literal

Result = Literal["sent", "gone", "refused", "failed"]
TRIES = 3
PAUSES_S = (1.0, 5.0)  # after the first and the second try
LONGEST_PAUSE_S = 30.0  # what asks for more is left alone: a reminder does not keep


def again_after_s(tries: int, wanted_s: float = 0.0) -> float | None:
    """Return the pause after so many failed tries; None: give up. `wanted_s`: what was asked for."""
    if tries >= TRIES or wanted_s > LONGEST_PAUSE_S:
        return None
    return max(wanted_s, PAUSES_S[tries - 1])
