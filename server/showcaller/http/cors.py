"""The headers by which browsers let pages of other origins read (the Fetch standard, CORS protocol)."""

from __future__ import annotations

from aiohttp import web

from .answers import Handler
from .origins import Origin, may_connect

PREFLIGHT_S = 86_400
ASKED_WITH = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Showcaller-Deadline"
)
READABLE = "Location, ETag, Link, Retry-After, Accept-Patch, Accept-Post"

# Any page may read it: nothing hangs on cookies, so a foreign page can do no more than the token that it has.
TO_ANYBODY = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": READABLE}

ALLOWED: web.AppKey[frozenset[Origin]] = web.AppKey("origins")


@web.middleware
async def answer_preflights(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer an allowed origin's preflight of a route that has no answer of its own."""
    error = request.match_info.http_exception
    if (
        request.method == "OPTIONS"
        and "Access-Control-Request-Method" in request.headers
        and isinstance(error, web.HTTPMethodNotAllowed)
        and _allowed_origin(request) is not None
    ):
        methods = ", ".join(sorted(error.allowed_methods))
        return web.Response(status=204, headers=preflight_headers(methods))
    return await handler(request)


async def share_with_origins(request: web.Request, answer: web.StreamResponse) -> None:
    """Let pages of allowed origins read an answer that is about to leave, be it good or a problem.

    A handler that has said by itself who may read its answer has its way.
    """
    if not request.path.startswith("/api/"):
        return
    if "Access-Control-Allow-Origin" not in answer.headers:
        answer.headers.add("Vary", "Origin")
        origin = _allowed_origin(request)
        if origin is None:
            return
        answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers.setdefault("Access-Control-Expose-Headers", READABLE)


def _allowed_origin(request: web.Request) -> str | None:
    origin = request.headers.get("Origin")
    if origin is None or not may_connect(origin, request.host, request.app[ALLOWED]):
        return None
    return origin


def preflight_headers(methods: str) -> dict[str, str]:
    """Return what a preflight is told: `methods`, our headers, and for how long that holds."""
    return {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": ASKED_WITH,
        "Access-Control-Max-Age": str(PREFLIGHT_S),
    }
