"""Messages that carry calls between a node and its media workers, and between nodes.

On a pipe, each message is MessagePack behind its length (four bytes, big-endian). Between nodes, the same
messages travel over the broker's ephemeral topics (`relay`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ... import errors
from ...errors import OurFault, ShowcallerError, Unavailable
from .addresses import Addresses
from .calls import AnyCall, Call, answer_type
from .engine import MediaEvent

CALL_TIMEOUT_S = 10.0
MAX_MESSAGE_BYTES = 1 << 20
_LENGTH_BYTES = 4

R = TypeVar("R")


class WorkerConfig(Struct, frozen=True, kw_only=True):
    """The configuration that a node gives its worker, as JSON on the command line."""

    name: str
    descriptor: int  # of the pipe's socket
    parent: int  # process id of the node
    addresses: Addresses
    trunk: str  # path of the UNIX socket at which it lends what is published
    port: int = 0  # UDP; 0: any free one
    tcp_port: int | None = None  # None: the number of the UDP port; 0: none
    log_level: str = "info"


class Fault(Struct, frozen=True, array_like=True):
    """A `ShowcallerError` on its way to the other side; `kind` is its class."""

    kind: str
    message: str
    code: str
    field: str | None = None
    retry_after_s: float | None = None


class Request(Struct, frozen=True, array_like=True, tag=True):
    """A call, encoded until it is carried out, so that an unknown one can be answered."""

    id: int
    call: msgspec.Raw
    reply_to: str = ""  # between nodes: the node that asks


class Reply(Struct, frozen=True, array_like=True, tag=True):
    id: int
    result: Any = None
    fault: Fault | None = None


class Notice(Struct, frozen=True, array_like=True, tag=True):
    """An event of an engine, told unasked."""

    event: MediaEvent


Message = Request | Reply | Notice

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_call_decoder: msgspec.msgpack.Decoder[AnyCall] = msgspec.msgpack.Decoder(AnyCall)


def encode(message: Message) -> bytes:
    """Return the message as MessagePack."""
    return _encoder.encode(message)


def decode(data: bytes) -> Message:
    """Return the message in `data`. Raises `msgspec.MsgspecError` for what is none."""
    return _decoder.decode(data)


def request(id: int, call: Call[Any], reply_to: str = "") -> Request:
    """Return the request that carries `call`."""
    return Request(id, msgspec.Raw(_encoder.encode(call)), reply_to)


def call_of(request: Request) -> Call[Any]:
    """Return the call in a request. Raises `OurFault` for one of another release, unknown here."""
    try:
        return _call_decoder.decode(request.call)
    except msgspec.MsgspecError as error:
        raise OurFault(
            f"this node can't read a media call of another release: {error}", code="unknown_call"
        ) from None


def fault_of(error: ShowcallerError) -> Fault:
    """Return what carries an error to the other side."""
    return Fault(type(error).__name__, error.message, error.code, error.field, error.retry_after_s)


def error_of(fault: Fault) -> ShowcallerError:
    """Return the error that the other side raised."""
    kind = getattr(errors, fault.kind, None)
    known = isinstance(kind, type) and issubclass(kind, ShowcallerError)
    made = kind if known else Unavailable
    assert isinstance(made, type)
    error = made(
        fault.message, code=fault.code, field=fault.field, retry_after_s=fault.retry_after_s
    )
    assert isinstance(error, ShowcallerError)
    return error


class PendingCalls:
    """Requests that wait for their replies."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)

    async def ask(
        self,
        call: Call[R],
        send: Callable[[int], Any],
        timeout_s: float,
        late: Callable[[], ShowcallerError],
    ) -> R:
        """Send `call` as request number `id` and return what it is answered with.

        Raises what the other side raised, or `late()` when no reply came within `timeout_s`.
        """
        id = next(self._ids)
        future = self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                if (sending := send(id)) is not None:
                    await sending
                result = await future
        except TimeoutError:
            raise late() from None
        finally:
            del self._waiting[id]
        answered: R = msgspec.convert(result, answer_type(type(call)))
        return answered

    def settle(self, reply: Reply) -> None:
        """Answer the call that `reply` belongs to; one that has given up is none any more."""
        future = self._waiting.get(reply.id)
        if future is None or future.done():
            return
        if reply.fault is not None:
            future.set_exception(error_of(reply.fault))
        else:
            future.set_result(reply.result)

    def fail(self, error: ShowcallerError) -> None:
        """Raise `error` in all calls: no more replies will come."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)


class Pipe:
    """Messages over a stream socket, in both directions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, message: Message) -> None:
        data = encode(message)
        self._writer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)

    async def receive(self) -> Message | None:
        """Return the next message; None when the other side has gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            if length > MAX_MESSAGE_BYTES:
                return None
            return decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def close(self) -> None:
        self._writer.close()
