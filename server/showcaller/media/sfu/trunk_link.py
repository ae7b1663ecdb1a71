"""The messages between a trunk and its branches, over a UNIX socket or TLS: framed msgpack, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from ..contract.calls import Source

MAX_MESSAGE_BYTES = 1 << 18  # an offer is the largest thing here
_LENGTH_BYTES = 4


class TrackLine(Struct, frozen=True, array_like=True):
    """A track that is known, for workers that come later: browsers soon stop to repeat the RID."""

    ssrc: int
    payload_type: int
    rid: str = ""
    repairs: tuple[int, ...] = ()  # SSRCs of its retransmissions


class Hello(Struct, frozen=True, array_like=True, tag=True):
    """A branch begins: it wants what is published at the worker, and what that borrows for `stage`.

    A branch of another node (`span`) wants what is of `stage` only, and names its end of the way of packets.
    """

    stage: str = ""
    worker: str = ""  # that it means to reach
    ufrag: str = ""
    pwd: str = ""


class Welcome(Struct, frozen=True, array_like=True, tag=True):
    """The trunk's end of the way of packets to another node, and the keys of both directions."""

    port: int  # UDP
    ufrag: str
    pwd: str
    downward: bytes  # master key and salt of SRTP, from trunk to branch
    upward: bytes


class Lent(Struct, frozen=True, array_like=True, tag=True):
    """An ingest begins. It is negotiated from its offer, as the trunk did."""

    resource: str
    session: str
    person: str
    source: Source
    offer: str
    tracks: list[TrackLine] = []
    stage: str = ""
    number: int = 0  # that stands for `resource` in datagrams


class Ended(Struct, frozen=True, array_like=True, tag=True):
    resource: str


class Packet(Struct, frozen=True, array_like=True, tag=True):
    """RTP or RTCP of an ingest, as it came in, decrypted."""

    resource: str
    data: bytes


class KeyframeWanted(Struct, frozen=True, array_like=True, tag=True):
    """A branch's wish for a keyframe. All else it reports is of no use to the trunk."""

    resource: str
    ssrc: int


Message = Hello | Welcome | Lent | Ended | Packet | KeyframeWanted

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def frame(message: Message) -> bytes:
    data = _encoder.encode(message)
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def read_messages(buffer: bytearray) -> Iterator[Message]:
    """Return the messages that are whole, and take them out of `buffer`.

    Raises `ValueError` for what can't be read.
    """
    at = 0
    try:
        while len(buffer) >= (begin := at + _LENGTH_BYTES):
            length = int.from_bytes(buffer[at:begin], "big")
            if length > MAX_MESSAGE_BYTES:
                raise ValueError("a message between workers is too long")
            if len(buffer) < begin + length:
                break
            at = begin + length
            yield _decoder.decode(memoryview(buffer)[begin:at].tobytes())
    finally:
        del buffer[:at]


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message; None when the other side has gone, or sends none that can be read."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > MAX_MESSAGE_BYTES:
            return None
        return _decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError):
        return None
