"""The agenda for everybody: which events there are, and each one's items as channel `agenda` has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from .. import limit_log, system
from ..domain.calendar_marks import CalendarMark
from ..domain.ids import EventId, SessionId
from ..domain.schedule import Brand, Day, UtcOffset
from ..errors import BadInput, NotFound, RateLimited
from ..http.asker import address, served
from ..protocol.messages import Snapshot
from ..rates import Meters, Rate
from ..show.calendar_links import person_of_code
from ..show.live_event import LiveEvent
from ..show.served import ServedEvent
from ..show.views import ClockView, EventView, SessionView
from .calendar import agenda_ics
from .prepared import MadeOnce, Prepared, digest, prepare, prepared_answer

EVENTS: web.AppKey[dict[str, ServedEvent]] = web.AppKey("events")
PUBLIC_URL: web.AppKey[str] = web.AppKey("public_url")
MADE: web.AppKey[MadeOnce] = web.AppKey("made once")
# Apart, since they name the host that was asked for: made-up ones neither hold up nor push out the others.
CALENDARS: web.AppKey[MadeOnce] = web.AppKey("calendars made once")
OWN_CALENDARS: web.AppKey[MadeOnce] = web.AppKey("people's own calendars")
_FOR_EVERYBODY = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
# Of calendars that have to be made, by the address that asks: with each name of ours that somebody thinks
# up there is one.
MADE_FOR_ADDRESS = Rate(burst=5, per_s=0.2)
_MAKERS: web.AppKey[Meters[str]] = web.AppKey("calendars made for addresses")
OWN_KEPT = 1_000  # people's own calendars; few sessions each, so many may wait to be made
MAX_HOST_CHARS = 255  # of a name (RFC 1035 §2.3.4); a calendar repeats it in every entry
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
    days: tuple[Day, ...] = ()
    clock: ClockView | None = None
    live: int = 0  # sessions that are on, but for breaks
    brand: Brand = Brand()


async def list_events(request: web.Request) -> web.StreamResponse:
    app, events = request.app, _events(request.app)
    agendas = {event.event_id: event.channels.snapshot("agenda").items for event in events}
    version = _versions(events)
    prepared = await request.app[MADE].get("events", version, partial(_list, agendas))
    return prepared_answer(
        request,
        prepared,
        content_type="application/json",
        headers=_FOR_EVERYBODY,
        holds=lambda: _versions(_events(app)) == version,
    )


def _events(app: web.Application) -> list[LiveEvent]:
    return [one.event for one in app[EVENTS].values()]


def _versions(events: list[LiveEvent]) -> tuple[tuple[str, str, int], ...]:
    return tuple((event.event_id, *_version(event)) for event in events)


def _list(agendas: Mapping[EventId, Mapping[str, Any]]) -> Prepared:
    found = [_listed(event_id, items) for event_id, items in agendas.items()]
    return prepare(msgspec.json.encode({"events": found}))


def _listed(event_id: str, items: Mapping[str, Any]) -> ListedEvent:
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
        days=event.days,
        clock=clock,
        brand=event.brand,
        live=sum(_is_live(session) for session in sessions),
    )


def _is_live(session: SessionView) -> bool:
    return session.state in ("live", "overrunning") and session.kind != "break"


async def get_agenda(request: web.Request) -> web.StreamResponse:
    """Answer with the agenda as of its newest change; the ETag is of its items."""
    event = served(request).event
    version, snapshot = _version(event), event.channels.snapshot("agenda")
    prepared = await request.app[MADE].get(
        ("agenda", event.event_id), version, partial(_encoded, snapshot)
    )
    return prepared_answer(
        request,
        prepared,
        content_type="application/json",
        headers=_FOR_EVERYBODY,
        holds=lambda: _version(event) == version,
    )


async def get_speaker(request: web.Request) -> web.StreamResponse:
    """Answer with all that the schedule says of a speaker. Raises `NotFound`."""
    sheet = served(request).event.state.runsheet
    wanted = request.match_info["speaker"]
    speakers = sheet.speakers if sheet is not None else ()
    found = next((one for one in speakers if one.id == wanted), None)
    if found is None:
        raise NotFound("there is no such speaker: the agenda names all of them")
    prepared = prepare(msgspec.json.encode(found))
    return prepared_answer(
        request, prepared, content_type="application/json", headers=_FOR_EVERYBODY
    )


def _version(event: LiveEvent) -> tuple[str, int]:
    """Return what differs in this process whenever the channel `agenda` does."""
    return event.epoch, event.channels.head("agenda").head


def _encoded(snapshot: Snapshot) -> Prepared:
    items = msgspec.json.encode(snapshot.items)
    value = {"epoch": snapshot.epoch, "offset": snapshot.offset, "items": msgspec.Raw(items)}
    return prepare(msgspec.json.encode(value), digest(snapshot.epoch.encode(), items))


def base_url(request: web.Request) -> str:
    """Return this server's address as links have it: the public one, else the one that was asked at.

    Raises `BadInput` (RFC 9112 §3.2) if that can't be one.
    """
    if public := request.app[PUBLIC_URL]:
        return public
    if len(request.host) > MAX_HOST_CHARS or not _HOST.fullmatch(request.host):
        raise BadInput("Host is malformed", field="Host")
    return f"{request.scheme}://{request.host}"


async def get_calendar(request: web.Request) -> web.StreamResponse:
    """Answer with the same as a calendar."""
    event = served(request).event
    here = base_url(request)
    sheet = event.state.runsheet
    make = partial(
        _calendar,
        event.channels.snapshot("agenda").items,
        dict(sheet.calendar_marks) if sheet is not None else {},
        base_url=here,
    )
    key, version = (event.event_id, here), _version(event)
    if not request.app[CALENDARS].has(key, version):
        _pay_for_calendar(request)
    return prepared_answer(
        request,
        await request.app[CALENDARS].get(key, version, make),
        content_type="text/calendar",
        charset="utf-8",
        headers=_calendar_headers(event.event_id),
        holds=lambda: _version(event) == version,
    )


def _calendar_headers(name: str) -> dict[str, str]:
    return {
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{name}.ics"',
    }


async def get_own_calendar(request: web.Request) -> web.StreamResponse:
    """Answer with the favourites of whoever the address belongs to, as a calendar that only they keep."""
    event = served(request).event
    state = event.state
    person = person_of_code(state, request.match_info["code"])
    if person is None or state.runsheet is None:
        raise NotFound("there is no such calendar any more: copy its link anew from the agenda")
    favourites, here = frozenset(state.favourites.of(person)), base_url(request)
    make = partial(
        _calendar,
        event.channels.snapshot("agenda").items,
        dict(state.runsheet.calendar_marks),
        base_url=here,
        favourites=favourites,
    )
    key, version = (event.event_id, here, person), (*_version(event), favourites)
    return prepared_answer(
        request,
        await request.app[OWN_CALENDARS].get(key, version, make),
        content_type="text/calendar",
        charset="utf-8",
        headers=_calendar_headers(f"my-{event.event_id}") | {"Cache-Control": "private, no-cache"},
    )


def _pay_for_calendar(request: web.Request) -> None:
    """Raise `RateLimited` for an address that has had many calendars made."""
    wait_s = request.app[_MAKERS].take(address(request), system.monotonic_s())
    if wait_s:
        limit_log.note("requests", address(request))
        raise RateLimited("too many calendars were asked for", retry_after_s=wait_s)


def _calendar(
    items: Mapping[str, Any], marks: Mapping[SessionId, CalendarMark], **more: Any
) -> Prepared:
    return prepare(agenda_ics(items, marks, **more))


async def _close(app: web.Application) -> None:
    app[MADE].close()
    app[CALENDARS].close()
    app[OWN_CALENDARS].close()


def register(app: web.Application) -> None:
    app[MADE], app[CALENDARS] = MadeOnce(), MadeOnce()
    app[OWN_CALENDARS] = MadeOnce(kept=OWN_KEPT, most_waiting=OWN_KEPT)
    app[_MAKERS] = Meters(MADE_FOR_ADDRESS)
    app.on_cleanup.append(_close)
    app.router.add_get("/api/v1/events", list_events)
    app.router.add_get("/api/v1/events/{event}", get_agenda)
    app.router.add_get("/api/v1/events/{event}/agenda.ics", get_calendar)
    app.router.add_get("/api/v1/events/{event}/speakers/{speaker}", get_speaker)
    app.router.add_get("/api/v1/events/{event}/calendars/{code}.ics", get_own_calendar)
