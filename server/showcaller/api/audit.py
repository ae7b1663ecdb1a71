"""The audit and the staff's tokens, for producers and ops."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Iterator

import msgspec
from aiohttp import web
from msgspec import Struct

from ..domain.ids import PersonId
from ..domain.people import People, Role
from ..errors import BadInput
from ..http.answers import json_answer
from ..http.asker import principal, served
from ..show.audit import Note
from ..show.live_event import LiveEvent
from .exports import cell

MAX_LIMIT = 100_000


class KnownToken(Struct, frozen=True, kw_only=True):
    """A token that was used or given here. `revoked`: by itself, with all of the person's, or by a ban."""

    token: str
    person: str
    name: str
    roles: tuple[Role, ...]
    sessions: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    seen_ms: int
    expires_at_ms: int
    revoked: bool


async def list_tokens(request: web.Request) -> web.Response:
    """The staff's tokens, newest first; with `?person=` those of one person, an attendee's as well.

    Beside them stand the links for guests that nobody has used yet.
    """
    event = await _event(request)
    people, person = event.state.people, request.query.get("person")
    renewed = [note for note in await event.audit.read(()) if note.expires_at_ms]
    found = list(_staff_tokens(people, renewed, person))
    if person:
        found += _attendee_tokens(people, renewed, person, {one.token for one in found})
    names = await event.names_of(PersonId(one.person) for one in found)
    named = [msgspec.structs.replace(one, name=names[PersonId(one.person)]) for one in found]
    named.sort(key=lambda one: one.seen_ms, reverse=True)
    waiting = [one for one in people.guests.values() if one.expires_at_ms > event.wall_ms()]
    guests = [] if person else waiting[::-1]
    return json_answer({"tokens": named, "guests": guests}, Cache_Control="no-store")


def _staff_tokens(
    people: People, renewed: Iterable[Note], person: str | None
) -> Iterator[KnownToken]:
    latest_ms: dict[str, int] = {}
    for note in renewed:
        latest_ms[note.token] = max(note.expires_at_ms, latest_ms.get(note.token, 0))
    for holder, tokens in people.staff.items():
        for one in tokens if person in (None, holder) else ():
            yield KnownToken(
                token=one.token,
                person=holder,
                name="",
                roles=one.roles,
                sessions=one.sessions,
                stages=one.stages,
                seen_ms=one.seen_ms,
                expires_at_ms=max(one.expires_at_ms, latest_ms.get(one.token, 0)),
                revoked=holder in people.banned or people.is_revoked(holder, one),
            )


def _attendee_tokens(
    people: People, given: Iterable[Note], person: str, known: set[str]
) -> Iterator[KnownToken]:
    for note in given:  # newest first
        if note.person == person and note.token not in known:
            known.add(note.token)
            id = PersonId(person)
            yield KnownToken(
                token=note.token,
                person=person,
                name="",
                roles=("attendee",),
                seen_ms=note.at_ms,
                expires_at_ms=note.expires_at_ms,
                revoked=id in people.banned
                or note.token in people.revoked
                or people.is_signed_out(id, note.at_ms),
            )


async def audit_json(request: web.Request) -> web.Response:
    """`{"event", "entries": […Note]}`, newest first; with `?limit=` so many of them."""
    entries = await _entries(request)
    value = {"event": request.match_info["event"], "entries": entries}
    body = await asyncio.to_thread(msgspec.json.encode, value)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


async def audit_csv(request: web.Request) -> web.Response:
    """The same as a table (RFC 4180)."""
    entries = await _entries(request)
    return web.Response(
        text=await asyncio.to_thread(as_table, entries),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="audit.csv"',
            "Cache-Control": "no-store",
        },
    )


async def _entries(request: web.Request) -> list[Note]:
    event = await _event(request)
    limit = request.query.get("limit", str(MAX_LIMIT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= MAX_LIMIT):
        raise BadInput(f"a limit goes from 1 to {MAX_LIMIT}", field="limit")
    return (await event.audit.read(event.state.people.acts))[: int(limit)]


def as_table(entries: Iterable[Note]) -> str:
    """Return a line for each entry, under a heading; roles are separated by blanks."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    fields = Note.__struct_fields__
    table.writerow(fields)
    for entry in entries:
        values = msgspec.structs.asdict(entry) | {"roles": " ".join(entry.roles)}
        table.writerow([cell(values[name]) for name in fields])
    return text.getvalue()


async def _event(request: web.Request) -> LiveEvent:
    """Return the event once it knows who asks: their own token is in what they are told."""
    who, event = principal(request, "producer", "ops"), served(request).event
    await event.try_to_note_staff(who)
    return event


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/tokens", list_tokens)
    app.router.add_get("/api/v1/events/{event}/exports/audit.json", audit_json)
    app.router.add_get("/api/v1/events/{event}/exports/audit.csv", audit_csv)
