"""Times of day as people write them, and the instants they mean in the event's time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

_TIME = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)[T ])?(?P<hour>\d{1,2}):(?P<minute>\d\d)"
    r"\s?(?P<offset>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 2200)


class LocalTime(NamedTuple):
    """A time of day; the date only if it was written, the offset from UTC likewise."""

    date: date | None
    time: time
    offset: timedelta | None


class Instant(NamedTuple):
    """What a local time means. `note` says which instant was chosen where there was a choice."""

    at_ms: int
    note: str | None = None


def parse_date(text: str) -> date:
    """`2023-12-13`. Raises `ValueError` with a message for people."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f'"{text[:40]}" is not a date; write it as 2023-12-13')
    if day.year not in _YEARS:
        raise ValueError(f"the year {day.year} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return day


def parse_local_time(text: str) -> LocalTime:
    """`09:05`, `09:05-08:00` or `2023-12-13T09:05`. Raises `ValueError` with a message for people."""
    match = _TIME.fullmatch(text.strip())
    wrong = f'"{text[:40]}" is not a time of day; write it as "09:05"'
    if match is None:
        raise ValueError(wrong)
    day = parse_date(match["date"]) if match["date"] else None
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        raise ValueError(wrong)
    return LocalTime(day, time(hour, minute), _offset(match["offset"]))


def _offset(text: str | None) -> timedelta | None:
    if text is None or text == "Z":
        return timedelta(0) if text else None
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)


def instant(day: date, local: LocalTime, zone: tzinfo) -> Instant:
    """The instant that `local` means on `day` in `zone`.

    Where clocks were put back, the first of the two instants; where they were put forward, the time
    that the clock shows after the jump. An explicit offset decides. Raises `ValueError` if the zone
    never has that offset then.
    """
    wall = datetime.combine(day, local.time)
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    if local.offset is not None:
        return Instant(_instant_with_offset(first, second, local.offset))
    if first.utcoffset() == second.utcoffset():
        return Instant(_ms(first))
    note = _note_twice(first, second) if _exists(first) else _note_never(first)
    return Instant(_ms(first), note)


def _instant_with_offset(first: datetime, second: datetime, offset: timedelta) -> int:
    for candidate in (first, second):
        if candidate.utcoffset() == offset:
            return _ms(candidate)
    raise ValueError(f"{first.tzinfo} is at {_show(first)[-6:]} then; write that offset or none")


def _exists(moment: datetime) -> bool:
    there_and_back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return there_and_back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _note_twice(first: datetime, second: datetime) -> str:
    return (
        f"happens twice on {first.date()}, since clocks are put back; the first is taken, "
        f'"{_show(first)}"; write the offset to choose, or "{_show(second)}" for the second'
    )


def _note_never(moment: datetime) -> str:
    taken = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return (
        f"does not exist on {moment.date()}, since clocks are put forward; "
        f'"{_show(taken)}" is taken; write that to settle it'
    )


def _show(moment: datetime) -> str:
    return moment.strftime("%H:%M") + moment.isoformat()[19:25]


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
