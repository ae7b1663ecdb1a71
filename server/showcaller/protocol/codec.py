"""Messages as bytes, and back: JSON in text frames, MessagePack in binary frames, JSON in server-sent events.

Both formats carry the same maps, so what a client sends is first read as plain maps and lists, checked to be
no more than that, and then fitted to its message.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from ..errors import BadInput
from .frames import BINARY, TEXT, encode_frame
from .messages import AnyClientMessage, ServerMessage

Format = Literal["json", "msgpack", "events"]
FORMATS: tuple[Format, ...] = ("json", "msgpack")  # of WebSockets

MAX_CLIENT_MESSAGE_BYTES = 65_536
MAX_DEPTH = 32
MAX_ID_CHARS = 64

_encode_json = msgspec.json.Encoder().encode
_encode_msgpack = msgspec.msgpack.Encoder().encode
_decode_json = msgspec.json.Decoder().decode
_decode_msgpack = msgspec.msgpack.Decoder().decode


class BadMessage(BadInput):
    """A client's message is wrong; `id` is the one to reply to, if it could be read."""

    def __init__(self, message: str, *, field: str | None = None, id: str | None = None) -> None:
        super().__init__(message, field=field)
        self.id = id


def encode(message: ServerMessage, format: Format) -> bytes:
    """The message as one finished frame or event: write it to as many sockets as you like."""
    if format == "json":
        return encode_frame(TEXT, _encode_json(message))
    if format == "msgpack":
        return encode_frame(BINARY, _encode_msgpack(message))
    return b"data: " + _encode_json(message) + b"\n\n"


def decode(data: bytes, format: Format) -> AnyClientMessage:
    """Decode what a client sent. Raises `BadMessage`, naming the byte or the field that is wrong."""
    try:
        plain = _decode_json(data) if format == "json" else _decode_msgpack(data)
    except RecursionError:
        raise BadMessage(f"nested deeper than {MAX_DEPTH}") from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: text that is not UTF-8
        raise BadMessage(str(error)) from None
    _check_plain(plain)
    try:
        return _fit(plain)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        field = path.strip("`").removeprefix("$").lstrip(".")
        raise BadMessage(what, field=field or None, id=_id_of(plain)) from None


def _fit(plain: Any) -> AnyClientMessage:
    message: AnyClientMessage = msgspec.convert(plain, AnyClientMessage)
    return message


def _check_plain(plain: Any) -> None:
    """Refuse what JSON could not say, and what is nested too deep: level by level, not recursively."""
    level = [plain]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    if any(_children(value) or type(value) in (dict, list) for value in level):
        raise BadMessage(f"nested deeper than {MAX_DEPTH}", id=_id_of(plain))


def _children(value: Any) -> list[Any]:
    kind = type(value)
    if kind is dict:
        if not all(type(key) is str for key in value):
            raise BadMessage("the keys of a map must be strings")
        return list(value.values())
    if kind is list:
        return value  # type: ignore[no-any-return]
    if kind is float and not math.isfinite(value):
        raise BadMessage("a number must be finite")
    if kind not in (str, int, float, bool, type(None)):
        raise BadMessage(f"{kind.__name__} is not among the types of a message")
    return []


def _id_of(plain: Any) -> str | None:
    """The message's id, wherever it is good enough to reply to."""
    found = plain.get("id") if type(plain) is dict else None
    return found if type(found) is str and 0 < len(found) <= MAX_ID_CHARS else None
