"""The ratings of each session, as JSON and as a table: stars and comments, without names."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from ..domain.feedback import MOST_STARS, SessionFeedback
from ..domain.ids import SessionId
from ..domain.state import State
from ..http.asker import principal, served
from ..pace import Pace
from .exports import cell

COLUMNS = ("session", "title", "ratings", "mean", *(f"stars_{n}" for n in range(1, 6)), "comments")

Result = dict[str, Any]


async def feedback_json(request: web.Request) -> web.Response:
    """`{"event", "sessions": [{"session", "title", "ratings", "mean", "stars": […], "comments": […]}]}`."""
    value = {"event": request.match_info["event"], "sessions": await _results(request)}
    body = await asyncio.to_thread(msgspec.json.encode, value)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


async def feedback_csv(request: web.Request) -> web.Response:
    """A line for each session (RFC 4180)."""
    return web.Response(
        text=await asyncio.to_thread(table_of, await _results(request)),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="feedback.csv"',
            "Cache-Control": "no-store",
        },
    )


async def _results(request: web.Request) -> list[Result]:
    principal(request, "producer", "ops")
    state, pace, found = served(request).event.state, Pace(), []
    for session, here in list(state.feedback.by_session.items()):
        found.append(result_of(state, session, here))
        await pace.breathe()
    return found


def result_of(state: State, session: SessionId, here: SessionFeedback) -> Result:
    """Return what people thought of one session; `mean` is None while nobody has rated it."""
    sheet, ratings = state.runsheet, sum(here.tally)
    known = sheet is not None and session in sheet.sessions
    total = sum(stars * count for stars, count in enumerate(here.tally, start=1))
    return {
        "session": session,
        "title": sheet.plan(session).title if sheet is not None and known else "",
        "ratings": ratings,
        "mean": round(total / ratings, 2) if ratings else None,
        "stars": list(here.tally),
        "comments": [
            {"stars": here.stars.get(person, 0), "text": said.text, "said_ms": said.said_ms}
            for person, said in here.comments.items()
        ],
    }


def table_of(results: Iterable[Result]) -> str:
    """Return a line for each session, under a heading; its comments are one cell."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for result in results:
        said = "\n".join(
            f"{one['stars']}/{MOST_STARS}: {one['text']}" for one in result["comments"]
        )
        line = [result[name] for name in COLUMNS[:4]]
        table.writerow([cell(value) for value in (*line, *result["stars"], said)])
    return text.getvalue()


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/exports/feedback.json", feedback_json)
    app.router.add_get("/api/v1/events/{event}/exports/feedback.csv", feedback_csv)
