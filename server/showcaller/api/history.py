"""The history of what moderators and producers did: searched and filtered, as JSON and as a table."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from ..domain.ids import PersonId, SessionId
from ..domain.state import State
from ..errors import BadInput
from ..http.asker import principal, served
from ..show.history import HistoryEntry, may_see
from ..show.live_event import LiveEvent
from .exports import cell

MAX_LIMIT = 100_000
COLUMNS = (
    "time", "at_ms", "what", "by", "name", "session", "title", "kind", "subject", "about", "details",
    "refused",
)  # fmt: skip

Line = dict[str, Any]


class Wanted(NamedTuple):
    """The filters of a request; "" is none."""

    session: str = ""
    by: str = ""
    what: str = ""  # a fact's name, or the part before its dot
    words: tuple[str, ...] = ()  # each stands somewhere in the line
    before: int = 0  # the offset of the oldest line that is known already; 0: from the newest on
    limit: int = MAX_LIMIT

    def takes(self, entry: HistoryEntry) -> bool:
        return (
            (not self.session or entry.session == self.session)
            and (not self.by or entry.by == self.by)
            and (not self.what or self.what in (entry.what, entry.what.partition(".")[0]))
            and (not self.before or entry.offset < self.before)
        )


async def history_json(request: web.Request) -> web.Response:
    """`{"event", "entries": [{…}], "more"}`, newest first."""
    lines, more = await _lines(request)
    value = {"event": request.match_info["event"], "entries": lines, "more": more}
    body = await asyncio.to_thread(msgspec.json.encode, value)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


async def history_csv(request: web.Request) -> web.Response:
    """The same as a table (RFC 4180)."""
    lines, _ = await _lines(request)
    return web.Response(
        text=await asyncio.to_thread(as_table, lines),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="history.csv"',
            "Cache-Control": "no-store",
        },
    )


async def _lines(request: web.Request) -> tuple[list[Line], bool]:
    """Return what the person who asks may see and wants, and whether there is more before it."""
    who = principal(request, "moderator", "producer", "ops", "stage_manager")
    event, wanted = served(request).event, _wanted(request.query)
    entries = await event.history.read(event.state, event.epoch)
    allowed = [
        one
        for one in entries
        if wanted.takes(one) and may_see(who, one, event.stage_of(one.session or ""))
    ]
    if not wanted.words:
        return await _named(event, allowed[: wanted.limit]), len(allowed) > wanted.limit
    lines = [one for one in await _named(event, allowed) if _has(one, wanted.words)]
    return lines[: wanted.limit], len(lines) > wanted.limit


def _wanted(query: Mapping[str, str]) -> Wanted:
    words = tuple(query.get("q", "").casefold().split())
    return Wanted(
        session=query.get("session", ""),
        by=query.get("by", ""),
        what=query.get("what", ""),
        words=words,
        before=_number(query, "before", 0, 10**15, default=0),
        limit=_number(query, "limit", 1, MAX_LIMIT, default=MAX_LIMIT),
    )


def _number(query: Mapping[str, str], field: str, least: int, most: int, *, default: int) -> int:
    text = query.get(field, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise BadInput(f"{field} goes from {least} to {most}", field=field)
    return int(text)


async def _named(event: LiveEvent, entries: list[HistoryEntry]) -> list[Line]:
    people = {one.by for one in entries}
    people |= {PersonId(one.subject) for one in entries if one.kind == "person"}
    names = await event.names_of(people)
    return [line_of(event.state, one, names) for one in entries]


def line_of(state: State, entry: HistoryEntry, names: Mapping[PersonId, str]) -> Line:
    """Return the entry with the names and texts of now: what was erased since is gone here, too."""
    return {
        "offset": entry.offset,
        "at_ms": entry.at_ms,
        "what": entry.what,
        "by": entry.by,
        "name": names.get(entry.by, ""),
        "session": entry.session,
        "title": _title(state, entry.session),
        "kind": entry.kind,
        "subject": entry.subject,
        "about": _about(state, entry, names),
        "details": entry.details,
        "refused": entry.refused,
    }


def _title(state: State, session: SessionId | None) -> str:
    sheet = state.runsheet
    if sheet is None or session not in sheet.sessions:
        return ""
    return sheet.plan(session).title


def _about(state: State, entry: HistoryEntry, names: Mapping[PersonId, str]) -> str:
    """Return the words by which people know the subject."""
    if entry.kind == "person":
        return names.get(PersonId(entry.subject), "")
    if entry.kind == "question" and (question := state.questions.get(entry.subject)):
        return question.text
    if entry.kind == "poll" and (poll := state.polls.get(entry.subject)):
        return poll.draft.text
    if entry.kind == "announcement" and (said := state.announcements.get(entry.subject)):
        return said.text
    if entry.kind == "item" and state.runsheet is not None:
        item = state.check_list.get(entry.subject, state.runsheet)
        return item.text if item is not None else ""
    if entry.kind == "speaker" and state.runsheet is not None:
        return next((one.name for one in state.runsheet.speakers if one.id == entry.subject), "")
    return ""


def _has(line: Line, words: Iterable[str]) -> bool:
    """Tell whether each of `words` stands somewhere in what people read of the line."""
    read = ("what", "name", "title", "about", "by", "session", "subject")
    text = " ".join([*(str(line[name] or "") for name in read), _details_text(line)]).casefold()
    return all(word in text for word in words)


def _details_text(line: Line) -> str:
    return " ".join(f"{name}={value}" for name, value in line["details"].items())


def as_table(lines: Iterable[Line]) -> str:
    """Return a line for each act, under a heading; times are UTC."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for line in lines:
        time = datetime.fromtimestamp(line["at_ms"] / 1000, UTC).isoformat(timespec="seconds")
        values = line | {"time": time, "details": _details_text(line)}
        table.writerow([cell(values[name]) for name in COLUMNS])
    return text.getvalue()


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/exports/history.json", history_json)
    app.router.add_get("/api/v1/events/{event}/exports/history.csv", history_csv)
