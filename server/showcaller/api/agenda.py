"""The agenda for everybody: which events there are, and each one's items as channel `agenda` has them."""

from __future__ import annotations

import re

from aiohttp import web

from .. import system
from ..errors import BadInput
from ..http.answers import json_answer
from ..http.asker import served
from ..show.served import ServedEvent
from .calendar import agenda_ics

EVENTS: web.AppKey[dict[str, ServedEvent]] = web.AppKey("events")
PUBLIC_URL: web.AppKey[str] = web.AppKey("public_url")
_HOST = re.compile(r"[\w.~-]+(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?", re.ASCII | re.IGNORECASE)


async def list_events(request: web.Request) -> web.Response:
    found = []
    for event_id, one in request.app[EVENTS].items():
        item = one.event.channels.snapshot("agenda").items.get("event")
        found.append({"id": event_id, "title": item.title if item else event_id})
    return json_answer({"events": found}, Access_Control_Allow_Origin="*")


async def get_agenda(request: web.Request) -> web.StreamResponse:
    """The newest agenda; its ETag is the position that it was folded to."""
    snapshot = served(request).event.channels.snapshot("agenda")
    etag = f"{snapshot.epoch}-{snapshot.offset}"
    if any(known.value == etag for known in request.if_none_match or ()):
        return web.Response(status=304, headers={"ETag": f'"{etag}"'})
    answer = json_answer(
        {"epoch": snapshot.epoch, "offset": snapshot.offset, "items": snapshot.items},
        Access_Control_Allow_Origin="*",
        Cache_Control="no-cache",
    )
    answer.etag = etag
    return answer


def _asked_url(request: web.Request) -> str:
    """Where the client reached us. Raises `BadInput` (RFC 9112 §3.2) if that can't be an address."""
    if not _HOST.fullmatch(request.host):
        raise BadInput("Host is malformed", field="Host")
    return f"{request.scheme}://{request.host}"


async def get_calendar(request: web.Request) -> web.Response:
    event = served(request).event
    snapshot = event.channels.snapshot("agenda")
    base_url = request.app[PUBLIC_URL] or _asked_url(request)
    revision = snapshot.offset
    text = agenda_ics(snapshot.items, base_url=base_url, now_ms=system.wall_ms(), revision=revision)
    return web.Response(
        body=text,
        content_type="text/calendar",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{event.event_id}.ics"'},
    )


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events", list_events)
    app.router.add_get("/api/v1/events/{event}", get_agenda)
    app.router.add_get("/api/v1/events/{event}/agenda.ics", get_calendar)
