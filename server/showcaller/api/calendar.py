"""The agenda as an iCalendar file (RFC 5545, RFC 7986), for people's own calendars.

Times are the expected ones, so a calendar that subscribes follows delays. They are written in UTC:
every calendar shows them in its owner's zone, and no zone definitions have to be carried. A file says nothing
of who made it when: all nodes answer with the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, cast
from uuid import UUID, uuid5

from .. import __version__
from ..domain.calendar_marks import CalendarMark, calendar_span
from ..domain.ids import SessionId
from ..domain.schedule import Stage, Theme
from ..domain.text import unify_line_ends
from ..show.views import EventView, SessionView, SpeakerView, Times, View

# Ids are the same wherever an event is served: calendars that follow it twice show each talk once.
_IDS = UUID("c934074f-8c51-4838-a5b9-7678654629fa")
_LINE_BYTES = 75  # RFC 5545 §3.1, without the line end
_ESCAPES: dict[int, str | None] = {
    **dict.fromkeys([*range(0x20), 0x7F]),  # control characters may not stand in a text
    ord("\t"): "\t",
    ord("\n"): "\\n",
    **{ord(special): f"\\{special}" for special in "\\;,"},
}


def agenda_ics(
    items: Mapping[str, View],
    marks: Mapping[SessionId, CalendarMark],
    *,
    base_url: str,
    favourites: Collection[str] | None = None,
) -> bytes:
    """Return the sessions of the channel `agenda` (`items`) as one calendar.

    `marks` are the run sheet's, `base_url` is the server's address without a final slash. `favourites`: of
    somebody, whose own calendar has these only.
    """
    about = _About.of(cast(EventView, items["event"]), base_url, favourites is not None)
    views = (view for view in items.values() if isinstance(view, SessionView))
    sessions = [one for one in views if favourites is None or one.id in favourites]
    sessions.sort(key=lambda view: view.expected.start_ms or 0)
    lines = [*_head(about, base_url)]
    for session in sessions:
        changed = _changes(marks[SessionId(session.id)])
        lines += ["BEGIN:VEVENT", *_entry(session, about), *changed, "END:VEVENT"]
    lines.append("END:VCALENDAR")
    return b"".join(map(_folded, lines))


def _changes(mark: CalendarMark) -> Iterator[str]:
    """Yield how often and when an entry changed: calendars take its newest state by it."""
    changed = _utc(mark.changed_ms // 1000)
    yield f"SEQUENCE:{mark.sequence}"
    yield f"LAST-MODIFIED:{changed}"
    yield f"DTSTAMP:{changed}"  # the same in a calendar without a METHOD (RFC 5545 §3.8.7.2)


class _About(NamedTuple):
    """The parts of an event that its entries share."""

    event: EventView
    page: str
    is_own: bool  # somebody's, not everybody's
    speakers: Mapping[str, SpeakerView]
    themes: Mapping[str, str]
    stages: Mapping[str, str]

    @classmethod
    def of(cls, event: EventView, base_url: str, is_own: bool) -> _About:
        return cls(
            event,
            f"{base_url}/e/{event.id}/",
            is_own,
            {speaker.id: speaker for speaker in event.speakers},
            _titles(event.themes),
            _titles(event.stages),
        )


def _head(about: _About, base_url: str) -> Iterator[str]:
    event = about.event
    title = f"My agenda: {event.title}" if about.is_own else event.title
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:-//Showcaller//Showcaller {__version__}//EN"
    if not about.is_own:
        yield f"UID:{uuid5(_IDS, event.id)}"  # RFC 7986 §5.3
    yield f"NAME:{_text(title)}"  # RFC 7986 §5.1
    yield f"X-WR-CALNAME:{_text(title)}"  # for those that do not know NAME
    if event.summary:
        yield f"DESCRIPTION:{_text(event.summary)}"
    yield f"URL:{about.page}"
    if not about.is_own:  # whose address is a secret: it stands in no file
        yield f"SOURCE;VALUE=URI:{base_url}/api/v1/events/{event.id}/agenda.ics"
    yield "REFRESH-INTERVAL;VALUE=DURATION:PT5M"  # a subscribed calendar may ask this often


def _entry(session: SessionView, about: _About) -> Iterator[str]:
    starts_s, ends_s = _span(session.expected)
    yield f"UID:{uuid5(_IDS, f'{about.event.id}/{session.id}')}"
    yield f"DTSTART:{_utc(starts_s)}"
    yield f"DTEND:{_utc(ends_s)}"
    yield f"SUMMARY:{_text(session.title)}"
    yield f"STATUS:{'CANCELLED' if session.state == 'skipped' else 'CONFIRMED'}"
    yield f"CATEGORIES:{_text(about.themes.get(session.theme or '') or session.kind.capitalize())}"
    yield f"LOCATION:{_text(about.stages[session.stage])}"
    if description := _description(session, about):
        yield f"DESCRIPTION:{_text(description)}"
    if session.kind == "break":
        yield "TRANSP:TRANSPARENT"  # does not make people busy
        return
    watch = f"{about.page}watch/{session.id}"
    yield f"URL:{watch}"
    yield f"CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Watch:{watch}"  # RFC 7986 §5.11


def _span(expected: Times) -> tuple[int, int]:
    """Return the seconds of a start and of an end after it, which RFC 5545 §3.8.2.2 asks for."""
    span = calendar_span(expected.start_ms or 0, expected.end_ms or 0)
    return span.start_min * 60, span.end_min * 60


def _description(session: SessionView, about: _About) -> str:
    speakers = (about.speakers.get(one) for one in session.speakers)
    names = "\n".join(_introduce(speaker) for speaker in speakers if speaker is not None)
    return "\n\n".join(part for part in (session.abstract, names) if part)


def _introduce(speaker: SpeakerView) -> str:
    more = ", ".join(part for part in (speaker.role, speaker.company) if part)
    return f"{speaker.name} ({more})" if more else speaker.name


def _titles(things: Iterable[Theme | Stage]) -> dict[str, str]:
    return {thing.id: thing.title for thing in things}


def _utc(seconds: int) -> str:
    """Return an instant in form 2 of RFC 5545 §3.3.5."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Return `value` as RFC 5545 §3.3.11 writes texts."""
    return unify_line_ends(value).translate(_ESCAPES)


def _folded(line: str) -> bytes:
    """Return a content line with its end, folded between characters (RFC 5545 §3.1)."""
    data = line.encode()
    if len(data) <= _LINE_BYTES:
        return data + b"\r\n"
    parts = []
    start, room = 0, _LINE_BYTES
    while start < len(data):
        end = min(start + room, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # within a character of UTF-8
            end -= 1
        parts.append(data[start:end])
        start, room = end, _LINE_BYTES - 1  # a blank stands before what is continued
    return b"\r\n ".join(parts) + b"\r\n"
