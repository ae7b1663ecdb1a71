"""Answers: JSON, every error as problem+json, and the headers that all of them have."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from ..errors import OurFault, ShowcallerError, problem
from .bodies import JSON, MAX_BODY_BYTES

log = logging.getLogger(__name__)

_OPENS_PICTURES = re.compile(r"(/hls/[^/]*/)[^/]*")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_answer(value: Any, *, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type=JSON,
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )


def problem_answer(
    error: ShowcallerError, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return the error as `application/problem+json`, with the headers that its status calls for."""
    described = problem(error)
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    if "retry_after_s" in described:
        all_headers["Retry-After"] = str(described["retry_after_s"])
    if error.http_status == 401:
        all_headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        body=msgspec.json.encode(described),
        status=error.http_status,
        content_type="application/problem+json",
        headers=all_headers,
    )


_BY_STATUS: dict[int, tuple[str, str]] = {
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not take that method"),
    413: ("too_large", f"the body has more than {MAX_BODY_BYTES} bytes"),
    417: ("expectation_failed", "Expect may say 100-continue and nothing else"),
}


@web.middleware
async def errors_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error, ours or aiohttp's, with problem+json; log a bug, of which it says nothing."""
    try:
        return await handler(request)
    except OurFault as error:
        extra = {"action": "http.our_fault", "path": logged_path(request)}
        log.warning(error.for_operators, extra=extra)
        return problem_answer(error)
    except ShowcallerError as error:
        return problem_answer(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return plain_problem(error)
    except (ConnectionResetError, asyncio.CancelledError):
        raise
    except Exception:
        extra = {"action": "http.failed", "path": logged_path(request)}
        log.exception("a request failed", extra=extra)
        return problem_answer(internal())


def logged_path(request: web.Request) -> str:
    """Return the request's path without the secret that a link may have in it."""
    code = request.match_info.get("code", "")
    return request.path.replace(code, "-") if code else request.path


def loggable(path: str) -> str:
    """Return a path without the step that opens a stage's pictures: that is as good as a password."""
    return _OPENS_PICTURES.sub(r"\1-", path)


def internal() -> OurFault:
    return OurFault("something failed here; it was logged", code="internal")


def plain_problem(error: web.HTTPException) -> web.Response:
    """Return an error that aiohttp raised as problem+json, without what was sent."""
    code, message = _BY_STATUS.get(error.status, ("bad_request", error.reason))
    plain = ShowcallerError(message, code=code)
    plain.http_status = error.status
    answer = problem_answer(plain)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


async def add_security_headers(_: web.Request, answer: web.StreamResponse) -> None:
    """Add to an answer that is about to leave what all answers have."""
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "no-referrer")
    answer.headers["Server"] = "showcaller"  # and not the version of a library
