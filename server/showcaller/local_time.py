"""Times of day as people write them, and the instants they mean in the event's time zone.

The only place where a local time becomes an instant.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple

_TIME = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)[T ])?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"\s?(?P<offset>Z|[+-](?:0\d|1[0-4]):[0-5]\d)?",
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
    """The instant that a local time means.

    Around a change of clocks `doubt` says what is odd about the time ("" else), and `choices` names
    the times to write instead: that of the instant taken first.
    """

    at_ms: int
    doubt: str = ""
    choices: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The doubt, the choice that was made, and how to make another; "" without a doubt."""
        if len(self.choices) == 1:
            return f'{self.doubt}; "{self.choices[0]}" is taken; write that to settle it'
        if self.choices:
            first, second = self.choices
            how = f'write the offset to choose, or "{second}" for the second'
            return f'{self.doubt}; the first is taken, "{first}"; {how}'
        return ""


def parse_date(text: str) -> date:
    """Read `2023-12-13`. Raises `ValueError` with a message for people."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f'"{text[:40]}" is not a date; write it as 2023-12-13')
    if day.year not in _YEARS:
        raise ValueError(f"the year {day.year} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return day


def parse_local_time(text: str, *, seconds: bool = False) -> LocalTime:
    """Read `09:05`, `09:05-08:00` or `2023-12-13T09:05`; with `seconds` also `09:05:30`.

    Raises `ValueError` with a message for people.
    """
    match = _TIME.fullmatch(text.strip())
    wrong = f'"{text[:40]}" is not a time of day; write it as "09:05"'
    if match is None or (match["second"] and not seconds):
        raise ValueError(wrong)
    day = parse_date(match["date"]) if match["date"] else None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(wrong)
    return LocalTime(day, time(hour, minute, second), _offset(match["offset"]))


def _offset(text: str | None) -> timedelta | None:
    if text is None or text == "Z":
        return timedelta(0) if text else None
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)


def instant(day: date, local: LocalTime, zone: tzinfo) -> Instant:
    """Return the instant that `local` means on `day` in `zone`.

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
    return _twice(first, second) if _exists(first) else _never(first)


def instant_at_offset(day: date, local: LocalTime, offset: timedelta) -> int:
    """Return the instant that `local` means where clocks are `offset` ahead of UTC, in ms."""
    return _ms(datetime.combine(day, local.time, timezone(offset)))


def time_range(starts: datetime, ends: datetime) -> str:
    """Return `09:05–09:25`; both ends with their offsets where clocks change or show one of them twice."""
    plain = starts.utcoffset() == ends.utcoffset() and not (_twofold(starts) or _twofold(ends))
    return f"{starts:%H:%M}–{ends:%H:%M}" if plain else f"{_show(starts)}–{_show(ends)}"


def _twofold(moment: datetime) -> bool:
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


def _instant_with_offset(first: datetime, second: datetime, offset: timedelta) -> int:
    for candidate in (first, second):
        if candidate.utcoffset() == offset:
            return _ms(candidate)
    raise ValueError(f"{first.tzinfo} is at {_show(first)[-6:]} then; write that offset or none")


def _exists(moment: datetime) -> bool:
    there_and_back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return there_and_back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _twice(first: datetime, second: datetime) -> Instant:
    doubt = f"happens twice on {first.date()}, since clocks are put back"
    return Instant(_ms(first), doubt, (_show(first), _show(second)))


def _never(moment: datetime) -> Instant:
    taken = moment.astimezone(UTC).astimezone(moment.tzinfo)
    doubt = f"does not exist on {moment.date()}, since clocks are put forward"
    return Instant(_ms(moment), doubt, (_show(taken),))


def _show(moment: datetime) -> str:
    shown = "%H:%M:%S" if moment.second else "%H:%M"
    return moment.strftime(shown) + moment.isoformat()[19:25]


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
