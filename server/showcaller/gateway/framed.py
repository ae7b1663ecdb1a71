"""A WebSocket over one transport, after its handshake: frames in, bytes out, an orderly end.

Two kinds of writes. `answer` is for what the client asked for: when much of that is still unsent, no more
is read from the client until it has gone out. `push` is for everything else, the broadcasts: a client that
lets more than the buffer limit of that pile up is not keeping up, and `on_slow` ends it.

Both write to the socket itself: the transport's `write` costs the process twice as much beyond the kernel's
work. What the socket does not take, the transport keeps; until that is gone the connection *is stalled*, and
everything goes to the transport.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Iterator

from ..protocol import frames
from ..protocol.frames import FrameReader, ProtocolViolation

log = logging.getLogger(__name__)

_no_descriptors = itertools.count(-1, -1)


class FramedConnection(asyncio.Protocol):
    """Base of connections: subclasses say what an event means, and what ends with the connection."""

    __slots__ = (
        "_held",
        "_pushed_bytes",
        "_reader",
        "_transport",
        "address",
        "buffer_limit_bytes",
        "closing",
        "is_stalled",
    )

    def __init__(self, transport: asyncio.Transport, max_message_bytes: int, buffer_limit: int):
        self._transport = transport
        self._reader = FrameReader(max_message_bytes)
        self._held: Iterator[frames.Event] | None = None  # to be taken when we may read again
        self._pushed_bytes = 0  # since it stalled
        self.address = _address_of(transport)
        self.buffer_limit_bytes = buffer_limit
        self.closing = False
        # We are told of each byte that is left. TLS in uvloop takes 0 for "always".
        transport.set_write_buffer_limits(high=0 if self.address >= 0 else 1, low=0)
        self.is_stalled = transport.get_write_buffer_size() > 0

    # For subclasses -----------------------------------------------------------------------------

    def on_event(self, event: frames.Event) -> None:
        """A frame or message has come; a connection that is only being ended takes none."""

    def on_closing(self, code: int) -> None:
        """Note the end, once: a close frame was sent, or the transport was lost (1006)."""

    def last_words(self, code: int, reason: str) -> bytes:
        """Return what is sent last."""
        return frames.close_frame(code, reason)

    def on_stalled(self) -> None:
        """Note that something is unsent."""

    def on_drained(self) -> None:
        """Go on: everything has been sent."""
        self.go_on()

    def on_slow(self) -> None:
        """Deal with a slow consumer: more than the buffer limit of what was pushed is unsent."""

    # In -----------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if not self.closing:
            self._take(self._reader.feed(data))

    def _take(self, events: Iterator[frames.Event]) -> None:
        try:
            for event in events:
                self.on_event(event)
                if self.closing:
                    return
                if self._held is not None:
                    self._held = events
                    return
        except ProtocolViolation as violation:
            self.close(violation.code, violation.reason)
        except Exception:
            self.fail()

    # Out ----------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Write as much as the socket takes; the transport keeps the rest.

        Raises `RuntimeError` when the transport is lost, and `connection_lost` is on its way.
        """
        sent = 0
        if self.address >= 0 and not self.is_stalled:
            try:
                sent = os.write(self.address, data)
            except OSError:  # full, or lost: the transport finds out
                pass
        if sent < len(data):
            self._transport.write(data[sent:])

    def answer(self, data: bytes) -> None:
        """Write what the client asked for, however much it is."""
        if self.closing:
            return
        try:
            self.write(data)
        except RuntimeError:
            return
        if self.is_stalled and self._transport.get_write_buffer_size() > self.buffer_limit_bytes:
            self.hold()

    def push(self, data: bytes) -> None:
        """Write what the client did not ask for."""
        if self.closing:
            return
        try:
            self.write(data)
        except RuntimeError:
            return
        if self.is_stalled:
            self._pushed_bytes += len(data)
            if self.backlog_bytes > self.buffer_limit_bytes:
                self.on_slow()

    @property
    def backlog_bytes(self) -> int:
        """The bytes that were pushed and are unsent. Answers in between are not counted."""
        if not self.is_stalled:
            return 0
        return min(self._pushed_bytes, self._transport.get_write_buffer_size())

    def pause_writing(self) -> None:
        self.is_stalled = True
        if not self.closing:
            self.on_stalled()

    def resume_writing(self) -> None:
        self.is_stalled = False
        self._pushed_bytes = 0
        if not self.closing:
            self.on_drained()

    def hold(self) -> None:
        """Take nothing more from the client until `go_on`."""
        if self._held is None:
            self._held = iter(())
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Take what was held back, and read on."""
        held, self._held = self._held, None
        if held is not None and not self.closing:
            self._take(held)
            if self._held is None and not self.closing:
                self._transport.resume_reading()

    # End ----------------------------------------------------------------------------------------

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and nothing after it (RFC 6455 §5.5.1).

        Our half of the TCP connection ends at once, so the peer sees the end without waiting for
        us; what it still sends is read and dropped, since unread data would turn our end into a reset.
        """
        if self.closing:
            return
        self.closing = True
        self._send_last(self.last_words(code, reason))
        self.on_closing(code)

    def _send_last(self, data: bytes) -> None:
        try:
            self.write(data)
            if self._held is not None:
                self._held = None
                self._transport.resume_reading()
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()
        except (RuntimeError, OSError):  # lost already; `connection_lost` is on its way
            self._transport.abort()

    def fail(self) -> None:
        """Log the exception that is being handled, a fault of ours, and close."""
        log.exception("a live connection failed", extra={"action": "live.failed"})
        self.close(1011, "internal")

    def abort(self) -> None:
        """Cut the connection: the peer did not finish the closing handshake."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closing:
            self.closing = True
            self.on_closing(1006)
        self._held = None
        self.address = next(_no_descriptors)  # the descriptor is another's soon


def _address_of(transport: asyncio.Transport) -> int:
    """The socket's descriptor where we may write to it ourselves; else a negative number like no other's."""
    sock = transport.get_extra_info("socket")
    if sock is None or transport.get_extra_info("sslcontext") is not None:
        return next(_no_descriptors)
    descriptor: int = sock.fileno()
    return descriptor
