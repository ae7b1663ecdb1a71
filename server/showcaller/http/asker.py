"""The event that a request is about, the person who asks, and where from."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ..domain.people import Principal, Role
from ..errors import Forbidden, NotFound
from ..show.served import ServedEvent
from .addresses import client_address

Lookup = Callable[[str], ServedEvent | None]

LOOKUP: web.AppKey[Lookup] = web.AppKey("lookup")
BEHIND_PROXY: web.AppKey[bool] = web.AppKey("behind a proxy")


def address(request: web.Request) -> str:
    """Return the address that the request is counted under."""
    forwarded = request.headers.getall("X-Forwarded-For", ())
    behind_proxy = request.app.get(BEHIND_PROXY, False)
    return client_address(request.remote, forwarded, behind_proxy=behind_proxy)


def served(request: web.Request) -> ServedEvent:
    """Return the event that the path names. Raises `NotFound`."""
    event_id = request.match_info["event"]
    found = request.app[LOOKUP](event_id)
    if found is None:
        raise NotFound(f"there is no event {event_id!r} here")
    return found


def principal(request: web.Request, *roles: Role) -> Principal:
    """Return who asks; with `roles`, somebody who has one of them. Raises 401 and 403 errors."""
    authorization = request.headers.get("Authorization")
    who = served(request).authenticate_header(authorization, address(request))
    if roles and not who.has(*roles):
        raise Forbidden(f"this takes one of the roles {', '.join(roles)}")
    return who
