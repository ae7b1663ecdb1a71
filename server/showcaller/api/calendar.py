"""The agenda as an iCalendar file (RFC 5545, RFC 7986), for people's own calendars.

Times are the expected ones, so a calendar that subscribes follows delays. They are written in UTC:
every calendar shows them in its owner's zone, and no zone definitions have to be carried.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import NAMESPACE_URL, uuid5

from icalendar import Calendar, Event, Parameters, vText, vUri

from .. import __version__
from ..domain.schedule import Speaker, Stage, Theme
from ..show.views import EventView, SessionView, Times, View

REFRESH_EVERY = timedelta(minutes=5)  # a subscribed calendar may ask this often

_CONFERENCE = Parameters({"VALUE": "URI", "FEATURE": ["AUDIO", "VIDEO"], "LABEL": "Watch"})


def agenda_ics(items: Mapping[str, View], *, base_url: str, now_ms: int, revision: int) -> bytes:
    """All sessions of the channel `agenda` (`items`) as one calendar.

    `base_url` is the server's address without a final slash. `revision` rises whenever the agenda
    changes: calendars take an entry's newest (SEQUENCE, RFC 5545 §3.8.7.4).
    """
    event = cast(EventView, items["event"])
    page = f"{base_url}/e/{event.id}/"
    calendar = _calendar(event, page, f"{base_url}/api/v1/events/{event.id}/agenda.ics")
    sessions = [view for view in items.values() if isinstance(view, SessionView)]
    for session in sorted(sessions, key=lambda view: view.expected.start_ms or 0):
        entry = _entry(session, event, page)
        entry.add("dtstamp", _utc(now_ms / 1000))
        entry.add("sequence", revision)
        calendar.add_component(entry)
    return cast(bytes, calendar.to_ical())


def _calendar(event: EventView, page: str, source: str) -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", f"-//Showcaller//Showcaller {__version__}//EN")
    calendar.add("uid", str(uuid5(NAMESPACE_URL, page)))  # RFC 7986 §5.3
    calendar.add("name", vText(event.title))  # RFC 7986 §5.1
    calendar.add("x-wr-calname", vText(event.title))  # for those that do not know NAME
    if event.summary:
        calendar.add("description", event.summary)
    calendar.add("url", page)
    calendar.add("source", vUri(source, params=Parameters({"VALUE": "URI"})))
    calendar.add("refresh-interval", REFRESH_EVERY, parameters=Parameters({"VALUE": "DURATION"}))
    return calendar


def _entry(session: SessionView, event: EventView, page: str) -> Event:
    watch = f"{page}watch/{session.id}"
    starts, ends = _span(session.expected)
    entry = Event()
    entry.add("uid", str(uuid5(NAMESPACE_URL, watch)))
    entry.add("dtstart", starts)
    entry.add("dtend", ends)
    entry.add("summary", session.title)
    entry.add("status", "CANCELLED" if session.state == "skipped" else "CONFIRMED")
    entry.add("categories", [_category(session, event)])
    entry.add("location", _titles(event.stages)[session.stage])
    if description := _description(session, event):
        entry.add("description", description)
    if session.kind == "break":
        entry.add("transp", "TRANSPARENT")  # does not make people busy
    else:
        entry.add("url", watch)
        entry.add("conference", watch, parameters=_CONFERENCE)  # RFC 7986 §5.11
    return entry


def _span(expected: Times) -> tuple[datetime, datetime]:
    """Whole seconds, and an end after the start, which RFC 5545 §3.8.2.2 asks for."""
    starts = _utc((expected.start_ms or 0) // 1000)
    ends = _utc(math.ceil((expected.end_ms or 0) / 1000))
    return starts, max(ends, starts + timedelta(seconds=1))


def _category(session: SessionView, event: EventView) -> str:
    return _titles(event.themes).get(session.theme or "") or session.kind.capitalize()


def _description(session: SessionView, event: EventView) -> str:
    speakers = {str(speaker.id): speaker for speaker in event.speakers}
    names = [_introduce(speakers[one]) for one in session.speakers if one in speakers]
    return "\n\n".join(part for part in (session.abstract, "\n".join(names)) if part)


def _introduce(speaker: Speaker) -> str:
    about = ", ".join(part for part in (speaker.role, speaker.company) if part)
    return f"{speaker.name} ({about})" if about else speaker.name


def _titles(things: Iterable[Theme | Stage]) -> dict[str, str]:
    return {thing.id: thing.title for thing in things}


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
