"""A live connection over HTTP: the answer to one request, which goes on (PROTOCOL.md §11).

It is any other connection but for this: messages leave as server-sent events, what the client wants was said
in the request, and a last event stands for the close frame. The body ends with the connection, so that no
coding of chunks stands between a message and the socket.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterable

from ..protocol.codec import Format, encode
from ..protocol.connection_state import SILENT_HEARTBEATS, Perform
from ..protocol.messages import Goodbye, Hello, Subscribe
from ..show.served import ServedEvent
from .connection import ConnectionOwner, LiveConnection
from .hub import Hub

_END_OF_REQUEST = 1002


class StreamConnection(LiveConnection):
    """The stream of one client."""

    __slots__ = ("_wanted",)

    def __init__(
        self,
        transport: asyncio.Transport,
        format: Format,
        gateway: ConnectionOwner,
        served: ServedEvent,
        hub: Hub,
        came_from: str,
    ) -> None:
        super().__init__(transport, format, gateway, served, hub, came_from)
        self._wanted: deque[Hello | Subscribe] = deque()
        _end_with_its_peer(transport, gateway.heartbeat_s * SILENT_HEARTBEATS)

    def begin(self, wanted: Iterable[Hello | Subscribe]) -> None:
        """Do what the request asks for, as if each were sent now."""
        self._wanted.extend(wanted)
        self._do_wanted()

    def _do_wanted(self) -> None:
        try:
            while self._wanted and self._held is None and not self.closing:
                self._carry_out(Perform(self._wanted.popleft()))
        except Exception:
            self.fail()

    def go_on(self) -> None:
        """Do the rest of what was asked for, and read on."""
        super().go_on()
        self._do_wanted()

    def tick(self, now_s: float) -> float | None:
        """Do what is due. The kernel tells when nobody takes anything any more; the client says nothing."""
        self._state.show_life(now_s)
        return super().tick(now_s)

    def data_received(self, data: bytes) -> None:
        """End the stream with a request that comes on its connection."""
        if data.strip(b"\r\n"):
            self.close(_END_OF_REQUEST, "one_request")

    def last_words(self, code: int, reason: str) -> bytes:
        """Return the event that stands for a close frame."""
        return encode(Goodbye(code=code, reason=reason), self.format)


def _end_with_its_peer(transport: asyncio.Transport, within_s: float) -> None:
    """Have the kernel end a connection when what was sent is not acknowledged for so long (RFC 5482)."""
    sock = transport.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(within_s * 1000))
