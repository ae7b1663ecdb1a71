"""Show time as a function of wall time: running from an anchor at a rate, or held.

Live, the anchor is `show = wall` and the rate 1; a rehearsal begins anywhere and may run faster. A hold
stops show time; resuming goes on from there. All times are integer milliseconds.
"""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

from .facts import RunStarted

MAX_RATE = 600


class ShowClock(Struct, kw_only=True):
    """The event's clock. At wall time `wall_ms` the show's time was `show_ms`."""

    run: str
    mode: Literal["live", "rehearsal"]
    rate: int = 1  # show milliseconds per wall millisecond
    held: bool = False
    wall_ms: int
    show_ms: int

    @classmethod
    def start(cls, fact: RunStarted, at_ms: int) -> ShowClock:
        """Return the clock of a run whose first fact was appended at `at_ms`."""
        if fact.mode == "live":
            return cls(run=fact.run, mode="live", wall_ms=at_ms, show_ms=at_ms)
        from_ms = at_ms if fact.from_ms is None else fact.from_ms
        rate = min(max(fact.rate, 1), MAX_RATE)  # a log can be folded whatever it says
        return cls(run=fact.run, mode="rehearsal", rate=rate, wall_ms=at_ms, show_ms=from_ms)

    def show_at(self, wall_ms: int | float) -> int:
        """Return the show's time at `wall_ms`; before the anchor too, as if it had never been held."""
        if self.held:
            return self.show_ms
        return self.show_ms + math.floor((wall_ms - self.wall_ms) * self.rate)

    def wall_for(self, show_ms: int) -> int | None:
        """Return the first wall millisecond at which `show_at` reaches `show_ms`; None while held."""
        if self.held:
            return None
        return self.wall_ms - (self.show_ms - show_ms) // self.rate

    def hold(self, at_ms: int) -> None:
        """Stop show time at `at_ms`."""
        self.show_ms = self.show_at(at_ms)
        self.wall_ms = at_ms
        self.held = True

    def resume(self, at_ms: int) -> None:
        """Let show time go on from where it was held."""
        self.wall_ms = at_ms
        self.held = False
