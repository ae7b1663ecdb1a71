"""Answers that have left before and still hold: sent again as they are, before any HTTP server is asked.

The HTTP server makes an answer the first time. Whoever makes it says for how long it holds (`LastingAnswer`).
Its head and its bodies are kept, and the front door sends them to all who ask for the same in the plainest
way. Any other request goes to the HTTP server: so nothing is decided here that is not decided there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any, NamedTuple

from aiohttp import hdrs, web

from ..protocol.handshake import Request, parse_request
from .codings import takes

KEPT = 500
KEPT_BYTES = 32 << 20
HEADS_KEPT = 1_000
MAX_READ_HEAD_BYTES = 2_048
# A request with one of these asks for more than what is at the address.
_SAYS_MORE = frozenset(
    {"authorization", "content-length", "expect", "range", "transfer-encoding", "upgrade"}
    | {"if-match", "if-modified-since", "if-range", "if-unmodified-since"}
)
_OF_ONE_SENDING = frozenset({"Connection", "Content-Encoding", "Content-Length", "Date"})


class Holding(NamedTuple):
    """A body, its compressed twins by coding, its ETag as it is sent, and for how long they hold."""

    body: bytes
    packed: Sequence[tuple[str, bytes]]
    etag: str
    holds: Callable[[], bool]

    @property
    def size(self) -> int:
        return len(self.body) + sum(len(twin) for _, twin in self.packed)


class LastingAnswer(web.Response):
    """An answer that may be kept."""

    def __init__(self, holding: Holding, **options: Any) -> None:
        super().__init__(**options)
        self.holding = holding


class _Kept(NamedTuple):
    holding: Holding
    fields: str  # of its head: all that are the same each time
    for_origins: bool  # pages of other origins get the same


class Plain(NamedTuple):
    """A request that asks for no more than what is at an address."""

    address: tuple[str, str]  # the host and the target
    known: str | None  # the ETag that the client has
    accepted: str  # codings
    has_origin: bool
    forwarded: str | None  # X-Forwarded-For


def plain(request: Request) -> Plain | None:
    """Return what a request asks for; None if it asks for more than what is at its address."""
    headers = request.headers
    if not _SAYS_MORE.isdisjoint(headers):
        return None
    if headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return Plain(
        (headers.get("host", ""), request.target),
        headers.get("if-none-match"),
        headers.get("accept-encoding", ""),
        "origin" in headers,
        headers.get("x-forwarded-for"),
    )


class ReadyAnswers:
    """The answers of one process, by the host and the target that were asked for."""

    def __init__(self, wall_s: Callable[[], float]) -> None:
        self.closed = False  # for good: connections are to end after their answer
        self._wall_s = wall_s
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._bytes = 0
        self._read: OrderedDict[bytes, Plain] = OrderedDict()  # by a head that was answered
        self._date = 0, ""

    async def keep(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Keep an answer that is about to leave, if its handler has said that it holds."""
        if not isinstance(answer, LastingAnswer) or answer.status != 200 or request.method != "GET":
            return
        for_origins = "Origin" not in ", ".join(answer.headers.getall(hdrs.VARY, ()))
        if self.closed or not (for_origins or "Origin" not in request.headers):
            return
        fields = "".join(
            f"{name}: {text}\r\n"
            for name, text in answer.headers.items()
            if name not in _OF_ONE_SENDING
        )
        self._forget((request.host, request.raw_path))
        self._kept[request.host, request.raw_path] = _Kept(answer.holding, fields, for_origins)
        self._bytes += answer.holding.size
        while len(self._kept) > KEPT or self._bytes > KEPT_BYTES:
            self._forget(next(iter(self._kept)))

    def read(self, head: bytes) -> Plain | None:
        """Return what a head asks for; None: the HTTP server has to see it. Raises `BadInput`.

        Browsers of a kind send the same bytes, which are read once. Heads that ask for what is not kept are
        not remembered, nor those with cookies: they may hold a secret.
        """
        if (known := self._read.get(head)) is not None:
            return known
        request = parse_request(head)
        asked = plain(request)
        if asked is not None and asked.address in self._kept and "cookie" not in request.headers:
            if len(head) <= MAX_READ_HEAD_BYTES:
                self._read[head] = asked
            if len(self._read) > HEADS_KEPT:
                self._read.popitem(last=False)
        return asked

    def answer(self, asked: Plain) -> bytes | None:
        """Return the whole answer to a GET; None: the HTTP server has to make it."""
        kept = self._kept.get(asked.address)
        if kept is None or self.closed or (asked.has_origin and not kept.for_origins):
            return None
        if not kept.holding.holds():
            self._forget(asked.address)
            return None
        self._kept.move_to_end(asked.address)
        return self._sent(kept, asked.known, asked.accepted)

    def _sent(self, kept: _Kept, known: str | None, accepted: str) -> bytes | None:
        holding = kept.holding
        if known is not None:
            is_known = known in (holding.etag, holding.etag.removeprefix("W/"))
            return self._head("304 Not Modified", kept.fields) if is_known else None
        for coding, twin in holding.packed:
            if takes(coding, accepted):
                more = f"Content-Encoding: {coding}\r\nContent-Length: {len(twin)}\r\n"
                return self._head("200 OK", kept.fields + more) + twin
        more = f"Content-Length: {len(holding.body)}\r\n"
        return self._head("200 OK", kept.fields + more) + holding.body

    def _head(self, status: str, fields: str) -> bytes:
        """Return a head with the date of now (RFC 9110 §6.6.1)."""
        now_s = int(self._wall_s())
        if self._date[0] != now_s:
            self._date = now_s, formatdate(now_s, usegmt=True)
        return f"HTTP/1.1 {status}\r\n{fields}Date: {self._date[1]}\r\n\r\n".encode("latin-1")

    def _forget(self, key: tuple[str, str]) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= gone.holding.size
