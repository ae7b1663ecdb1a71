"""Warnings that need the whole agenda: overlaps, sessions outside the day, idle speakers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo

from ..domain.ids import SpeakerId
from ..domain.schedule import Day, Session
from ..local_time import time_range
from .diagnostics import Report
from .fields import Element
from .sessions import Placed


def check_agenda(
    placed: list[Placed], days: list[Day | None], zone: tzinfo, report: Report
) -> None:
    _warn_of_overlaps(placed, zone, report)
    _warn_of_double_bookings(placed, zone, report)
    _warn_outside_days(placed, [day for day in days if day], zone, report)


def _warn_of_overlaps(placed: list[Placed], zone: tzinfo, report: Report) -> None:
    by_stage: dict[str, list[Placed]] = defaultdict(list)
    for one in placed:
        by_stage[one.session.stage].append(one)
    for stage, on_stage in by_stage.items():
        for earlier, later in _overlapping(on_stage):
            other = _show(earlier.session, zone)
            message = f'overlaps on stage "{stage}" with {other}: both go on side by side'
            report.warning(later.node, later.field, message)


def _warn_of_double_bookings(placed: list[Placed], zone: tzinfo, report: Report) -> None:
    by_speaker: dict[SpeakerId, list[Placed]] = defaultdict(list)
    for one in placed:
        for speaker in one.session.speakers:
            by_speaker[speaker].append(one)
    for speaker, theirs in by_speaker.items():
        for earlier, later in _overlapping(theirs):
            if earlier.session.stage != later.session.stage:
                other = _show(earlier.session, zone)
                report.warning(later.node, later.field, f'"{speaker}" also speaks at {other}')


def _overlapping(placed: Iterable[Placed]) -> list[tuple[Placed, Placed]]:
    """Return each session that begins before one ahead of it is over, with the latest such one."""
    pairs: list[tuple[Placed, Placed]] = []
    latest: Placed | None = None
    for one in sorted(placed, key=lambda one: one.session.starts_at_ms):
        if latest is not None and one.session.starts_at_ms < latest.session.ends_at_ms:
            pairs.append((latest, one))
        if latest is None or one.session.ends_at_ms > latest.session.ends_at_ms:
            latest = one
    return pairs


def _warn_outside_days(placed: list[Placed], days: list[Day], zone: tzinfo, report: Report) -> None:
    if not days:
        return
    for one in placed:
        start, end = one.session.starts_at_ms, one.session.ends_at_ms
        if not any(day.starts_at_ms <= start and end <= day.ends_at_ms for day in days):
            when = _show(one.session, zone)
            report.warning(one.node, one.field, f"{when} is outside the hours of every day")


def check_speakers(declared: dict[str, Element], speaking: Iterable[str], report: Report) -> None:
    """Warn of speakers that no session names."""
    for speaker in sorted(declared.keys() - set(speaking)):
        node, path = declared[speaker]
        report.warning(node, path, f'"{speaker}" speaks nowhere')


def _show(session: Session, zone: tzinfo) -> str:
    starts, ends = (
        datetime.fromtimestamp(at_ms / 1000, zone)
        for at_ms in (session.starts_at_ms, session.ends_at_ms)
    )
    return f'"{session.id}" ({starts:%Y-%m-%d} {time_range(starts, ends)})'
