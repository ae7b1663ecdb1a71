"""Calendar marks: how often, and when last, a session has changed as calendars show it.

They are part of the fold, so SEQUENCE and LAST-MODIFIED of a feed are the same on every node and after every
start. Whatever fact moves, skips or renames a session, its mark follows from what the run sheet says then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from .ids import SessionId
from .schedule import MINUTE_MS, Schedule, Session, Speaker
from .session_run import SessionRun


class CalendarMark(Struct, frozen=True, array_like=True, gc=False):
    """The changes of a session that calendars are told of; `shown` stands for what they show."""

    shown: str
    changed_ms: int  # wall time of the last change
    sequence: int = 0  # changes so far (RFC 5545 §3.8.7.4)


class Minutes(NamedTuple):
    """A span in whole minutes since 1970."""

    start_min: int
    end_min: int


def calendar_span(start_ms: int, end_ms: int) -> Minutes:
    """Return when calendars show a session: to the nearest minute, and for one minute at least.

    A start that is some milliseconds late is no change that anybody wants to be told of.
    """
    start_min = _nearest(start_ms)
    return Minutes(start_min, max(_nearest(end_ms), start_min + 1))


def _nearest(at_ms: int) -> int:
    return (at_ms + MINUTE_MS // 2) // MINUTE_MS


def mark_changes(
    marks: dict[SessionId, CalendarMark],
    schedule: Schedule,
    speakers: Iterable[Speaker],
    sessions: Iterable[tuple[Session, SessionRun]],
    at_ms: int,
) -> None:
    """Count what has changed of `sessions` at wall time `at_ms`. One that left and comes back counts on."""
    about = _About(schedule, speakers)
    for plan, run in sessions:
        shown, before = about.digest(plan, run), marks.get(plan.id)
        if before is None:
            marks[plan.id] = CalendarMark(shown, at_ms)
        elif before.shown != shown:
            marks[plan.id] = CalendarMark(shown, at_ms, before.sequence + 1)


class _About:
    """The names that entries of a schedule show."""

    def __init__(self, schedule: Schedule, speakers: Iterable[Speaker]) -> None:
        self._speakers = {one.id: (one.name, one.role, one.company) for one in speakers}
        self._themes = {one.id: one.title for one in schedule.themes}
        self._stages = {one.id: one.title for one in schedule.stages}

    def digest(self, plan: Session, run: SessionRun) -> str:
        """Return what is equal while an entry shows the same."""
        shown = (
            calendar_span(run.expected_start_ms, run.expected_end_ms),
            run.state == "skipped",
            plan.title,
            plan.abstract,
            plan.kind,
            self._stages.get(plan.stage),
            self._themes.get(plan.theme) if plan.theme is not None else None,
            [self._speakers.get(one) for one in plan.speakers],
        )
        return hashlib.blake2b(msgspec.msgpack.encode(shown), digest_size=8).hexdigest()
