"""The HTTP/1.1 upgrade of the live endpoint (RFC 6455 §4.2), without any I/O.

`parse_request` reads a request's head, `negotiate` says whether it opens a WebSocket in one of our
formats, and `accepted` or `refused` are the bytes to answer with.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ..errors import BadInput, ShowcallerError, YourFault, problem
from .codec import Format

SUBPROTOCOLS: dict[str, Format] = {
    "showcaller.v1+json": "json",
    "showcaller.v1+msgpack": "msgpack",
}

_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
_LIVE_TARGET = re.compile(r"/api/v1/events/([^/?#]+)/live/?(?:\?[^#]*)?")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ONLY_ONCE = frozenset({"host", "origin", "sec-websocket-key", "sec-websocket-version"})
_PHRASES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    426: "Upgrade Required",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class UpgradeRequired(YourFault):
    """The live endpoint speaks WebSocket (version 13) only."""

    code = "upgrade_required"
    http_status = 426


class HeadTooLarge(YourFault):
    """The head of the request is longer than we keep."""

    code = "head_too_large"
    http_status = 431


class HeadTimeout(YourFault):
    """The head of the request did not come in time."""

    code = "head_timeout"
    http_status = 408


class Request(NamedTuple):
    """The head of a request. Header names are in lower case; repeated ones are joined by commas."""

    target: str
    headers: dict[str, str]

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Upgrade(NamedTuple):
    """The upgrade that was agreed upon."""

    key: str
    subprotocol: str

    @property
    def format(self) -> Format:
        return SUBPROTOCOLS[self.subprotocol]


def live_event_id(target: str) -> str | None:
    """The event whose live endpoint `target` is; None if it is none."""
    found = _LIVE_TARGET.fullmatch(target)
    return found[1] if found else None


def parse_request(head: bytes) -> Request:
    """The head of a GET request, up to its blank line. Raises `BadInput`."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[0] != "GET" or words[2] != "HTTP/1.1":
        raise BadInput("the request line is not that of a GET over HTTP/1.1")
    fields = (line.partition(":") for line in lines[1:] if line)
    return Request(words[1], collect_headers((name, value) for name, _, value in fields))


def collect_headers(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their lower-case names. Raises `BadInput` for those that can't be (RFC 9112 §5)."""
    headers: dict[str, str] = {}
    for name, value in fields:
        lower = name.lower()
        if not _TOKEN.fullmatch(name) or "\n" in value or "\r" in value or "\0" in value:
            raise BadInput("a header is malformed")
        if lower not in headers:
            headers[lower] = value.strip(" \t")
        elif lower in _ONLY_ONCE:
            raise BadInput(f"the header {name} is given twice")
        else:
            headers[lower] += ", " + value.strip(" \t")
    return headers


def negotiate(request: Request) -> Upgrade:
    """Check the upgrade (RFC 6455 §4.2.1). Raises `UpgradeRequired` or `BadInput`."""
    if "websocket" not in _words(request.header("upgrade")):
        raise UpgradeRequired("this address speaks WebSocket: send an upgrade request")
    if "upgrade" not in _words(request.header("connection")):
        raise BadInput("Connection must say Upgrade", field="Connection")
    if "host" not in request.headers:
        raise BadInput("Host is missing", field="Host")
    if request.header("sec-websocket-version") != "13":
        raise UpgradeRequired("this server speaks version 13", field="Sec-WebSocket-Version")
    key = request.header("sec-websocket-key")
    if not _is_key(key):
        raise BadInput("the key must be 16 bytes in base64", field="Sec-WebSocket-Key")
    return Upgrade(key, _choose(request.header("sec-websocket-protocol")))


def _choose(offered: str) -> str:
    """The first one offered that we know: the client's order is its preference."""
    for name in (word.strip() for word in offered.split(",")):
        if name in SUBPROTOCOLS:
            return name
    raise BadInput(
        "offer one of the subprotocols " + ", ".join(SUBPROTOCOLS), field="Sec-WebSocket-Protocol"
    )


def _words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",")}


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def accepted(upgrade: Upgrade) -> bytes:
    """The answer that switches protocols (RFC 6455 §4.2.2)."""
    digest = hashlib.sha1(upgrade.key.encode() + _KEY_SUFFIX, usedforsecurity=False).digest()
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n"
        f"Sec-WebSocket-Protocol: {upgrade.subprotocol}\r\n"
        "\r\n"
    ).encode()


def refusal_headers(error: ShowcallerError) -> dict[str, str]:
    """The headers of an answer that refuses the upgrade for `error`."""
    headers = {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "Connection": "close",
    }
    if error.http_status == 426:
        headers |= {
            "Upgrade": "websocket",
            "Connection": "Upgrade, close",
            "Sec-WebSocket-Version": "13",
        }
    if (after_s := problem(error).get("retry_after_s")) is not None:
        headers["Retry-After"] = str(after_s)
    return headers


def refused(error: ShowcallerError) -> bytes:
    """The whole answer that refuses the request for `error`, as problem+json."""
    body = msgspec.json.encode(problem(error))
    status = error.http_status
    headers = refusal_headers(error) | {"Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Error')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
