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

from .ids import SessionId, StageId
from .schedule import MINUTE_MS, Session
from .session_run import SessionRun

DEFAULT_MIN_BREAK_MIN = 5


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


def expect(plans: Sequence[Session], runs: Mapping[SessionId, SessionRun]) -> dict[SessionId, Span]:
    """Return the expected times of one stage's sessions, given in planned order."""
    spans = {plan.id: _settled(plan, runs[plan.id]) for plan in plans if not runs[plan.id].to_come}
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
            spans[plan.id] = Span(start_ms, end_of(plan, start_ms, run.extension_ms))
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


def _settled(plan: Session, run: SessionRun) -> Span:
    """Return the times of a session that is live or over."""
    if run.state == "skipped":
        start_ms = plan.starts_at_ms + run.delay_ms
        return Span(start_ms, end_of(plan, start_ms, run.extension_ms))
    if run.actual_start_ms is None:  # missed: as was expected
        return Span(run.expected_start_ms, run.expected_end_ms)
    if run.actual_end_ms is None:
        return Span(run.actual_start_ms, end_of(plan, run.actual_start_ms, run.extension_ms))
    return Span(run.actual_start_ms, run.actual_end_ms)


def end_of(plan: Session, start_ms: int, extension_ms: int) -> int:
    """Return when a session that starts at `start_ms` is expected to end."""
    end_ms = _unextended_end(plan, start_ms) + extension_ms
    if plan.kind != "break":
        return end_ms
    return max(end_ms, start_ms + _min_break_ms(plan, extension_ms))


def extension_until(plan: Session, start_ms: int, end_ms: int) -> int:
    """Return the extension with which a session that starts at `start_ms` ends at `end_ms`."""
    return end_ms - _unextended_end(plan, start_ms)


def _unextended_end(plan: Session, start_ms: int) -> int:
    full_ms = start_ms + plan.ends_at_ms - plan.starts_at_ms
    return min(full_ms, plan.ends_at_ms) if plan.kind == "break" else full_ms


def _min_break_ms(plan: Session, extension_ms: int) -> int:
    minutes = plan.min_duration_min
    minutes = DEFAULT_MIN_BREAK_MIN if minutes is None else minutes
    return min(minutes * MINUTE_MS, plan.ends_at_ms - plan.starts_at_ms + extension_ms)
