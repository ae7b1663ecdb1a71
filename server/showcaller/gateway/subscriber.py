"""A subscriber: what fan-out needs of a connection. `connection.LiveConnection` is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..domain.people import Principal
from ..protocol.codec import Format
from ..protocol.messages import Since


class Subscriber(Protocol):
    """A connection as the hub and its groups see it."""

    @property
    def address(self) -> int:
        """The socket's descriptor; a negative number where it may only be written to by `push`."""

    @property
    def format(self) -> Format:
        """The wire format that its messages are encoded in."""

    @property
    def principal(self) -> Principal | None:
        """The person behind it; None before its hello."""

    @property
    def closing(self) -> bool:
        """Tell whether it takes no more messages."""

    @property
    def is_stalled(self) -> bool:
        """Tell whether something that it was written is unsent."""

    @property
    def backlog_bytes(self) -> int:
        """The bytes that were pushed and are unsent."""

    @property
    def buffer_limit_bytes(self) -> int:
        """The backlog beyond which it is closed as a slow consumer."""

    def push(self, data: bytes) -> None:
        """Write what the client did not ask for."""

    def catch_up(self, channel: str, since: Since) -> bool:
        """Send what a client that resumes from there is sent. False: that can't be told now."""

    def come_over(self, before: Since, behind: Mapping[str, Since]) -> None:
        """Send everything under the log's new epoch, and what was missed since `before`."""

    def start_over(self) -> None:
        """Send new snapshots of everything that is followed."""

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and nothing after it."""

    def fail(self) -> None:
        """Log the exception that is being handled, and close."""
