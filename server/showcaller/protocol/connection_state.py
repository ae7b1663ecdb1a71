"""One client's connection as a state, without any I/O (`client_sdk/PROTOCOL.md` §1, §2, §7).

The driver's loop: for each event of the frame reader call `receive`, and when `next_deadline` has passed call
`tick`; carry out the effect that either returns. Tell the session what came of it: `welcome`,
`refresh`, `hang_up`. All instants (`_s`) are on one monotonic clock that the driver reads.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from msgspec import UNSET

from ..errors import (
    CLOSE_AUTH_DEADLINE,
    CLOSE_BAD_MESSAGE,
    CLOSE_FLOOD,
    CLOSE_SILENT,
    CLOSE_TOKEN_EXPIRED,
    BadInput,
    Refused,
    ShowcallerError,
)
from . import frames
from .codec import BadMessage, Format, decode
from .messages import (
    MAX_CHANNELS,
    AnyClientMessage,
    Error,
    ErrorBody,
    Hello,
    Reply,
    ServerMessage,
    Subscribe,
)

HELLO_DEADLINE_S = 10.0
PING_HEARTBEATS = (
    2  # a client that was silent for so long is asked for a sign of life with the heartbeat
)
SILENT_HEARTBEATS = 10
EXPIRED_GRACE_S = 60.0  # as long as the token opens a new connection (tokens.LEEWAY_S)
MAX_PER_SECOND = 200
MAX_MALFORMED = 10  # the last of these, within a minute, closes
MALFORMED_WINDOW_S = 60.0
LINGER_S = 5.0  # how long the peer has to finish the closing handshake


class Send(NamedTuple):
    message: ServerMessage


class AnswerPing(NamedTuple):
    payload: bytes


class Beat(NamedTuple):
    """Send a heartbeat; with a ping if the client should show that it lives."""

    pings: bool


class Perform(NamedTuple):
    """Do what the client asks for; it is allowed as far as this connection's state goes."""

    message: AnyClientMessage


class Hangup(NamedTuple):
    code: int
    reason: str


class Drop(NamedTuple):
    """The peer did not finish the closing handshake: cut the connection."""


Effect = Send | AnswerPing | Beat | Perform | Hangup | Drop


class Reason(Enum):
    """The reason for a deadline."""

    HELLO = "hello"
    BEAT = "beat"
    SILENCE = "silence"
    TOKEN = "token"
    LINGER = "linger"


class Deadline(NamedTuple):
    at_s: float
    reason: Reason


class _Phase(Enum):
    NEW = "new"
    OPEN = "open"
    CLOSING = "closing"


