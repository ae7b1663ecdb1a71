"""The words of a reminder, and where it leads. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from msgspec import Struct

from ..domain.facts import Reminder
from ..domain.runsheet import RunSheet
from ..domain.schedule import Schedule
from ..domain.session_run import SessionRun

TITLE_CHARS = 200  # so that it fits into one message of a push service (RFC 8291 §4)


class Told(Struct, frozen=True, kw_only=True):
    """A reminder as people read it. `tag` is the same for all of one session: the newest takes its place."""

    title: str
    body: str
    path: str
    tag: str


def told(sheet: RunSheet, run: SessionRun, reminder: Reminder, show_ms: int) -> Told:
    """Return what to tell of a session at show time `show_ms`."""
    plan, schedule = sheet.plan(run.id), sheet.schedule
    stage = next(one.title for one in schedule.stages if one.id == plan.stage)
    where = f", {stage}" if len(schedule.stages) > 1 else ""
    return Told(
        title=" ".join(plan.title.split())[:TITLE_CHARS],
        body=_when(schedule, run, reminder, show_ms) + where,
        path=f"/e/{quote(schedule.event_id, safe='')}/watch/{quote(run.id, safe='')}",
        tag=f"{schedule.event_id}/{run.id}",
    )


def _when(schedule: Schedule, run: SessionRun, reminder: Reminder, show_ms: int) -> str:
    if reminder == "begun":
        return "It begins now"
    minutes = max(1, round((run.expected_start_ms - show_ms) / 60_000))
    return f"Starts in {minutes} min, at {_clock(schedule, run.expected_start_ms)}"


def _clock(schedule: Schedule, at_ms: int) -> str:
    """Return the time of day by the event's own clocks."""
    offset_s = next(
        (one.offset_s for one in schedule.utc_offsets if one.from_ms <= at_ms < one.until_ms), None
    )
    local = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(seconds=offset_s or 0)
    zone = "UTC" if offset_s is None else schedule.time_zone_label or schedule.time_zone
    return f"{local:%H:%M} {zone}"
