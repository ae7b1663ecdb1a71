"""The event that a request is about, and the person who asks."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ..domain.people import Principal, Role
from ..errors import Forbidden, NotFound
from ..show.served import ServedEvent

Lookup = Callable[[str], ServedEvent | None]

LOOKUP: web.AppKey[Lookup] = web.AppKey("lookup")


def served(request: web.Request) -> ServedEvent:
    """Return the event that the path names. Raises `NotFound`."""
    event_id = request.match_info["event"]
    found = request.app[LOOKUP](event_id)
    if found is None:
        raise NotFound(f"there is no event {event_id!r} here")
    return found


def principal(request: web.Request, *roles: Role) -> Principal:
    """Return who asks; with `roles`, somebody who has one of them. Raises 401 and 403 errors."""
    who = served(request).authenticate_header(request.headers.get("Authorization"))
    if roles and not who.has(*roles):
        raise Forbidden(f"this takes one of the roles {', '.join(roles)}")
    return who