class ConnectionState:
    """One connection's state. The client follows `channels`; the driver adds and removes them."""

    __slots__ = (
        "_allowance",
        "_counted_s",
        "_due_s",
        "_expires_s",
        "_heartbeat_s",
        "_malformed_s",
        "_phase",
        "_seen_s",
        "channels",
        "format",
    )

    def __init__(self, format: Format, heartbeat_s: float, now_s: float) -> None:
        self.format: Format = format
        self.channels: set[str] = set()
        self._phase = _Phase.NEW
        self._heartbeat_s = heartbeat_s
        self._due_s = now_s + HELLO_DEADLINE_S  # then the next heartbeat; then the end of lingering
        self._seen_s = now_s
        self._expires_s = 0.0
        self._allowance: float = MAX_PER_SECOND  # frames that the client may send at this moment
        self._counted_s = now_s
        self._malformed_s: list[float] | None = None

    @property
    def is_closing(self) -> bool:
        return self._phase is _Phase.CLOSING

    # What the driver tells ----------------------------------------------------------------------

    def welcome(self, now_s: float, expires_in_s: float) -> None:
        """The hello's token was good."""
        self._phase = _Phase.OPEN
        self._due_s = now_s + self._heartbeat_s
        self._expires_s = now_s + expires_in_s

    def refresh(self, now_s: float, expires_in_s: float) -> None:
        """A newer token was good."""
        self._expires_s = now_s + expires_in_s

    def show_life(self, now_s: float) -> None:
        """The client lives, although it sends nothing."""
        self._seen_s = now_s

    def hang_up(self, now_s: float) -> None:
        """A close frame was sent."""
        self._phase = _Phase.CLOSING
        self._due_s = now_s + LINGER_S

    # Time ---------------------------------------------------------------------------------------

    def next_deadline(self) -> Deadline:
        """Return when `tick` has something to do, and why. Calling it earlier does no harm."""
        if self._phase is _Phase.NEW:
            return Deadline(self._due_s, Reason.HELLO)
        if self._phase is _Phase.CLOSING:
            return Deadline(self._due_s, Reason.LINGER)
        token_s = self._expires_s + EXPIRED_GRACE_S
        silence_s = self._seen_s + SILENT_HEARTBEATS * self._heartbeat_s
        if token_s <= silence_s and token_s <= self._due_s:
            return Deadline(token_s, Reason.TOKEN)
        if silence_s <= self._due_s:
            return Deadline(silence_s, Reason.SILENCE)
        return Deadline(self._due_s, Reason.BEAT)

    def tick(self, now_s: float) -> Effect | None:
        """Return what is due by now, if anything."""
        deadline = self.next_deadline()
        if deadline.at_s > now_s:
            return None
        match deadline.reason:
            case Reason.HELLO:
                return Hangup(CLOSE_AUTH_DEADLINE, "hello_timeout")
            case Reason.TOKEN:
                return Hangup(CLOSE_TOKEN_EXPIRED, "token_expired")
            case Reason.SILENCE:
                return Hangup(CLOSE_SILENT, "silent")
            case Reason.LINGER:
                return Drop()
            case Reason.BEAT:
                self._due_s = now_s + self._heartbeat_s
                return Beat(now_s - self._seen_s >= PING_HEARTBEATS * self._heartbeat_s)

    # Traffic ------------------------------------------------------------------------------------

    def receive(self, event: frames.Event, now_s: float, stalled_s: float = 0.0) -> Effect | None:
        """Return what follows from an event of the frame reader.

        Lately nobody was read from for `stalled_s`: what was sent meanwhile comes at once, and is no flood.
        """
        if self._phase is _Phase.CLOSING:
            return None
        self._seen_s = now_s
        if self._floods(now_s, stalled_s):
            return Hangup(CLOSE_FLOOD, "flood")
        match event:
            case frames.Text(data):
                return self._message(data, "json", now_s)
            case frames.Binary(data):
                return self._message(data, "msgpack", now_s)
            case frames.Ping(payload):
                return AnswerPing(payload)
            case frames.Close(code):
                return Hangup(code, "")
        return None

    def _floods(self, now_s: float, stalled_s: float) -> bool:
        """A bucket of a second's frames, and of as many as could pile up while we did not read."""
        grown = self._allowance + (now_s - self._counted_s) * MAX_PER_SECOND
        self._allowance = min(grown, MAX_PER_SECOND * (1 + stalled_s)) - 1
        self._counted_s = now_s
        return self._allowance < 0

    def _message(self, data: bytes, format: Format, now_s: float) -> Effect:
        if format != self.format:
            return Hangup(1003, "wrong_format")
        try:
            message = decode(data, format)
        except BadMessage as error:
            return self._malformed(error, error.id, now_s)
        if self._phase is _Phase.NEW and not isinstance(message, Hello):
            return Hangup(CLOSE_BAD_MESSAGE, "hello_first")
        if self._phase is _Phase.OPEN and isinstance(message, Hello):
            return self._malformed(BadInput("hello comes once", field="op"), None, now_s)
        if isinstance(message, Subscribe) and self._is_one_too_many(message.channel):
            refused = Refused(f"at most {MAX_CHANNELS} channels a connection", code="too_many")
            return Send(failure(refused, message.id))
        return Perform(message)

    def _is_one_too_many(self, channel: str) -> bool:
        return channel not in self.channels and len(self.channels) >= MAX_CHANNELS

    def _malformed(self, error: BadInput, id: str | None, now_s: float) -> Effect:
        recent = [at_s for at_s in self._malformed_s or () if now_s - at_s < MALFORMED_WINDOW_S]
        self._malformed_s = [*recent, now_s]
        if self._phase is _Phase.NEW or len(self._malformed_s) >= MAX_MALFORMED:
            return Hangup(CLOSE_BAD_MESSAGE, "bad_message")
        return Send(failure(error, id))


def failure(error: ShowcallerError, id: str | None) -> Reply | Error:
    """The message that tells the client of `error`: a reply if there is an id."""
    after_s = error.come_back_s
    body = ErrorBody(
        code=error.code,
        message=error.message,
        retry=error.retry,
        retry_after_ms=UNSET if after_s is None else round(after_s * 1000),
        field=UNSET if error.field is None else error.field,
    )
    return Error(error=body) if id is None else Reply(id=id, ok=False, error=body)
