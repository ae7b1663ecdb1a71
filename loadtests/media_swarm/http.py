"""A few kept-open HTTP/1.1 connections, over which one request after the other is sent."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from .loop import Loop

RECEIVE_BYTES = 1 << 16


class Response(NamedTuple):
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Request(NamedTuple):
    method: str
    target: str
    token: str
    body: bytes
    then: Callable[[Response], None]
    more: str  # header lines

    def encode(self, host: str) -> bytes:
        head = [
            f"{self.method} {self.target} HTTP/1.1",
            f"Host: {host}",
            f"Content-Length: {len(self.body)}",
        ]
        if self.token:
            head.append(f"Authorization: Bearer {self.token}")
        if self.body:
            head.append("Content-Type: application/sdp")
        return "\r\n".join([*head, self.more]).encode() + b"\r\n" + self.body


class Http:
    """`connections` requests are on their way at a time; the others wait for their turn.

    `headers` go with every request.
    """

    def __init__(
        self, loop: Loop, url: str, connections: int = 16, headers: Mapping[str, str] | None = None
    ) -> None:
        parts = urlsplit(url)
        self._more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self._loop = loop
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._free = [_Connection(self) for _ in range(connections)]
        self._all = list(self._free)
        self._waiting: deque[Request] = deque()

    @property
    def waiting(self) -> int:
        """Requests that are not answered yet."""
        return len(self._waiting) + len(self._all) - len(self._free)

    def ask(
        self,
        method: str,
        url: str,
        then: Callable[[Response], None],
        *,
        token: str = "",
        body: bytes = b"",
    ) -> None:
        """`url` may be absolute or a path of this server."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._waiting.append(Request(method, target, token, body, then, self._more))
        self._next()

    def close(self) -> None:
        for connection in self._all:
            connection.close()

    def _next(self) -> None:
        while self._waiting and self._free:
            self._free.pop().send(self._waiting.popleft())


class _Connection:
    def __init__(self, http: Http) -> None:
        self._http = http
        self._sock: socket.socket | None = None
        self._got = b""
        self._request: Request | None = None

    def send(self, request: Request) -> None:
        self._request, self._got = request, b""
        if self._sock is None:
            self._sock = socket.create_connection(self._http._address)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._http._loop.watch(self._sock.fileno(), self._on_readable)
        self._sock.sendall(request.encode(f"{self._http._address[0]}:{self._http._address[1]}"))

    def close(self) -> None:
        if self._sock is not None:
            self._http._loop.forget(self._sock.fileno())
            self._sock.close()
            self._sock = None

    def _on_readable(self) -> None:
        assert self._sock is not None
        data = self._sock.recv(RECEIVE_BYTES)
        self._got += data
        response = _parse(self._got, ended=not data)
        if not data:
            self.close()
        if response is not None and self._request is not None:
            request, self._request = self._request, None
            if response.headers.get("connection", "").lower() == "close":
                self.close()
            self._http._free.append(self)
            request.then(response)
            self._http._next()
        elif not data and (again := self._request) is not None:
            self.send(again)  # an idle connection that was closed as we began to use it


def _parse(data: bytes, *, ended: bool) -> Response | None:
    """None until all of it is here."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    status = int(first.split()[1])
    if headers.get("transfer-encoding", "").lower() == "chunked":
        joined = _unchunked(body)
        return None if joined is None else Response(status, headers, joined)
    size = int(headers["content-length"]) if "content-length" in headers else None
    if status == 204 or size is not None:
        return Response(status, headers, body) if len(body) >= (size or 0) else None
    return Response(status, headers, body) if ended else None


def _unchunked(data: bytes) -> bytes | None:
    joined = b""
    while True:
        size, found, rest = data.partition(b"\r\n")
        if not found:
            return None
        count = int(size.partition(b";")[0], 16)
        if len(rest) < count + 2:
            return None
        if count == 0:
            return joined
        joined, data = joined + rest[:count], rest[count + 2 :]
