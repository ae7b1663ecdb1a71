"""The work of coming in, in small helpings, so that those who are in never wait for those who come.

A turn of the event loop gives at most `BUDGET_S` to upgrades, hellos and subscriptions. Work that comes
when it is spent waits for a later turn, and the loop reads and writes for everybody else in between. There
are two queues: clients whose upgrade has been answered are *half in*, and all of them are served before
those that are still outside. In each queue addresses (once they are known, people) have a line of their
own, and the lines take turns.

    if turnstile.is_open:
        turnstile.do(work)
    else:
        turnstile.wait(work)        # called later; what it does then counts as well

When nothing waits and little is done, everything is done at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from .lines import Lines, Work

log = logging.getLogger(__name__)

BUDGET_S = 0.0025
FIRST_GUESS_S = 0.00015  # what a piece of work takes, before anything was measured
STEPS = 2  # pieces of work for a client outside: the upgrade, then hello with subscriptions
REST = 1.5  # the loop's time, divided by what of it goes to those who wait
_MEMORY = 0.98  # how much of what was measured before a turn still counts after it


class Turnstile:
    """The queue of work for clients that come in. `soon(callback)` calls back in the loop's next turn.

    Since those who are half in go first, there are few of them at any time.
    """

    def __init__(
        self,
        now: Callable[[], float],
        soon: Callable[[Work], object],
        budget_s: float = BUDGET_S,
    ) -> None:
        self._now = now
        self._soon = soon
        self._budget_s = budget_s
        self._outside = Lines()
        self._half_in = Lines()
        self._spent_s = 0.0  # in this turn of the loop
        self._extra_s = 0.0  # of that, what was not measured
        self._turning = False  # `_turn` is on its way
        self._current: Lines | None = None  # whose work is being done
        self._took_s, self._done = 100 * FIRST_GUESS_S, 100.0  # of the last turns, fading

    def __len__(self) -> int:
        """Return how many pieces of work wait."""
        return len(self._outside) + len(self._half_in)

    @property
    def is_open(self) -> bool:
        """Tell whether work may be done now: nobody would be overtaken, and there is time left."""
        return (self._current is not None or not len(self)) and self._spent_s < self._budget_s

    def wait_s(self, came_from: str = "") -> float:
        """The seconds that a client from there will wait, judged by what others before it took."""
        pieces = STEPS * self._outside.before(came_from) + len(self._half_in)
        return pieces * self._took_s / self._done * REST

    def do(self, work: Work) -> None:
        """Do it now, and count the time."""
        began_s = self._now()
        try:
            work()
        finally:
            self._spent_s += self._now() - began_s
            self._turn_soon()

    def spend(self, took_s: float) -> None:
        """Count time that goes to somebody who comes in, now or soon, beside what `do` measures."""
        self._spent_s += took_s
        self._extra_s += took_s
        self._turn_soon()

    def wait(self, work: Work, line: str = "", *, half_in: bool = False) -> None:
        """Have `work` done when the turn of its line has come. What it must leave undone keeps its place."""
        queue = self._half_in if half_in else self._outside
        if self._current is queue:
            queue.appendleft(work, line)
        else:
            queue.append(work, line)
        self._turn_soon()

    def _turn_soon(self) -> None:
        if not self._turning:
            self._turning = True
            self._soon(self._turn)

    def _turn(self) -> None:
        """A new turn of the loop: its budget is for those who wait."""
        self._turning = False
        self._spent_s = self._extra_s = 0.0
        began_s, done = self._now(), 0
        while len(self) and self._spent_s < self._budget_s:
            self._current = self._half_in if len(self._half_in) else self._outside
            self._let_in(self._current.popleft())
            self._current = None
            done += 1
            # All of it, whatever `do` has counted.
            self._spent_s = self._now() - began_s + self._extra_s
        if self._spent_s or len(self):
            self._turn_soon()
        if done:
            self._took_s = self._took_s * _MEMORY + self._spent_s
            self._done = self._done * _MEMORY + done

    @staticmethod
    def _let_in(work: Work) -> None:
        try:
            work()
        except Exception:  # the others must not wait for ever
            log.exception("letting somebody in failed", extra={"action": "live.failed"})
