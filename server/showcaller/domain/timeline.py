"""Expected times: what the scheduled, the actual and the producer's changes make of a stage's day.

What has begun stands. What is to come waits for what was planned to be over before it, and for what has
begun: gaps absorb delay, and breaks shrink as far as they may. Sessions that were planned side by side (at
overlapping times on one stage) wait neither for one another nor for what begins of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from msgspec import Struct

from .catching_up import CatchingUp
from .ids import SessionId, StageId
from .lengths import end_of
from .schedule import CatchUpPolicy, Session
from .session_run import SessionRun


class Span(NamedTuple):
    """A span of show time."""

    start_ms: int
    end_ms: int


class SessionShift(Struct, frozen=True, kw_only=True):
    """The expected times of one session, and its stage, before and after a control."""

    session: SessionId
    before_ms: int
    after_ms: int
    before_end_ms: int
    after_end_ms: int
    before_stage: StageId
    after_stage: StageId


def expect(
    plans: Sequence[Session],
    runs: Mapping[SessionId, SessionRun],
    policy: CatchUpPolicy | None = None,
) -> dict[SessionId, Span]:
    """Return the expected times of one stage's sessions, given in planned order.

    `policy`: the rule by which late talks give time, if it holds.
    """
    catching_up = CatchingUp(policy, plans, runs)
    begun = [(plan, run) for plan in plans if not (run := runs[plan.id]).to_come]
    spans = {plan.id: _settled(plan, run, catching_up) for plan, run in begun}
    begun_later = _BegunLater(plans, runs, spans)
    # The first to end is last. Who has an empty slot is ahead of all that come after it in `plans`.
    slots = (plan for plan in plans if plan.ends_at_ms > plan.starts_at_ms)
    ahead = sorted(slots, key=lambda plan: plan.ends_at_ms, reverse=True)
    cursor = 0

    def wait_for(over: Session) -> None:
        nonlocal cursor
        if runs[over.id].state != "skipped":
            cursor = max(cursor, spans[over.id].end_ms)

    for plan in plans:
        while ahead and ahead[-1].ends_at_ms <= plan.starts_at_ms:
            wait_for(ahead.pop())
        run = runs[plan.id]
        if run.to_come:
            start_ms = plan.starts_at_ms + run.delay_ms
            start_ms = max(start_ms, cursor, begun_later.end_ms(plan))
            given_ms = catching_up.gives_ms(plan, run, start_ms)
            spans[plan.id] = Span(start_ms, end_of(plan, start_ms, run.extension_ms) - given_ms)
        if plan.ends_at_ms == plan.starts_at_ms:
            wait_for(plan)
    return spans


def side_by_side(one: Session, other: Session) -> bool:
    """Tell whether two sessions of a stage were planned at overlapping times."""
    return one.starts_at_ms < other.ends_at_ms and other.starts_at_ms < one.ends_at_ms


class _BegunLater:
    """The ends of those that have begun although they were planned after what is still to come."""

    def __init__(
        self,
        plans: Sequence[Session],
        runs: Mapping[SessionId, SessionRun],
        settled: Mapping[SessionId, Span],
    ) -> None:
        begun = [p for p in plans if p.id in settled and runs[p.id].state != "skipped"]
        ends = (settled[plan.id].end_ms for plan in reversed(begun))
        self._starts = [plan.starts_at_ms for plan in begun]
        self._latest = [*accumulate(ends, max, initial=0)][::-1]  # of each and all after it

    def end_ms(self, plan: Session) -> int:
        """Return the latest end of those planned from the end of `plan` on; 0 if there are none."""
        return self._latest[bisect_left(self._starts, plan.ends_at_ms)]


def _settled(plan: Session, run: SessionRun, catching_up: CatchingUp) -> Span:
    """Return the times of a session that is live or over."""
    if run.state == "skipped":
        start_ms = plan.starts_at_ms + run.delay_ms
        return Span(start_ms, end_of(plan, start_ms, run.extension_ms))
    if run.actual_start_ms is None:  # missed: as was expected
        return Span(run.expected_start_ms, run.expected_end_ms)
    if run.actual_end_ms is None:
        given_ms = catching_up.given_ms(plan, run, run.actual_start_ms)
        end_ms = end_of(plan, run.actual_start_ms, run.extension_ms) - given_ms
        return Span(run.actual_start_ms, end_ms)
    return Span(run.actual_start_ms, run.actual_end_ms)
