"""The errors that the client raises on purpose, as one tree.

ShowcallerClientError
├── Refused          the server refused one command, subscription or request; `code` says why
├── FellBehind       this program took updates too slowly: follow the channel again
├── ClientClosed     the client was used before `async with` or after it
└── Terminal         the connection is gone and the client will not come back by itself
    ├── TokenRejected    the token is not valid at this event (4500)
    ├── TokenExpired     it has expired, and no newer one was to be had (4003)
    ├── ShutOut          the person was banned or the token revoked (4501)
    ├── NotServed        the server refused the upgrade: address, event or origin is wrong
    └── ProtocolFault    the server could not understand this client, or the reverse
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ShowcallerClientError(Exception):
    """Base of all."""


class Refused(ShowcallerClientError):
    """The server said no. `code` is stable (PROTOCOL.md §6), `str()` is for people."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry: bool = False,
        retry_after_s: float | None = None,
        field: str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.retry = retry
        self.retry_after_s = retry_after_s
        self.field = field
        self.http_status = http_status

    @classmethod
    def of_reply(cls, error: Mapping[str, Any]) -> Refused:
        """From the `error` of a failed reply (§3)."""
        after_ms = error.get("retry_after_ms")
        return cls(
            str(error.get("code", "error")),
            str(error.get("message", "")),
            retry=bool(error.get("retry")),
            retry_after_s=after_ms / 1000 if isinstance(after_ms, int | float) else None,
            field=error.get("field"),
        )


class FellBehind(ShowcallerClientError):
    """Updates waited unread beyond the limit. Follow the channel again to go on."""


class ClientClosed(ShowcallerClientError):
    """Use the client inside its `async with` block."""


class Terminal(ShowcallerClientError):
    """The client has stopped for good. `close_code` is the WebSocket's, where there was one."""

    def __init__(self, message: str, close_code: int | None = None) -> None:
        super().__init__(message)
        self.close_code = close_code


class TokenRejected(Terminal):
    """The token is not valid here: get one for this event."""


class TokenExpired(Terminal):
    """The token has expired. Register again, or give the client a `token_provider`."""


class ShutOut(Terminal):
    """This person was banned or this token revoked."""


class NotServed(Terminal):
    """The server refused the upgrade: no such event, or the address leads elsewhere."""


class ProtocolFault(Terminal):
    """One of the two sides breaks the protocol; trying again would not help."""
