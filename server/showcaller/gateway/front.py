"""The front door of the one TCP port (RFC 9112 §2).

It waits for the head of a connection's first request. An upgrade to the live endpoint goes to the gateway.
Requests whose answer is ready (`http/ready.py`) are answered here, one after another. With the first one that
is neither, the connection goes to the HTTP server, bytes and all, for good. An upgrade that comes as a later
request of such a connection, as from a proxy that reuses them, reaches the gateway by `live_route`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import msgspec
from aiohttp import web

from ..errors import BadInput, ShowcallerError, Unavailable, problem
from ..http.connection import (
    KEEP_ALIVE_S,
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    HttpConnection,
    head_too_large,
)
from ..http.ready import ReadyAnswers
from ..protocol.handshake import (
    HeadTimeout,
    Request,
    collect_headers,
    live_event_id,
    parse_request,
    refusal_headers,
    refused,
)
from .gateway import Gateway

HEAD_DEADLINE_S = 10.0
GIVE_WAY_WITHIN_S = 10.0  # an answer that is under way may take so long to leave
_END_OF_HEAD = b"\r\n\r\n"
_FORWARDED = re.compile(rb"\r\nX-Forwarded-For:([^\r\n]*)", re.IGNORECASE)


class Front(asyncio.Protocol):
    """One new TCP connection. `http` makes a protocol of the HTTP server; `ready` has answers."""

    __slots__ = (
        *("_answered", "_blocked", "_deadline_s", "_gateway", "_head", "_http", "_ready"),
        *("_transport", "_unsent_bytes", "_waits"),
    )

    def __init__(
        self, http: Callable[[], HttpConnection], gateway: Gateway, ready: ReadyAnswers
    ) -> None:
        self._http = http
        self._gateway = gateway
        self._ready = ready
        self._head = b""
        self._answered = False  # a request at least
        self._blocked = False  # the client does not take what it was answered
        self._unsent_bytes = 0  # at the last look
        self._deadline_s = 0.0  # of the next head
        self._transport: asyncio.Transport | None = None  # None: it is not ours any more
        self._waits = False  # for its turn to be let in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._gateway.begin_arrival()
        self._gateway.meet(self, self._gateway.came_from(transport))
        self._deadline_s = self._gateway.now() + HEAD_DEADLINE_S
        self._gateway.watch(self, self._deadline_s)

    def give_way(self) -> None:
        """Leave, since the place is needed."""
        if not self._answered:
            wordy = "too many connect and say nothing: try again"
            self._refuse(Unavailable(wordy, code="overload"))
        else:
            self._leave()

    def data_received(self, data: bytes) -> None:
        self._head = (self._head + data).lstrip(b"\r\n")  # RFC 9112 §2.2: empty lines say nothing
        self._go_on()

    def pause_writing(self) -> None:
        """Answer no more while what was answered is not taken."""
        self._blocked = True
        if self._transport is not None and not self._waits:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._blocked = False
        if self._transport is not None and not self._waits:
            self._transport.resume_reading()
            self._go_on()

    def _go_on(self) -> None:
        """Take the requests that are there, as many as can be answered at once."""
        while self._transport is not None and not self._waits and not self._blocked and self._head:
            before = self._head
            self._take_head(before)
            if self._head is before:
                return

    def _take_head(self, head: bytes) -> None:
        end = head.find(_END_OF_HEAD)
        if end > MAX_HEAD_BYTES or (end < 0 and len(head) > MAX_HEAD_BYTES):
            self._refuse(head_too_large())
        elif end < 0:
            return
        elif head.count(b"\n", 0, end) > MAX_FIELDS:
            self._refuse(head_too_large())
        elif _is_for_gateway(head):
            self._come_in()
        elif answer := self._ready_answer(head[:end]):
            self._send(answer, rest=head[end + len(_END_OF_HEAD) :].lstrip(b"\r\n"))
        else:
            self._hand_over(head)

    def _ready_answer(self, head: bytes) -> bytes | None:
        """Return the answer to a request, if it is there and nobody has to wait for it."""
        try:
            asked = self._ready.read(head)
        except BadInput:  # of which the HTTP server knows more, or which it refuses
            return None
        answer = self._ready.answer(asked) if asked is not None else None
        if asked is None or answer is None or self._transport is None:
            return None
        came_from = self._gateway.came_from(self._transport, asked.forwarded)
        return answer if self._gateway.may_answer_at_once(came_from) else None

    def _send(self, answer: bytes, *, rest: bytes) -> None:
        assert self._transport is not None
        if not self._answered:
            self._answered = True
            self._gateway.end_arrival()
        self._head = rest
        self._deadline_s = self._gateway.now() + KEEP_ALIVE_S
        self._unsent_bytes = self._transport.get_write_buffer_size() + len(answer)
        self._transport.write(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._release()

    def tick(self, now_s: float) -> float | None:
        """Refuse a head that is overdue, and leave where none comes; the gateway's wheel calls this."""
        if self._transport is None or self._waits:
            return None
        if now_s < self._deadline_s:
            return self._deadline_s
        if self._takes_its_answer():
            return now_s + KEEP_ALIVE_S
        if self._answered and not self._head:
            self._leave()
        else:
            self._refuse(HeadTimeout(f"the head did not come within {HEAD_DEADLINE_S:.0f} s"))
        return None

    def _takes_its_answer(self) -> bool:
        """Tell whether some of what was unsent at the last look has been sent, and some has not."""
        assert self._transport is not None
        before, self._unsent_bytes = self._unsent_bytes, self._transport.get_write_buffer_size()
        return 0 < self._unsent_bytes < before

    def _leave(self) -> None:
        transport = self._release()
        if transport.get_write_buffer_size():
            transport.abort()  # it might take for ever
        else:
            transport.close()

    def _come_in(self) -> None:
        """Upgrade at once, or in turn; where too many wait, before them, to send away all but staff."""
        turnstile = self._gateway.turnstile
        self._gateway.strangers.discard(self)
        if turnstile.is_open:
            turnstile.do(self._upgrade)
            return
        assert self._transport is not None
        self._waits = True
        self._transport.pause_reading()
        came_from = self._came_from()
        crowded = self._gateway.is_crowded(came_from)
        turnstile.wait(partial(self._turn, crowded), came_from, half_in=crowded)

    def _came_from(self) -> str:
        """Return the address that the upgrade is counted under, before its head is read as a whole."""
        assert self._transport is not None
        lines = _FORWARDED.findall(self._head.partition(_END_OF_HEAD)[0])
        forwarded = lines[-1].decode("latin-1") if lines else None
        return self._gateway.came_from(self._transport, forwarded)

    def _turn(self, crowded: bool) -> None:
        transport = self._transport
        if transport is None:
            return
        try:
            transport.resume_reading()
            self._upgrade(crowded=crowded)
        except Exception:
            transport.abort()
            raise

    def _upgrade(self, *, crowded: bool = False) -> None:
        head, _, rest = self._head.partition(_END_OF_HEAD)
        came_from = self._came_from()
        transport = self._release()
        try:
            served, upgrade = self._gateway.check(parse_request(head))
        except ShowcallerError as error:
            self._gateway.counters.upgrades_refused += 1
            transport.write(refused(error))
            transport.close()
            return
        self._gateway.accept(transport, served, upgrade, came_from, crowded=crowded)
        if rest:
            cast(asyncio.Protocol, transport.get_protocol()).data_received(rest)

    def _hand_over(self, data: bytes) -> None:
        transport = self._release()
        protocol = self._http()
        visitor = _Visitor(protocol, transport, self._gateway)
        protocol.on_end = partial(self._gateway.strangers.discard, visitor)
        self._gateway.meet(visitor, self._gateway.came_from(transport))
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)

    def _refuse(self, error: ShowcallerError) -> None:
        transport = self._release()
        transport.write(refused(error))
        transport.close()

    def _release(self) -> asyncio.Transport:
        transport, self._transport = self._transport, None
        self._head = b""
        assert transport is not None
        self._gateway.strangers.discard(self)
        if not self._answered:
            self._gateway.end_arrival()
        return transport


