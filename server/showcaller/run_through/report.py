"""The report of a run-through: how the day went, session by session, and what would have gone wrong."""

from __future__ import annotations

from msgspec import Struct

from ..domain.ids import SessionId, StageId
from ..domain.schedule import MINUTE_MS, Schedule
from .findings import Finding, findings, lateness_ms
from .play import Played, play
from .script import Script


class SessionLine(Struct, frozen=True, kw_only=True):
    """One session as it was planned and as it went. Times are show time; None: it never began."""

    session: SessionId
    title: str
    stage: StageId
    planned_start_ms: int
    planned_end_ms: int
    start_ms: int | None
    end_ms: int | None
    late_min: float


class Report(Struct, frozen=True, kw_only=True):
    """`reminded` and `asked`: how many reminders and questions the scripted attendees had."""

    event: str
    title: str
    sessions: tuple[SessionLine, ...]
    findings: tuple[Finding, ...]
    reminded: int
    asked: int
    facts: int


def report(schedule: Schedule, script: Script) -> Report:
    """Return how the day goes by the script. Pure: the same for the same schedule and script."""
    played = play(schedule, script)
    return Report(
        event=schedule.event_id,
        title=schedule.title,
        sessions=tuple(_lines(played)),
        findings=tuple(findings(played)),
        reminded=sum(told.people for told in played.reminded),
        asked=len(played.asked),
        facts=played.facts,
    )


def _lines(played: Played) -> list[SessionLine]:
    sheet = played.sheet
    return [
        SessionLine(
            session=plan.id,
            title=plan.title,
            stage=plan.stage,
            planned_start_ms=plan.starts_at_ms,
            planned_end_ms=plan.ends_at_ms,
            start_ms=sheet.sessions[plan.id].actual_start_ms,
            end_ms=sheet.sessions[plan.id].actual_end_ms,
            late_min=round(lateness_ms(plan, sheet.sessions[plan.id]) / MINUTE_MS, 1),
        )
        for plan in sheet.schedule.sessions
    ]
