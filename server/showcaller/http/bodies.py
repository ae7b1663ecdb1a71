"""Bodies of requests: how large, how late, of which type, and what they say."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import web

from ..errors import BadInput, TooLarge, Unsupported

MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0
JSON = "application/json"
T = TypeVar("T")


async def json_body(request: web.Request, type_: type[T]) -> T:
    """Return the body as `type_`. Raises `Unsupported`, `TooLarge`, `BadInput` (naming the field)."""
    check_type(request, JSON)
    try:
        return msgspec.json.decode(await body(request), type=type_)
    except msgspec.ValidationError as error:
        raise bad_field(error) from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: text that is not UTF-8
        raise BadInput(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise BadInput("the body is nested too deep") from None


async def text_body(request: web.Request, content_type: str) -> str:
    """Return the body as text. Raises `Unsupported`, `TooLarge`, `BadInput`."""
    check_type(request, content_type)
    try:
        return (await body(request)).decode()
    except UnicodeDecodeError:
        raise BadInput("the body is not UTF-8") from None


def check_type(request: web.Request, content_type: str) -> None:
    """Raise `Unsupported` for another type, or where the body would have to be decompressed.

    We don't decompress, so a body can't grow under our hands.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if request.content_type != content_type or encoding != "identity":
        raise Unsupported(f"send the body as {content_type}, without a Content-Encoding")


async def body(request: web.Request) -> bytes:
    """Return the body. Raises `TooLarge`, and `BadInput` where it is broken or late."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_large()
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise BadInput(f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s") from None
    except web.RequestPayloadError:
        raise BadInput("the body's transfer coding is broken") from None
    return bytes(data)


def _too_large() -> TooLarge:
    return TooLarge(f"the body has more than {MAX_BODY_BYTES} bytes")


def bad_field(error: msgspec.ValidationError) -> BadInput:
    """Return msgspec's `… - at `$.path`` as an error whose field is that path."""
    message, _, path = str(error).partition(" - at ")
    return BadInput(message, field=path.strip("`").removeprefix("$").lstrip(".") or None)
