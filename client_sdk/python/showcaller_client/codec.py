"""Maps to WebSocket messages and back, in either format of PROTOCOL.md §1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import msgpack  # type: ignore[import-untyped]

Format = Literal["json", "msgpack"]
SUBPROTOCOLS: dict[Format, str] = {
    "json": "showcaller.v1+json",
    "msgpack": "showcaller.v1+msgpack",
}


def encode(message: Mapping[str, Any], format: Format) -> str | bytes:
    """One protocol message. Raises `ValueError` or `TypeError` for what the format can't hold."""
    if format == "json":
        return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    packed: bytes = msgpack.packb(message)
    return packed


def decode(data: str | bytes) -> dict[str, Any]:
    """One protocol message; text is JSON, binary is MessagePack. Raises `ValueError`."""
    message = json.loads(data) if isinstance(data, str) else _unpack(data)
    if not isinstance(message, dict) or not isinstance(message.get("op"), str):
        raise ValueError("a message must be a map with an `op`")
    return message


def _unpack(data: bytes) -> Any:
    try:
        return msgpack.unpackb(data)
    except (msgpack.UnpackException, RecursionError) as error:
        raise ValueError("not a MessagePack message") from error
