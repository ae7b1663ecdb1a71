"""A WebSocket over one transport, after its handshake: frames in, bytes out, an orderly end.

Two kinds of writes. `answer` is for what the client asked for: when much of that is still unsent, no more
is read from the client until it has gone out. `push`, or `write` itself, is for everything else, the
broadcasts: a client that lets more than the buffer limit pile up is not keeping up, and `on_slow` ends it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

from ..protocol import frames
from ..protocol.frames import FrameReader, ProtocolViolation

log = logging.getLogger(__name__)


class FramedConnection(asyncio.Protocol):
    """Subclasses say what an event means (`on_event`), and what ends with the connection (`on_closing`)."""

    __slots__ = ("_answering", "_held", "_reader", "_transport", "closing", "write")

    def __init__(self, transport: asyncio.Transport, max_message_bytes: int, buffer_limit: int):
        self._transport = transport
        self._reader = FrameReader(max_message_bytes)
        self._held: Iterator[frames.Event] | None = None  # to be taken when we may read again
        self._answering = False
        self.closing = False
        self.write: Callable[[bytes], None] = transport.write
        transport.set_write_buffer_limits(high=buffer_limit)

    # For subclasses -----------------------------------------------------------------------------

    def on_event(self, event: frames.Event) -> None:
        """A frame or message has come; a connection that is only being ended takes none."""

    def on_closing(self, code: int) -> None:
        """Called once, when a close frame was sent or the transport was lost (1006)."""

    def on_slow(self) -> None:
        """More than the buffer limit is unsent, and not because the client asked for that much."""

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

    def answer(self, data: bytes) -> None:
        """Write what the client asked for, however much it is."""
        self._answering = True
        self.push(data)
        self._answering = False

    def push(self, data: bytes) -> None:
        """As `write`, for whoever does not know whether the transport is still there."""
        try:
            self.write(data)
        except RuntimeError:  # uvloop: it is lost, and `connection_lost` is on its way
            pass

    def pause_writing(self) -> None:
        if self.closing:
            return
        if not self._answering:
            self.on_slow()
        else:
            self.hold()

    def resume_writing(self) -> None:
        self.go_on()

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
        self._send_last(frames.close_frame(code, reason))
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
