"""The messages of the live protocol as values (`client_sdk/PROTOCOL.md` §2 and §3)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

MAX_CHANNELS = 32  # that a connection may follow
MessageId = Annotated[str, Meta(min_length=1, max_length=64)]
ChannelName = Annotated[str, Meta(min_length=1, max_length=200)]

# From the client --------------------------------------------------------------------------------


class ClientMessage(Struct, frozen=True, kw_only=True, tag_field="op"):
    """Base of what clients send."""


class Since(Struct, frozen=True):
    epoch: str
    offset: Annotated[int, Meta(ge=0)]


class Hello(ClientMessage, frozen=True, tag="hello"):
    token: Annotated[str, Meta(max_length=8192)]
    client: Annotated[str, Meta(max_length=200)] = ""


class Subscribe(ClientMessage, frozen=True, tag="subscribe"):
    id: MessageId
    channel: ChannelName
    since: Since | None = None


class Unsubscribe(ClientMessage, frozen=True, tag="unsubscribe"):
    id: MessageId
    channel: ChannelName


class Command(ClientMessage, frozen=True, tag="command"):
    id: MessageId
    name: Annotated[str, Meta(max_length=64)]
    args: dict[str, Any] = {}
    key: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    deadline_ms: Annotated[int, Meta(ge=0, le=253_402_300_799_999)] | None = None  # server time


class Refresh(ClientMessage, frozen=True, tag="refresh"):
    id: MessageId
    token: Annotated[str, Meta(max_length=8192)]


class ClockProbe(ClientMessage, frozen=True, tag="clock"):
    t1: float


AnyClientMessage = Hello | Subscribe | Unsubscribe | Command | Refresh | ClockProbe


class OpenStream(Struct, frozen=True):
    """The body of a request for a stream over HTTP."""

    subscribe: Annotated[tuple[Subscribe, ...], Meta(max_length=MAX_CHANNELS)] = ()
    client: Annotated[str, Meta(max_length=200)] = ""


# From the server --------------------------------------------------------------------------------


class ServerMessage(Struct, frozen=True, kw_only=True, tag_field="op"):
    """Base of what the server sends."""


class ErrorBody(Struct, frozen=True, kw_only=True):
    code: str
    message: str
    retry: bool
    retry_after_ms: int | UnsetType = UNSET
    field: str | UnsetType = UNSET


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    event: str
    person: str
    name: str
    roles: list[str]
    sessions: list[str]
    stages: list[str]
    epoch: str
    head: int
    now_ms: float
    heartbeat_ms: int
    expires_at_ms: int
    server: str


class Reply(ServerMessage, frozen=True, tag="reply"):
    id: str
    ok: bool
    result: dict[str, Any] | UnsetType = UNSET
    error: ErrorBody | UnsetType = UNSET


class Error(ServerMessage, frozen=True, tag="error"):
    error: ErrorBody


class Snapshot(ServerMessage, frozen=True, tag="snapshot"):
    channel: str
    epoch: str
    offset: int
    items: dict[str, Any]
    levels: dict[str, int]
    reset: bool = False


class Change(ServerMessage, frozen=True, tag="change"):
    channel: str
    epoch: str
    offset: int
    prev: int
    at_ms: int
    put: dict[str, Any] | UnsetType = UNSET
    remove: list[str] | UnsetType = UNSET
    events: list[Any] | UnsetType = UNSET
    mark: int | UnsetType = UNSET


class Levels(ServerMessage, frozen=True, tag="levels"):
    channel: str
    epoch: str
    values: dict[str, int | None]
    mark: int


class ChannelHead(Struct, frozen=True):
    head: int
    mark: int


class Heartbeat(ServerMessage, frozen=True, tag="heartbeat"):
    now_ms: float
    epoch: str
    channels: dict[str, ChannelHead]


class ClockAnswer(ServerMessage, frozen=True, tag="clock"):
    t1: float
    t2: float
    t3: float


class Drain(ServerMessage, frozen=True, tag="drain"):
    reconnect_after_ms: int


class Goodbye(ServerMessage, frozen=True, tag="close"):
    """The end of a stream over HTTP, as a close frame is that of a WebSocket."""

    code: int
    reason: str


def to_builtins(message: ServerMessage) -> dict[str, Any]:
    """The message as plain maps and lists, as a client sees it."""
    plain: dict[str, Any] = msgspec.to_builtins(message)
    return plain
