"""Reports of how the event's talks came across: as JSON and as a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

import msgspec
from aiohttp import web

from ..domain.ids import SessionId
from ..domain.quality import TalkQuality
from ..domain.runsheet import RunSheet
from ..http.asker import principal, served
from ..pace import Pace
from .agenda import MADE
from .prepared import Prepared, prepare, prepared_answer

# Also behind blanks, and as written in East Asia: some programs take these for the same.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
LAYERS = ("high", "medium", "low", "none")
_FOR_THE_STAFF = {"Cache-Control": "private, no-cache"}

Talk = dict[str, Any]


async def quality_json(request: web.Request) -> web.Response:
    """`{"event", "talks": [{"session", "title", "stage", …TalkQuality}]}`."""
    event = request.match_info["event"]

    def encode(talks: list[Talk]) -> bytes:
        return msgspec.json.encode({"event": event, "talks": talks})

    prepared = await _prepared(request, "quality.json", encode)
    return prepared_answer(
        request, prepared, content_type="application/json", headers=_FOR_THE_STAFF
    )


async def quality_csv(request: web.Request) -> web.Response:
    """The same as a table (RFC 4180), seconds by layer in a column each."""
    prepared = await _prepared(request, "quality.csv", lambda talks: as_table(talks).encode())
    return prepared_answer(
        request,
        prepared,
        content_type="text/csv",
        charset="utf-8",
        headers={**_FOR_THE_STAFF, "Content-Disposition": 'attachment; filename="quality.csv"'},
    )


async def _prepared(
    request: web.Request, name: str, encode: Callable[[list[Talk]], bytes]
) -> Prepared:
    """Return a report, made anew once what it tells has changed."""
    principal(request, "producer", "ops")
    event, made = served(request).event, request.app[MADE]
    sheet = event.state.runsheet
    key, version = (name, event.event_id), _version(sheet)
    talks = [] if made.has(key, version) else await _talks(sheet)
    return await made.get(key, version, lambda: prepare(encode(talks)))


def _version(sheet: RunSheet | None) -> Hashable:
    """Return what differs whenever a report does."""
    if sheet is None:
        return None
    runs = ((sheet.sessions.get(session), quality) for session, quality in sheet.quality.items())
    times = (
        (quality, run.actual_start_ms, run.actual_end_ms) if run is not None else (quality,)
        for run, quality in runs
    )
    return sheet.revision, tuple(times)


async def _talks(sheet: RunSheet | None) -> list[Talk]:
    pace, talks = Pace(), []
    for talk in measured_talks(sheet):
        talks.append(talk)
        await pace.breathe()
    return talks


def measured_talks(sheet: RunSheet | None) -> Iterator[Talk]:
    """Every session that was measured, in the order of the schedule; those that left it come last."""
    if sheet is None:
        return
    plans = {plan.id: plan for plan in sheet.schedule.sessions}
    for session in (*plans, *(id for id in sheet.quality if id not in plans)):
        if (quality := sheet.quality.get(session)) is not None:
            yield {**_about(sheet, session), **msgspec.to_builtins(quality)}


def _about(sheet: RunSheet, session: SessionId) -> Talk:
    run = sheet.sessions.get(session)
    plan = sheet.plan(session) if run is not None else None
    return {
        "session": session,
        "title": plan.title if plan is not None else "",
        "stage": plan.stage if plan is not None else "",
        "start_ms": run.actual_start_ms if run is not None else None,  # show time
        "end_ms": run.actual_end_ms if run is not None else None,
    }


def as_table(talks: Iterable[Talk]) -> str:
    """Return a line for each talk, under a heading; nothing known is an empty cell."""
    about = ("session", "title", "stage", "start_ms", "end_ms")
    measured = [name for name in TalkQuality.__struct_fields__ if name != "layer_s"]
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow([*about, *measured, *(f"layer_{layer}_s" for layer in LAYERS)])
    for talk in talks:
        layers = (talk["layer_s"].get(layer, 0) for layer in LAYERS)
        table.writerow([*(cell(talk[name]) for name in (*about, *measured)), *layers])
    return text.getvalue()


def cell(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/exports/quality.json", quality_json)
    app.router.add_get("/api/v1/events/{event}/exports/quality.csv", quality_csv)
