"""What all HTTP routes share: who asks, errors as problem+json, limits on bodies, security headers."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from ..domain.people import Principal, Role
from ..errors import (
    BadInput,
    Forbidden,
    NotFound,
    OurFault,
    ShowcallerError,
    TooLarge,
    Unavailable,
    Unsupported,
    problem,
)
from ..show.served import ServedEvent

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Lookup = Callable[[str], ServedEvent | None]
T = TypeVar("T")

Overload = Callable[[], Unavailable | None]  # what newcomers are told; None: they are served

LOOKUP: web.AppKey[Lookup] = web.AppKey("lookup")
OVERLOAD: web.AppKey[Overload] = web.AppKey("overload")
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0


def served(request: web.Request) -> ServedEvent:
    """The event that the path names. Raises `NotFound`."""
    event_id = request.match_info["event"]
    found = request.app[LOOKUP](event_id)
    if found is None:
        raise NotFound(f"there is no event {event_id!r} here")
    return found


def principal(request: web.Request, *roles: Role) -> Principal:
    """Who asks; with `roles`, somebody who has one of them. Raises 401 and 403 errors."""
    who = served(request).authenticate_header(request.headers.get("Authorization"))
    if roles and not who.has(*roles):
        raise Forbidden(f"this takes one of the roles {', '.join(roles)}")
    return who


async def json_body(request: web.Request, type_: type[T]) -> T:
    """The body as `type_`. Raises `Unsupported`, `TooLarge`, `BadInput` (naming the field)."""
    if request.content_type != "application/json" or is_encoded(request):
        raise Unsupported("send the body as application/json, without a Content-Encoding")
    try:
        return msgspec.json.decode(await body(request), type=type_)
    except msgspec.ValidationError as error:
        raise bad_field(error) from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: text that is not UTF-8
        raise BadInput(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise BadInput("the body is nested too deep") from None


def is_encoded(request: web.Request) -> bool:
    """Whether the body would have to be decompressed: we don't, so it can't grow under our hands."""
    return request.headers.get("Content-Encoding", "identity").strip().lower() != "identity"


async def body(request: web.Request) -> bytes:
    """The body, up to `MAX_BODY_BYTES`, which must have come within `BODY_TIMEOUT_S`."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise BadInput(f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s") from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"the body has more than {MAX_BODY_BYTES} bytes") from None
    except web.RequestPayloadError:
        raise BadInput("the body's transfer coding is broken") from None


def bad_field(error: msgspec.ValidationError) -> BadInput:
    """msgspec says `… - at `$.path``; the path becomes the error's field."""
    message, _, path = str(error).partition(" - at ")
    return BadInput(message, field=path.strip("`").removeprefix("$").lstrip(".") or None)


def json_answer(value: Any, *, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type="application/json",
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )


def problem_answer(error: ShowcallerError) -> web.Response:
    """The error as `application/problem+json`, with the headers that its status calls for."""
    described = problem(error)
    headers = {"Cache-Control": "no-store"}
    if "retry_after_s" in described:
        headers["Retry-After"] = str(described["retry_after_s"])
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        body=msgspec.json.encode(described),
        status=error.http_status,
        content_type="application/problem+json",
        headers=headers,
    )


_BY_STATUS: dict[int, tuple[str, str]] = {
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not take that method"),
    413: ("too_large", f"the body has more than {MAX_BODY_BYTES} bytes"),
}


@web.middleware
async def errors_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error, ours or aiohttp's, leaves as problem+json; a bug is logged and says nothing."""
    try:
        return await handler(request)
    except OurFault as error:
        log.warning(error.message, extra={"action": "http.our_fault", "path": request.path})
        return problem_answer(error)
    except ShowcallerError as error:
        return problem_answer(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _plain_problem(error)
    except (ConnectionResetError, asyncio.CancelledError):
        raise
    except Exception:
        log.exception("a request failed", extra={"action": "http.failed", "path": request.path})
        return problem_answer(OurFault("something failed here; it was logged", code="internal"))


def _plain_problem(error: web.HTTPException) -> web.Response:
    code, message = _BY_STATUS.get(error.status, ("bad_request", error.reason))
    plain = ShowcallerError(message, code=code)
    plain.http_status = error.status
    answer = problem_answer(plain)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


# Supervisors, people who are in, and the staff; the live endpoint sends away by itself.
_NEVER_REFUSED = re.compile(
    r"/(healthz|readyz|metrics|api/v1/events/[^/]+/(live|tokens|commands/[^/]+|sessions/[^/]+/whip)"
    r"|e/[^/]+/(speak/[^/]+|moderate|produce)|(assets|sdk)/.+)"
)
_TO_WHAT_ONE_HAS = frozenset({"PATCH", "DELETE"})  # media resources


@web.middleware
async def newcomers_later(request: web.Request, handler: Handler) -> web.StreamResponse:
    """While there is too much to do, newcomers get 503 and a moment of their own to come back."""
    if request.method in _TO_WHAT_ONE_HAS or _NEVER_REFUSED.fullmatch(request.path):
        return await handler(request)
    overload = request.app[OVERLOAD]()
    if overload is None:
        return await handler(request)
    answer = problem_answer(overload)
    answer.force_close()
    return answer


@web.middleware
async def security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    answer = await handler(request)
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "no-referrer")
    answer.headers.setdefault("Server", "showcaller")  # and not the version of a library
    return answer
