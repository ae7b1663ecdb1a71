"""`--rehearse-from TIME`: the instant of the schedule that a producer means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from . import zones
from .domain.schedule import MINUTE_MS, Schedule
from .errors import ConfigError
from .local_time import Instant, LocalTime, instant, instant_at_offset, parse_local_time

_BEFORE = re.compile(r"-(\d+(?:\.\d+)?)m")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 24 * 60 * MINUTE_MS


def show_time_ms(text: str, schedule: Schedule) -> int:
    """Return the instant that `text` names, in ms since the Unix epoch.

    Forms: `09:04` or `09:04:30` (on the event's first day, its zone; after midnight if that day goes
    on until then), `2023-12-13T09:04` (the event's
    zone), the same with an offset, and `-2m` (two minutes before the first session).
    Raises `ConfigError`, also for a time that a change of clocks skips or repeats.
    """
    first_ms = min(session.starts_at_ms for session in schedule.sessions)
    if match := _BEFORE.fullmatch(text):
        return first_ms - round(float(match[1]) * MINUTE_MS)
    try:
        local = parse_local_time(text, seconds=True)
    except ValueError:
        raise ConfigError(
            f"--rehearse-from {text!r} is no time: write 09:04, 2023-12-13T09:04, "
            "2023-12-13T09:04-08:00, or -2m (before the first session)"
        ) from None
    day = local.date or _first_day(schedule, first_ms)
    found = _instant(local, day, schedule)
    if local.date is None and _is_night(schedule, found.at_ms):
        day += timedelta(days=1)
        found = _instant(local, day, schedule)
    if found.doubt:
        instead = " or ".join(f"{day}T{choice}" for choice in found.choices)
        raise ConfigError(f"--rehearse-from {text!r} {found.doubt}: write {instead}")
    return found.at_ms


def _instant(local: LocalTime, day: date, schedule: Schedule) -> Instant:
    if local.offset is not None:
        return Instant(instant_at_offset(day, local, local.offset))
    return instant(day, local, zones.zone(schedule.time_zone))


def _first_day(schedule: Schedule, first_ms: int) -> date:
    if schedule.days:
        return schedule.days[0].date
    first = _EPOCH + timedelta(milliseconds=first_ms)
    return first.astimezone(zones.zone(schedule.time_zone)).date()


def _is_night(schedule: Schedule, at_ms: int) -> bool:
    """Tell whether a time of the first day comes after midnight: it is not among the hours before it."""
    if not schedule.days:
        return False
    first = schedule.days[0]
    return at_ms < first.starts_at_ms and at_ms + _DAY_MS < first.ends_at_ms
