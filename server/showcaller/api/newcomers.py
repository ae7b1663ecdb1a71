"""Whom a node with too much to do sends away for a moment."""

from __future__ import annotations

import re
from collections.abc import Callable

from aiohttp import web

from ..errors import Unavailable
from ..http.answers import Handler, problem_answer

Overload = Callable[[], Unavailable | None]  # what newcomers are told; None: they are served

OVERLOAD: web.AppKey[Overload] = web.AppKey("overload")

# Supervisors, people who are in, and the staff; the live endpoint sends away by itself.
_NEVER_REFUSED = re.compile(
    r"/(healthz|readyz|metrics|api/v1/events/[^/]+/(live|tokens|commands/[^/]+|sessions/[^/]+/whip)/?"
    r"|e/[^/]+/(speak/[^/]+|moderate|produce)|(assets|sdk)/.+)"
)
_TO_WHAT_ONE_HAS = frozenset({"PATCH", "DELETE"})  # media resources


@web.middleware
async def newcomers_later(request: web.Request, handler: Handler) -> web.StreamResponse:
    """While there is too much to do, answer newcomers with 503 and a moment of their own to come back."""
    if request.method in _TO_WHAT_ONE_HAS or _NEVER_REFUSED.fullmatch(request.path):
        return await handler(request)
    overload = request.app[OVERLOAD]()
    if overload is None:
        return await handler(request)
    answer = problem_answer(overload)
    answer.force_close()
    return answer
