"""Reports of how the event's talks came across: as JSON and as a table."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from aiohttp import web

from ..domain.ids import SessionId
from ..domain.quality import TalkQuality
from ..domain.runsheet import RunSheet
from ..http.asker import principal, served
from ..pace import Pace

# Also behind blanks, and as written in East Asia: some programs take these for the same.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
LAYERS = ("high", "medium", "low", "none")


async def quality_json(request: web.Request) -> web.Response:
    """`{"event", "talks": [{"session", "title", "stage", …TalkQuality}]}`."""
    value = {"event": request.match_info["event"], "talks": await _talks(_sheet(request))}
    body = await asyncio.to_thread(msgspec.json.encode, value)
    return web.Response(body=body, content_type="application/json")


async def quality_csv(request: web.Request) -> web.Response:
    """The same as a table (RFC 4180), seconds by layer in a column each."""
    talks = await _talks(_sheet(request))
    return web.Response(
        text=await asyncio.to_thread(as_table, talks),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="quality.csv"'},
    )


def _sheet(request: web.Request) -> RunSheet | None:
    principal(request, "producer", "ops")
    return served(request).event.state.runsheet


async def _talks(sheet: RunSheet | None) -> list[dict[str, Any]]:
    pace, talks = Pace(), []
    for talk in measured_talks(sheet):
        talks.append(talk)
        await pace.breathe()
    return talks


def measured_talks(sheet: RunSheet | None) -> Iterator[dict[str, Any]]:
    """Every session that was measured, in the order of the schedule; those that left it come last."""
    if sheet is None:
        return
    plans = {plan.id: plan for plan in sheet.schedule.sessions}
    for session in (*plans, *(id for id in sheet.quality if id not in plans)):
        if (quality := sheet.quality.get(session)) is not None:
            yield {**_about(sheet, session), **msgspec.to_builtins(quality)}


def _about(sheet: RunSheet, session: SessionId) -> dict[str, Any]:
    run = sheet.sessions.get(session)
    plan = sheet.plan(session) if run is not None else None
    return {
        "session": session,
        "title": plan.title if plan is not None else "",
        "stage": plan.stage if plan is not None else "",
        "start_ms": run.actual_start_ms if run is not None else None,  # show time
        "end_ms": run.actual_end_ms if run is not None else None,
    }


def as_table(talks: Iterable[dict[str, Any]]) -> str:
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