class _Visitor:
    """A connection of the HTTP server among the strangers."""

    def __init__(
        self, protocol: HttpConnection, transport: asyncio.Transport, gateway: Gateway
    ) -> None:
        self._protocol = protocol
        self._transport = transport
        self._gateway = gateway

    def give_way(self) -> None:
        """End the connection: after the answer that is under way, if that does not take too long."""
        self._protocol.close()
        self._gateway.watch(self, self._gateway.now() + GIVE_WAY_WITHIN_S)

    def tick(self, now_s: float) -> None:
        """Cut what is still there; the gateway's wheel calls this."""
        if self._transport.get_protocol() is self._protocol:
            self._transport.abort()


def _is_for_gateway(head: bytes) -> bool:
    method, _, rest = head[: head.index(b"\r\n")].partition(b" ")
    target = rest.partition(b" ")[0].decode("latin-1")
    return method == b"GET" and live_event_id(target) is not None


def live_route(gateway: Gateway) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The HTTP server's handler of the live endpoint: takes the transport over from it."""

    async def live(request: web.Request) -> web.StreamResponse:
        try:
            headers = collect_headers(request.headers.items())
            served, upgrade = gateway.check(Request(request.rel_url.raw_path, headers))
        except ShowcallerError as error:
            gateway.counters.upgrades_refused += 1
            return _refusal(error)
        transport = request.transport
        if transport is not None:
            came_from = gateway.came_from(transport, headers.get("x-forwarded-for"))
            take_from_http(request)
            gateway.accept(transport, served, upgrade, came_from)
        return web.Response()  # goes nowhere: for the HTTP server the connection is lost

    return live


def take_from_http(request: web.Request) -> None:
    """Make the HTTP server forget the connection without closing its transport."""
    protocol = request.protocol
    protocol.transport = None
    protocol.connection_lost(None)


def _refusal(error: ShowcallerError) -> web.Response:
    answer = web.Response(
        status=error.http_status,
        body=msgspec.json.encode(problem(error)),
        headers=refusal_headers(error),
    )
    answer.force_close()
    return answer
