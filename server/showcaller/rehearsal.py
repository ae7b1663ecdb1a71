"""`--rehearse-from TIME`: which instant of the schedule a producer means."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from .domain.schedule import MINUTE_MS, Schedule
from .errors import ConfigError

_BEFORE = re.compile(r"^-(\d+(?:\.\d+)?)m$")


def show_time_ms(text: str, schedule: Schedule) -> int:
    """The instant that `text` names, in ms since the Unix epoch.

    Forms: `09:04` or `09:04:30` (on the event's first day, its zone), `2023-12-13T09:04` (the event's
    zone), the same with an offset, and `-2m` (two minutes before the first session).
    Raises `ConfigError`.
    """
    first_ms = min(session.starts_at_ms for session in schedule.sessions)
    if match := _BEFORE.match(text):
        return first_ms - round(float(match[1]) * MINUTE_MS)
    zone = ZoneInfo(schedule.time_zone)
    try:
        return _milliseconds(_local(text, zone, first_ms))
    except ValueError:
        raise ConfigError(
            f"--rehearse-from {text!r} is no time: write 09:04, 2023-12-13T09:04, "
            "2023-12-13T09:04-08:00, or -2m (before the first session)"
        ) from None


def _local(text: str, zone: ZoneInfo, first_ms: int) -> datetime:
    if "T" not in text and len(text) <= len("09:04:30"):
        first_day = datetime.fromtimestamp(first_ms / 1000, zone).date()
        return datetime.combine(first_day, time.fromisoformat(text), zone)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, moment.tzinfo)) // timedelta(milliseconds=1)
