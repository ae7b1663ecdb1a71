"""The rules of cues: when each is due, what it waits for, and when it makes no sense any more."""

from __future__ import annotations

from .cues import (
    DOORS_OPEN,
    ENDED,
    ENDING_SOON,
    OVERRUNNING,
    QA_CLOSES,
    STARTED,
    STARTING_SOON,
    cue_kind,
    starting_soon,
)
from .schedule import MINUTE_MS, CuePolicy, OverrunPolicy, Schedule, Session
from .session_run import SessionRun

STARTING_SOON_MAX_LATE_MS = MINUTE_MS  # wall time


def due_times(
    schedule: Schedule, plan: Session, run: SessionRun, *, overruns_ahead: bool
) -> dict[str, int | None]:
    """Return the due show times of a session's cues; None: not known, or never.

    While a session overruns that this one waits for, nobody knows when it starts.
    """
    if run.over:
        return {QA_CLOSES: _qa_closes(plan, run)}
    due: dict[str, int | None] = dict(_end_times(schedule.cues, schedule.overrun, run))
    if run.to_come:
        start_ms = run.expected_start_ms
        due[DOORS_OPEN] = start_ms - schedule.cues.doors_open_min * MINUTE_MS
        if not overruns_ahead:
            due[STARTED] = start_ms
            for minutes in schedule.cues.starting_soon_min:
                due[starting_soon(minutes)] = start_ms - minutes * MINUTE_MS
    return due


def _end_times(cues: CuePolicy, overrun: OverrunPolicy, run: SessionRun) -> dict[str, int | None]:
    return {
        ENDING_SOON: run.expected_end_ms - cues.ending_soon_min * MINUTE_MS,
        OVERRUNNING: run.expected_end_ms if run.publications and _tolerates(overrun) else None,
        ENDED: _end_due(overrun, run),
    }


def _tolerates(overrun: OverrunPolicy) -> bool:
    return overrun.policy == "wait" or overrun.after_min > 0


def _end_due(overrun: OverrunPolicy, run: SessionRun) -> int | None:
    """Return the expected end, or when the last speaker left after it, or when the policy cuts them off."""
    free_ms = run.expected_end_ms
    if run.unpublished_ms is not None:
        free_ms = max(free_ms, run.unpublished_ms)
    if overrun.policy == "wait":
        return None if run.publications else free_ms
    cut_ms = run.expected_end_ms + overrun.after_min * MINUTE_MS
    return cut_ms if run.publications else min(free_ms, cut_ms)


def _qa_closes(plan: Session, run: SessionRun) -> int | None:
    after_min = plan.qa.closes_after_min
    if run.state != "ended" or not plan.qa.enabled or after_min is None:
        return None
    return run.ended_ms + after_min * MINUTE_MS


def is_armed(cue: str, run: SessionRun, *, may_start: bool) -> bool:
    """Tell whether the session has come far enough for the cue.

    `may_start`: it waits for no other session on its stage.
    """
    kind = cue_kind(cue)
    if kind == STARTED:
        return run.to_come and may_start
    if kind in (DOORS_OPEN, STARTING_SOON):
        return run.to_come
    if kind == QA_CLOSES:
        return run.state == "ended"
    return run.live


def makes_sense(cue: str, run: SessionRun, show_ms: int, late_ms: int) -> bool:
    """Tell whether a due cue that is called at `show_ms`, `late_ms` of wall time late, is worth telling."""
    kind = cue_kind(cue)
    if kind == STARTING_SOON:
        return show_ms < run.expected_start_ms and late_ms <= STARTING_SOON_MAX_LATE_MS
    if kind in (DOORS_OPEN, STARTED, ENDING_SOON):
        return show_ms < run.expected_end_ms
    if kind == OVERRUNNING:
        ended_due_ms = run.cues[ENDED].due_ms
        return ended_due_ms is None or show_ms < ended_due_ms
    if kind == QA_CLOSES:
        return run.qa_open
    return True
