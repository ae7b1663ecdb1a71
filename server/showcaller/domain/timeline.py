"""Expected times: what the scheduled, the actual and the producer's changes make of a stage's day.

What has begun stands. What is to come follows in scheduled order behind a cursor: nothing starts before
the one before it is expected to end, gaps absorb delay, and breaks shrink as far as they may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from .ids import SessionId
from .schedule import MINUTE_MS, Session
from .session_run import SessionRun

DEFAULT_MIN_BREAK_MIN = 5


class Span(NamedTuple):
    """From `start_ms` to `end_ms`, show time."""

    start_ms: int
    end_ms: int


class Shift(Struct, frozen=True, kw_only=True):
    """How a delay would move one session's expected times."""

    session: SessionId
    before_ms: int
    after_ms: int
    before_end_ms: int
    after_end_ms: int


def expect(
    plans: Sequence[Session],
    runs: Mapping[SessionId, SessionRun],
    delays_ms: Mapping[SessionId, int] | None = None,
) -> dict[SessionId, Span]:
    """The expected times of one stage's sessions, given in scheduled order.

    `delays_ms` replaces the delays of some sessions, to see what would be.
    """
    delays_ms = delays_ms or {}
    spans = {plan.id: _settled(plan, runs[plan.id]) for plan in plans if not runs[plan.id].to_come}
    pushing = [span.end_ms for id, span in spans.items() if runs[id].state != "skipped"]
    cursor = max(pushing, default=None)
    for plan in plans:
        run = runs[plan.id]
        if run.to_come:
            start_ms = plan.starts_at_ms + delays_ms.get(plan.id, run.delay_ms)
            start_ms = start_ms if cursor is None else max(start_ms, cursor)
            cursor = end_of(plan, start_ms, run.extension_ms)
            spans[plan.id] = Span(start_ms, cursor)
    return spans


def _settled(plan: Session, run: SessionRun) -> Span:
    """The times of a session that is live or over."""
    if run.state == "skipped":
        start_ms = plan.starts_at_ms + run.delay_ms
        return Span(start_ms, end_of(plan, start_ms, run.extension_ms))
    if run.actual_start_ms is None:  # missed: as was expected
        return Span(run.expected_start_ms, run.expected_end_ms)
    if run.actual_end_ms is None:
        return Span(run.actual_start_ms, end_of(plan, run.actual_start_ms, run.extension_ms))
    return Span(run.actual_start_ms, run.actual_end_ms)


def end_of(plan: Session, start_ms: int, extension_ms: int) -> int:
    """When a session that starts at `start_ms` is expected to end."""
    end_ms = _unextended_end(plan, start_ms) + extension_ms
    if plan.kind != "break":
        return end_ms
    return max(end_ms, start_ms + _min_break_ms(plan, extension_ms))


def extension_until(plan: Session, start_ms: int, end_ms: int) -> int:
    """The extension with which a session that starts at `start_ms` ends at `end_ms`."""
    return end_ms - _unextended_end(plan, start_ms)


def _unextended_end(plan: Session, start_ms: int) -> int:
    full_ms = start_ms + plan.ends_at_ms - plan.starts_at_ms
    return min(full_ms, plan.ends_at_ms) if plan.kind == "break" else full_ms


def _min_break_ms(plan: Session, extension_ms: int) -> int:
    minutes = plan.min_duration_min
    minutes = DEFAULT_MIN_BREAK_MIN if minutes is None else minutes
    return min(minutes * MINUTE_MS, plan.ends_at_ms - plan.starts_at_ms + extension_ms)


def shifts_between(
    before: Mapping[SessionId, Span], after: Mapping[SessionId, Span]
) -> list[Shift]:
    """What differs, earliest first."""
    moved = [id for id in before if before[id] != after[id]]
    moved.sort(key=lambda id: (before[id], id))
    return [
        Shift(
            session=id,
            before_ms=before[id].start_ms,
            after_ms=after[id].start_ms,
            before_end_ms=before[id].end_ms,
            after_end_ms=after[id].end_ms,
        )
        for id in moved
    ]
