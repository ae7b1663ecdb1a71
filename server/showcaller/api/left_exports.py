"""Files of what an event left: registrations, questions and attendance, as JSON and as tables."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from ..domain.ids import PersonId, SessionId
from ..domain.people import Role
from ..domain.question import Question
from ..domain.schedule import MINUTE_MS
from ..domain.state import State
from ..domain.stays import EVENT, Stay, at_once
from ..http.asker import principal, served
from ..pace import Pace
from ..show.attendance import Attended, attended, read_samples
from ..show.live_event import LiveEvent
from ..show.names import Agreed
from ..show.stays import read_book
from .exports import cell

Line = dict[str, Any]
NO_STORE = {"Cache-Control": "no-store"}


class Export(NamedTuple):
    """One file: its name, its columns, who may have it, and what makes its lines."""

    name: str
    columns: Sequence[str]
    roles: tuple[Role, ...]
    lines: Callable[[LiveEvent], Awaitable[list[Line]]]

    async def as_json(self, request: web.Request) -> web.Response:
        """`{"event", NAME: [{…}]}`."""
        value = {"event": request.match_info["event"], self.name: await self._made(request)}
        body = await asyncio.to_thread(msgspec.json.encode, value)
        return web.Response(body=body, content_type="application/json", headers=NO_STORE)

    async def as_csv(self, request: web.Request) -> web.Response:
        """A line each, under a heading (RFC 4180)."""
        lines = await self._made(request)
        name = f'attachment; filename="{self.name}.csv"'
        return web.Response(
            text=await asyncio.to_thread(written, self.columns, lines),
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": name, **NO_STORE},
        )

    async def _made(self, request: web.Request) -> list[Line]:
        principal(request, *self.roles)
        return await self.lines(served(request).event)


def written(columns: Sequence[str], lines: Iterable[Line]) -> str:
    """Return a table whose cells no spreadsheet runs; lists are joined."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(columns)
    for line in lines:
        table.writerow([cell(_joined(line[name])) for name in columns])
    return text.getvalue()


def _joined(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, list) else value


# Registrations ------------------------------------------------------------------------------------


async def registrations(event: LiveEvent) -> list[Line]:
    """Everybody who registered, the newest first: as many as the audit keeps."""
    people, notes = event.state.people, await event.audit.read(())
    came = [note for note in notes if note.what == "registration"]
    registered = [PersonId(note.person) for note in came]
    names, agreed = await event.names_of(registered), await event.names.agreed(registered)
    return [
        {
            "person": note.person,
            "name": names[PersonId(note.person)],
            "registered_ms": note.at_ms,
            "erased": note.person in people.erased,
            "banned": note.person in people.banned,
            **_consents(agreed.get(PersonId(note.person), ())),
        }
        for note in came
    ]


def _consents(agreed: Sequence[Agreed]) -> Line:
    """Return the consents with the versions that somebody gave, and when."""
    return {
        "agreed": [f"{one.consent} {one.version}" for one in agreed],
        "agreed_ms": agreed[0].at_ms if agreed else "",
    }


# Questions ----------------------------------------------------------------------------------------


async def questions(event: LiveEvent) -> list[Line]:
    """All questions that were not erased, in the order of asking."""
    state, pace, lines = event.state, Pace(), []
    asked = [one for one in state.questions.by_id.values() if one.state != "erased"]
    names = await event.names_of({one.person for one in asked if not one.anonymous})
    for question in asked:
        lines.append(question_line(state, question, names.get(question.person, "")))
        await pace.breathe()
    return lines


def question_line(state: State, question: Question, author: str) -> Line:
    """Return a question with the votes for it and what counts for it; an anonymous one has no author."""
    return {
        "session": question.session,
        "title": _title(state, question.session),
        "question": question.id,
        "asked_ms": question.asked_ms,
        "state": question.state,
        "text": question.text,
        "author": "" if question.anonymous else author,
        "anonymous": question.anonymous,
        "votes": state.questions.tally(question) if question.merged_into is None else 0,
        "merged_into": question.merged_into or "",
        "reply": question.reply or "",
        "reason": question.reason or "",
        "original": question.original or "",
        "labels": list(question.labels),
    }


