"""A report of a run-through in words, with times in the event's zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo

from ..domain.ids import SessionId
from ..domain.schedule import Schedule
from ..zones import zone
from .findings import Finding
from .report import Report

MOST_NAMED = 3


def as_text(found: Report, schedule: Schedule) -> str:
    """Return a line for each finding, by days where there are several, and a line that sums up."""
    return "\n".join([*_lines(found, schedule), _summary(found)])


def _lines(found: Report, schedule: Schedule) -> Iterator[str]:
    say, place = _Words(found, schedule), zone(schedule.time_zone)
    several = len({_date(one.planned_start_ms, place) for one in found.sessions}) > 1
    for finding in found.findings:
        at = datetime.fromtimestamp(finding.at_ms / 1000, place)
        when = f"{at:%a %H:%M}" if several else f"{at:%H:%M}"
        yield f"{when}  {say.text(finding)}"


def _date(at_ms: int, place: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, place):%Y-%m-%d}"


def _summary(found: Report) -> str:
    held = sum(one.start_ms is not None for one in found.sessions)
    wrong = len(found.findings)
    went = f"{held} of {len(found.sessions)} sessions were held"
    people = f"{found.reminded} reminders, {found.asked} questions asked"
    return f"{found.title}: {went}; {people}; {wrong or 'no'} finding{'' if wrong == 1 else 's'}"


class _Words:
    def __init__(self, found: Report, schedule: Schedule) -> None:
        self._titles = {one.session: one.title for one in found.sessions}
        self._planned_min = {
            one.session: round((one.planned_end_ms - one.planned_start_ms) / 60_000)
            for one in found.sessions
        }
        self._names = {str(speaker.id): speaker.name for speaker in schedule.speakers}

    def text(self, one: Finding) -> str:
        return f"{self._title(one.session)}: {_SAID[one.what](self, one)}"

    def _title(self, session: SessionId) -> str:
        return f'"{self._titles.get(session, session)}" ({session})'

    def _others(self, one: Finding) -> str:
        named = ", ".join(one.others[:MOST_NAMED])
        more = len(one.others) - MOST_NAMED
        return f"{named} and {more} more" if more > 0 else named

    def overrun(self, one: Finding) -> str:
        delays = f"and delays {self._others(one)}" if one.others else "and delays nobody"
        return f"runs {one.minutes:g} min over {delays}"

    def break_short(self, one: Finding) -> str:
        planned = self._planned_min[one.session]
        return f"{one.minutes:g} min are left of a break of {planned}: it can give no more"

    def speaker_twice(self, one: Finding) -> str:
        name = self._names.get(one.who, one.who)
        return f"{name} still speaks at {self._others(one)}, for {one.minutes:g} min more"


_SAID: dict[str, Callable[[_Words, Finding], str]] = {
    "overrun": _Words.overrun,
    "late": lambda words, one: f"begins {one.minutes:g} min late",
    "cut": lambda words, one: f"is ended {one.minutes:g} min before its speaker is done",
    "no_speaker": lambda words, one: "has no speaker: nobody has a link to publish with",
    "no_source": lambda words, one: "is live, and nobody publishes",
    "missed": lambda words, one: "never begins",
    "side_by_side": lambda words, one: (
        f"is on at the same time as {one.others[0]} on one stage, for {one.minutes:g} min"
    ),
    "speaker_twice": _Words.speaker_twice,
    "break_short": _Words.break_short,
    "gap": lambda words, one: (
        f"ends, and the stage is empty for {one.minutes:g} min, until {one.others[0]}"
    ),
    "after_hours": lambda words, one: f"ends {one.minutes:g} min after the day's end",
    "reminded_early": lambda words, one: (
        f"{one.people} people are reminded of it {one.minutes:g} min too early"
    ),
    "questions_refused": lambda words, one: (
        "takes no questions while it is live: somebody has to open them"
    ),
}
