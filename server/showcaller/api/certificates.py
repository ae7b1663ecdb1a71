"""Certificates of attendance: one's own, and the check of anybody's."""

from __future__ import annotations

from aiohttp import web

from ..domain.certificates import attended, is_over, spans_of
from ..domain.ids import PersonId
from ..errors import NotFound
from ..http.answers import json_answer
from ..http.asker import principal, served
from ..show.certificate_codes import Certified, certificate_code, certified_by
from ..show.live_event import LiveEvent
from ..show.stays import read_stays

DAY_MS = 24 * 3_600_000


async def show_own(request: web.Request) -> web.Response:
    """Answer with what somebody has attended, and with a certificate if that is enough."""
    found = await own_certificate(served(request).event, principal(request).person)
    return json_answer(found, Cache_Control="no-store")


async def own_certificate(event: LiveEvent, person: PersonId) -> dict[str, object]:
    """Return what the person has attended. Raises `NotFound` where there are no certificates."""
    sheet, now_ms = event.state.runsheet, int(event.wall_ms())
    policy = sheet.schedule.certificate if sheet is not None else None
    if sheet is None or policy is None:
        raise NotFound("this event offers no certificate of attendance", code="no_certificate")
    stays = await read_stays(event.log, person)
    found, over = attended(stays, spans_of(sheet, now_ms)), is_over(sheet)
    earned = found.is_enough(policy, over=over) and person not in event.state.people.erased
    # By the day, so that printing it again gives the same code.
    certified = Certified(person, found.minutes, found.of_minutes, now_ms // DAY_MS * DAY_MS)
    return {
        "state": "earned" if earned else "missed" if over else "to_come",
        "minutes": found.minutes,
        "of_minutes": found.of_minutes,
        "min_minutes": policy.min_minutes,
        "min_percent": policy.min_percent,
        "code": certificate_code(event.state, certified) if earned else "",
    }


async def check(request: web.Request) -> web.Response:
    """Answer with what the code on a certificate certifies, for whoever holds it."""
    event = served(request).event
    certified = certified_by(event.state, request.match_info["code"])
    if certified is None:
        raise NotFound("this is no certificate of this event", code="no_certificate")
    names = await event.names_of([certified.person])
    return json_answer(
        {
            "event": event.event_id,
            "name": names[certified.person],
            "minutes": certified.minutes,
            "of_minutes": certified.of_minutes,
            "issued_ms": certified.issued_ms,
        },
        Cache_Control="no-store",
    )


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/certificate", show_own)
    app.router.add_get("/api/v1/events/{event}/certificates/{code}", check)