def _title(state: State, session: str) -> str:
    sheet, id = state.runsheet, SessionId(session)
    return sheet.plan(id).title if sheet is not None and id in sheet.sessions else ""


# Attendance ---------------------------------------------------------------------------------------


async def attendance(event: LiveEvent) -> list[Line]:
    """The whole event first, then each session of the schedule that had somebody."""
    samples, sheet = await read_samples(event), event.state.runsheet
    found: list[tuple[str, Attended | None]] = [
        ("", attended((one.at_ms, one.sockets) for one in samples))
    ]
    for plan in sheet.schedule.sessions if sheet is not None else ():
        counts = ((one.at_ms, one.sessions.get(plan.id, 0)) for one in samples)
        found.append((plan.id, attended(counts)))
    stayed = await _stayed(event)
    return [
        {
            "session": session,
            "title": _title(event.state, session),
            **msgspec.to_builtins(one),
            **_people_there(stayed.get(session, [])),
        }
        for session, one in found
        if one is not None
    ]


async def _stayed(event: LiveEvent) -> dict[str, list[tuple[PersonId, Stay]]]:
    """Return the stays of all who were not erased, by session."""
    book, pace = await read_book(event.log), Pace()
    found: dict[str, list[tuple[PersonId, Stay]]] = {}
    for person in book.people():
        if person not in event.state.people.erased:
            for stay in book.of(person):
                found.setdefault(stay.session, []).append((person, stay))
        await pace.breathe()
    return found


def _people_there(stayed: list[tuple[PersonId, Stay]]) -> Line:
    """Return how many people there were, once each, at most and on average at once."""
    told = attended(at_once([stay for _, stay in stayed]))
    return {
        "people": len({person for person, _ in stayed}),
        "people_peak": told.peak if told is not None else 0,
        "people_average": told.average if told is not None else 0.0,
    }


async def stays(event: LiveEvent) -> list[Line]:
    """Everybody's stays: at the event (`session` is ""), then at each session."""
    stayed, pace, lines = await _stayed(event), Pace(), []
    sheet = event.state.runsheet
    plans = sheet.schedule.sessions if sheet is not None else ()
    names = await event.names_of({person for some in stayed.values() for person, _ in some})
    for session in (EVENT, *(plan.id for plan in plans)):
        title = _title(event.state, session)
        for person, stay in sorted(stayed.get(session, []), key=lambda one: one[1].from_min):
            lines.append(
                {
                    "session": session,
                    "title": title,
                    "person": person,
                    "name": names[person],
                    "joined_ms": stay.from_min * MINUTE_MS,
                    "left_ms": stay.until_min * MINUTE_MS,
                    "minutes": stay.until_min - stay.from_min,
                }
            )
            await pace.breathe()
    return lines


STAFF: tuple[Role, ...] = ("producer", "ops")
EXPORTS = (
    Export(
        "registrations",
        ("person", "name", "registered_ms", "erased", "banned", "agreed", "agreed_ms"),
        STAFF,
        registrations,
    ),
    Export(
        "questions",
        (
            *("session", "title", "question", "asked_ms", "state", "text", "author", "anonymous"),
            *("votes", "merged_into", "reply", "reason", "original", "labels"),
        ),
        ("moderator", *STAFF),
        questions,
    ),
    Export(
        "attendance",
        (
            *("session", "title", "peak", "average", "minutes", "first_ms", "last_ms", "peak_ms"),
            *("people", "people_peak", "people_average"),
        ),
        STAFF,
        attendance,
    ),
    Export(
        "stays",
        ("session", "title", "person", "name", "joined_ms", "left_ms", "minutes"),
        STAFF,
        stays,
    ),
)


def register(app: web.Application) -> None:
    for export in EXPORTS:
        at = f"/api/v1/events/{{event}}/exports/{export.name}"
        app.router.add_get(f"{at}.json", export.as_json)
        app.router.add_get(f"{at}.csv", export.as_csv)
