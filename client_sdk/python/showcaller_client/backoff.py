"""Rules for coming back after a connection has ended (PROTOCOL.md §7). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import NotServed, ProtocolFault, ShutOut, Terminal, TokenRejected

BASE_S = 0.5
CAP_S = 20.0
STEADY_S = 1.0  # a connection that lasted this long was a good one: the count starts again

_RETRY_AFTER = re.compile(r"\bretry_after_ms=(\d{1,9})\b")
_FATAL: dict[int, tuple[type[Terminal], str]] = {
    1002: (ProtocolFault, "the WebSocket protocol was broken"),
    1003: (ProtocolFault, "the server does not take this kind of message"),
    1007: (ProtocolFault, "a message was not valid text"),
    1008: (ProtocolFault, "the server's policy forbids what was sent"),
    1009: (ProtocolFault, "a message was too big"),
    1010: (ProtocolFault, "a WebSocket extension is missing"),
    4500: (TokenRejected, "the token is not valid at this event"),
    4501: (ShutOut, "this person was banned or this token revoked"),
    4502: (ProtocolFault, "the hello came too late"),
    4503: (ProtocolFault, "the server could not understand this client"),
    4504: (ProtocolFault, "far too many messages were sent"),
    4505: (
        ProtocolFault,
        "this person has too many connections: a newer one took this one's place",
    ),
}
_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def full_jitter_s(attempt: int, random: Callable[[], float]) -> float:
    """A delay between 0 and `min(20, 0.5 × 2^attempt)` seconds; `random()` yields 0…1."""
    return random() * float(min(CAP_S, BASE_S * 2 ** min(attempt, 16)))


def fatal_close(code: int, reason: str = "") -> Terminal | None:
    """The exception that a close code stands for; None: come back."""
    if code in _FATAL:
        kind, message = _FATAL[code]
    elif 4500 <= code <= 4999:
        kind, message = ProtocolFault, "the server closed the connection for good"
    else:
        return None
    said = f": {reason}" if reason else ""
    return kind(f"{message} (close code {code}{said})", code)


def fatal_status(status: int) -> Terminal | None:
    """The exception that an HTTP answer in place of the upgrade stands for; None: come back."""
    if status in _RETRIED_STATUS:
        return None
    why = {
        400: "it knows none of our subprotocols",
        403: "it does not allow this origin",
        404: "it has no such event",
    }.get(status, "is this a Showcaller server?")
    return NotServed(f"the server refused the connection with HTTP {status}: {why}")


def retry_after_s(reason: str) -> float | None:
    """The delay that a close reason such as `drain retry_after_ms=1500` asks for."""
    found = _RETRY_AFTER.search(reason)
    return int(found[1]) / 1000 if found else None
