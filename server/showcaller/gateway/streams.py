"""The live protocol for clients behind proxies without WebSockets: a stream over HTTP, and the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import formatdate

from aiohttp import web

from .. import system
from ..http.answers import add_security_headers, json_answer
from ..http.asker import address, principal, served
from ..http.bodies import json_body
from ..http.cors import share_with_origins
from ..protocol.messages import Hello, OpenStream
from .front import take_from_http
from .gateway import Gateway

# No cache may keep it, no proxy may compress it or hold it back until it is long enough.
_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "Connection": "close",
}


def register(app: web.Application, gateway: Gateway) -> None:
    app.router.add_post("/api/v1/events/{event}/live", _stream_route(gateway))
    app.router.add_get("/api/v1/events/{event}/clock", tell_time)


def _stream_route(gateway: Gateway) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def open_stream(request: web.Request) -> web.StreamResponse:
        one, came_from = served(request), address(request)
        principal(request)
        wanted = await json_body(request, OpenStream)
        token = one.token_in(request.headers.get("Authorization"))
        hello = Hello(token=token, client=wanted.client)
        head = await _head(request)
        transport = request.transport
        if transport is not None:
            take_from_http(request)
            gateway.open_stream(transport, head, one, (hello, wanted), came_from)
        return web.Response()  # goes nowhere: for the HTTP server the connection is lost

    return open_stream


async def _head(request: web.Request) -> bytes:
    """Return the head of the answer, whose body ends with the connection (RFC 9112 §6.3)."""
    date = formatdate(system.wall_ms() / 1000, usegmt=True)
    answer = web.StreamResponse(headers=_HEADERS | {"Date": date})
    await add_security_headers(request, answer)
    await share_with_origins(request, answer)
    fields = "".join(f"{name}: {text}\r\n" for name, text in answer.headers.items())
    return f"HTTP/1.1 200 OK\r\n{fields}\r\n".encode("latin-1")


async def tell_time(request: web.Request) -> web.Response:
    """Answer a probe of the clock: when it came, and when the answer leaves (PROTOCOL.md §5)."""
    event = served(request).event
    received_ms = event.wall_ms()
    answer = {"t2": received_ms, "t3": event.wall_ms()}
    return json_answer(answer, Cache_Control="no-store")
