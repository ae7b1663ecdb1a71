"""Small schedules for tests. Times are whole minutes after midnight of 1 January 1970, UTC."""

from __future__ import annotations

from typing import Any

from ..domain.ids import EventId, SessionId, StageId
from ..domain.schedule import MINUTE_MS, Schedule, Session, Stage


def session(
    id: str, start_min: int, end_min: int, *, stage: str = "main", **fields: Any
) -> Session:
    """A talk, unless `kind` says otherwise."""
    return Session(
        id=SessionId(id),
        title=fields.pop("title", f"Talk {id}"),
        kind=fields.pop("kind", "talk"),
        stage=StageId(stage),
        starts_at_ms=start_min * MINUTE_MS,
        ends_at_ms=end_min * MINUTE_MS,
        **fields,
    )


def schedule(*sessions: Session, **fields: Any) -> Schedule:
    """An event of `sessions` on the stages that they name."""
    stages = dict.fromkeys(session.stage for session in sessions)
    return Schedule(
        event_id=EventId(fields.pop("event_id", "event")),
        title="An event",
        time_zone="UTC",
        stages=tuple(Stage(id=id, title=id.title()) for id in stages),
        sessions=tuple(sorted(sessions, key=lambda session: session.starts_at_ms)),
        **fields,
    )
