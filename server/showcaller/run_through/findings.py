"""The findings of a run-through: what would have gone wrong, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from ..domain.ids import SessionId
from ..domain.lengths import DEFAULT_MIN_BREAK_MIN
from ..domain.runsheet import RunSheet
from ..domain.schedule import MINUTE_MS, Session
from ..domain.session_run import SessionRun
from .play import Played

What = Literal[
    "overrun", "late", "cut", "no_speaker", "no_source", "missed", "side_by_side", "speaker_twice",
    "break_short", "gap", "after_hours", "reminded_early", "questions_refused",
]  # fmt: skip
GAP_MIN = 15  # a stage that is empty for longer without a break is one to look at
TOLERATED_MS = MINUTE_MS


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that would have gone wrong. `minutes`: how much; `others`: sessions that it concerns, too."""

    what: What
    session: SessionId
    at_ms: int  # show time
    minutes: float = 0
    others: tuple[SessionId, ...] = ()
    who: str = ""  # a speaker's id
    people: int = 0


def findings(played: Played) -> list[Finding]:
    """Return all findings, in the order in which they come to light."""
    sheet = played.sheet
    found = [
        *_of_sessions(sheet),
        *_of_overruns(played),
        *_of_stages(sheet),
        *_of_speakers(sheet),
        *_of_people(played),
    ]
    return sorted(found, key=lambda one: (one.at_ms, one.session, one.what))


def _minutes(ms: float) -> float:
    return round(ms / MINUTE_MS, 1)


def _plans(sheet: RunSheet) -> Iterator[tuple[Session, SessionRun]]:
    for plan in sheet.schedule.sessions:
        yield sheet.plan(plan.id), sheet.sessions[plan.id]


def lateness_ms(plan: Session, run: SessionRun) -> int:
    """Return by how much it began later than planned."""
    return run.actual_start_ms - plan.starts_at_ms if run.actual_start_ms is not None else 0


def _of_sessions(sheet: RunSheet) -> Iterator[Finding]:
    for plan, run in _plans(sheet):
        start_ms, end_ms = run.actual_start_ms, run.actual_end_ms
        if start_ms is None or end_ms is None:
            yield Finding(what="missed", session=plan.id, at_ms=plan.starts_at_ms)
            continue
        if plan.kind != "break" and not plan.speakers:
            yield Finding(what="no_speaker", session=plan.id, at_ms=start_ms)
        elif plan.kind != "break" and run.unpublished_ms is None and not run.publications:
            yield Finding(what="no_source", session=plan.id, at_ms=start_ms)
        if lateness_ms(plan, run) >= TOLERATED_MS:
            late = _minutes(lateness_ms(plan, run))
            yield Finding(what="late", session=plan.id, at_ms=start_ms, minutes=late)
        yield from _of_break(plan, start_ms, end_ms)
        day = next((day for day in sheet.schedule.days if day.date == plan.day), None)
        if day is not None and end_ms > day.ends_at_ms >= plan.ends_at_ms:
            beyond = _minutes(end_ms - day.ends_at_ms)
            yield Finding(what="after_hours", session=plan.id, at_ms=end_ms, minutes=beyond)


def _of_break(plan: Session, start_ms: int, end_ms: int) -> Iterator[Finding]:
    if plan.kind != "break":
        return
    planned_min = (plan.ends_at_ms - plan.starts_at_ms) / MINUTE_MS
    least_min = DEFAULT_MIN_BREAK_MIN if plan.min_duration_min is None else plan.min_duration_min
    left_min = _minutes(end_ms - start_ms)
    if left_min < planned_min and left_min <= least_min:
        yield Finding(what="break_short", session=plan.id, at_ms=start_ms, minutes=left_min)


def _of_overruns(played: Played) -> Iterator[Finding]:
    sheet = played.sheet
    for plan, run in _plans(sheet):
        if run.actual_start_ms is None or run.actual_end_ms is None:
            continue
        over_ms = run.actual_end_ms - run.actual_start_ms - (plan.ends_at_ms - plan.starts_at_ms)
        if plan.kind != "break" and over_ms >= TOLERATED_MS:
            yield Finding(
                what="overrun",
                session=plan.id,
                at_ms=run.actual_end_ms,
                minutes=_minutes(over_ms),
                others=tuple(_delayed_by(sheet, plan)),
            )
        if (cut_ms := played.cut.get(plan.id, 0)) >= TOLERATED_MS:
            at_ms = run.actual_end_ms
            yield Finding(what="cut", session=plan.id, at_ms=at_ms, minutes=_minutes(cut_ms))


def _delayed_by(sheet: RunSheet, plan: Session) -> Iterator[SessionId]:
    """Yield what comes after it on its stage and is late, until one is on time again."""
    later = [one for one in sheet.on_stage(plan.stage) if one.starts_at_ms >= plan.ends_at_ms]
    for one in later:
        if lateness_ms(one, sheet.sessions[one.id]) < TOLERATED_MS:
            return
        yield one.id


def _of_stages(sheet: RunSheet) -> Iterator[Finding]:
    for stage in sheet.stages:
        held = [
            (run.actual_start_ms, run.actual_end_ms, plan)
            for plan in sheet.on_stage(stage)
            if (run := sheet.sessions[plan.id]).actual_start_ms is not None
            and run.actual_end_ms is not None
        ]
        held.sort(key=lambda one: (one[0] or 0, one[1] or 0))
        for (_, end_ms, plan), (start_ms, _, after) in pairwise(held):
            assert start_ms is not None
            assert end_ms is not None
            if start_ms < end_ms and after.starts_at_ms < plan.ends_at_ms:
                together = _minutes(end_ms - start_ms)
                yield Finding(
                    what="side_by_side",
                    session=after.id,
                    at_ms=start_ms,
                    minutes=together,
                    others=(plan.id,),
                )
            elif start_ms - end_ms > GAP_MIN * MINUTE_MS and plan.day == after.day:
                empty = _minutes(start_ms - end_ms)
                yield Finding(
                    what="gap", session=plan.id, at_ms=end_ms, minutes=empty, others=(after.id,)
                )


def _of_speakers(sheet: RunSheet) -> Iterator[Finding]:
    for speaker in sheet.speakers:
        theirs = [
            (run.actual_start_ms, run.actual_end_ms, plan.id)
            for plan, run in _plans(sheet)
            if speaker.id in plan.speakers
            and run.actual_start_ms is not None
            and run.actual_end_ms is not None
        ]
        for (_, end_ms, one), (start_ms, _, other) in pairwise(sorted(theirs)):
            if start_ms < end_ms:
                yield Finding(
                    what="speaker_twice",
                    session=other,
                    at_ms=start_ms,
                    minutes=_minutes(end_ms - start_ms),
                    others=(one,),
                    who=speaker.id,
                )


def _of_people(played: Played) -> Iterator[Finding]:
    sheet = played.sheet
    for told in played.reminded:
        began_ms = sheet.sessions[told.session].actual_start_ms
        if began_ms is not None and began_ms - told.starts_at_ms >= TOLERATED_MS:
            yield Finding(
                what="reminded_early",
                session=told.session,
                at_ms=told.at_ms,
                minutes=_minutes(began_ms - told.starts_at_ms),
                people=told.people,
            )
    for asked in played.asked:
        if asked.refused and sheet.plan(asked.session).qa.enabled:
            yield Finding(what="questions_refused", session=asked.session, at_ms=asked.at_ms)
