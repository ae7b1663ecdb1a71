"""Whom a node with too much to do sends away for a moment."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from ..errors import Unavailable
from ..http.answers import Handler, problem_answer
from ..http.asker import address

Overload = Callable[[], Unavailable | None]  # what newcomers are told; None: they are served


class Turn(Protocol):
    def __call__(self, came_from: str, *, half_in: bool) -> Awaitable[None]:
        """Wait until it is the turn of a request from that address. Raises `Unavailable`."""


OVERLOAD: web.AppKey[Overload] = web.AppKey("overload")
TURN: web.AppKey[Turn] = web.AppKey("turn")

# Supervisors, people who are in, and the staff; the live endpoint sends away by itself.
_NEVER_REFUSED = re.compile(
    r"/(healthz|readyz|metrics|api/v1/events/[^/]+/(live|tokens|commands/[^/]+|sessions/[^/]+/whip)/?"
    r"|e/[^/]+/(speak/[^/]+|moderate|produce)|(assets|sdk|hls)/.+)"
)
_AT_ONCE = frozenset({"/healthz", "/readyz"})
_TO_WHAT_ONE_HAS = frozenset({"PATCH", "DELETE"})  # media resources


@web.middleware
async def newcomers_later(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have requests take turns, by address, so that they leave the loop time for others.

    While there is too much to do, answer newcomers with 503 and a moment of their own to come back.
    """
    if request.path in _AT_ONCE:
        return await handler(request)
    is_in = request.method in _TO_WHAT_ONE_HAS or bool(_NEVER_REFUSED.fullmatch(request.path))
    try:
        if not is_in and (overload := request.app[OVERLOAD]()) is not None:
            raise overload
        await request.app[TURN](address(request), half_in=is_in)
    except Unavailable as refusal:
        answer = problem_answer(refusal)
        answer.force_close()
        return answer
    return await handler(request)
