"""aiohttp's side of a connection, with our limits on heads and our words for what it refuses by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from ..errors import BadInput, ShowcallerError
from ..protocol.handshake import HeadTooLarge
from .answers import Handler, internal, plain_problem, problem_answer

# Of a request's line and headers, whichever way they come: cookies of other services of the same domain are
# among them, and proxies take as much.
MAX_HEAD_BYTES = 16 * 1024
MAX_FIELDS = 128
KEEP_ALIVE_S = 30.0


def head_too_large() -> HeadTooLarge:
    return HeadTooLarge(
        f"the head of a request has at most {MAX_HEAD_BYTES} bytes and {MAX_FIELDS} header fields"
    )


class HttpConnection(web.RequestHandler):
    """One connection. Errors that no handler of ours sees leave as problems; what was sent is not logged."""

    __slots__ = ("on_end",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on_end: Callable[[], None] | None = None  # called once, when it is lost or taken over

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note the end; whoever takes the connection over calls it as well."""
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that could not be read, or whose handling failed. The connection ends."""
        if isinstance(exc, BadHttpMessage):
            answer = problem_answer(_unreadable(exc))
        else:
            self.log_exception("a request failed", exc_info=exc)
            answer = problem_answer(internal())
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer has left already")
        answer.headers["Server"] = "showcaller"
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer; in our words where aiohttp refused before any of our code was asked."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            resp = plain_problem(resp)
        return await super().finish_response(request, resp, start_time)


def _unreadable(error: BadHttpMessage) -> ShowcallerError:
    if isinstance(error, LineTooLong) or "Too many headers" in error.message:
        return head_too_large()
    return BadInput("this is no request of HTTP/1.1")


def connections(server: web.Server) -> Callable[[], HttpConnection]:
    """Return what makes a protocol for each connection that `server` is to serve."""
    options: dict[str, Any] = {
        "access_log": None,
        "keepalive_timeout": KEEP_ALIVE_S,
        "auto_decompress": False,
        "max_line_size": MAX_HEAD_BYTES,
        "max_field_size": MAX_HEAD_BYTES,
        "max_headers": MAX_FIELDS,
    }
    loop = asyncio.get_running_loop()
    return lambda: HttpConnection(server, loop=loop, **options)


@web.middleware
async def refuse_long_heads(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a head whose lines are together too long. Raises `HeadTooLarge`.

    The front counts the bytes of a connection's first head; of later ones aiohttp limits each line.
    """
    line = len(request.method) + len(request.raw_path) + len("  HTTP/1.1")
    fields = sum(len(name) + len(value) + len(": \r\n") for name, value in request.raw_headers)
    if line + fields > MAX_HEAD_BYTES:
        raise head_too_large()
    return await handler(request)
