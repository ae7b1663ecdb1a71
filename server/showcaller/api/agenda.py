"""The agenda for everybody: which events there are, and each one's items as channel `agenda` has them."""

from __future__ import annotations

import re

from aiohttp import web
from msgspec import Struct

from .. import system
from ..domain.schedule import UtcOffset
from ..errors import BadInput
from ..http.answers import json_answer
from ..http.asker import served
from ..show.served import ServedEvent
from ..show.views import ClockView, EventView, SessionView
from .calendar import agenda_ics

EVENTS: web.AppKey[dict[str, ServedEvent]] = web.AppKey("events")
PUBLIC_URL: web.AppKey[str] = web.AppKey("public_url")
_HOST = re.compile(r"[\w.~-]+(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?", re.ASCII | re.IGNORECASE)


class ListedEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as a list of events shows it; only id and title while its log is still folded."""

    id: str
    title: str
    summary: str = ""
    time_zone: str = ""
    time_zone_label: str = ""
    starts_at_ms: int | None = None
    ends_at_ms: int | None = None
    utc_offsets: tuple[UtcOffset, ...] = ()
    clock: ClockView | None = None
    live: int = 0  # sessions that are on


async def list_events(request: web.Request) -> web.Response:
    found = [_listed(event_id, one) for event_id, one in request.app[EVENTS].items()]
    return json_answer({"events": found}, Access_Control_Allow_Origin="*")


def _listed(event_id: str, one: ServedEvent) -> ListedEvent:
    items = one.event.channels.snapshot("agenda").items
    event, clock = items.get("event"), items.get("clock")
    if not isinstance(event, EventView) or not isinstance(clock, ClockView):
        return ListedEvent(id=event_id, title=event_id)
    sessions = (item for item in items.values() if isinstance(item, SessionView))
    return ListedEvent(
        id=event_id,
        title=event.title,
        summary=event.summary,
        time_zone=event.time_zone,
        time_zone_label=event.time_zone_label,
        starts_at_ms=event.starts_at_ms,
        ends_at_ms=event.ends_at_ms,
        utc_offsets=event.utc_offsets,
        clock=clock,
        live=sum(session.state in ("live", "overrunning") for session in sessions),
    )


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
    """Return where the client reached us. Raises `BadInput` (RFC 9112 §3.2) if that can't be an address."""
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
