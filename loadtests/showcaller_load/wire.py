"""WebSocket frames and messages, read and written as sparingly as a generator of load can afford."""

from __future__ import annotations

import base64
import os

PONG = b"\x8a\x80\0\0\0\0"
TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89


def upgrade_request(
    port: int, event: str, *, host: str = "127.0.0.1", format: str = "json"
) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET /api/v1/events/{event}/live HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: showcaller.v1+{format}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def text_frame(payload: bytes, first: int = TEXT) -> bytes:
    """A client's frame. Its mask is zero, which is valid and costs us nothing."""
    size = len(payload)
    if size < 126:
        return bytes((first, 0x80 | size, 0, 0, 0, 0)) + payload
    return bytes((first, 0xFE)) + size.to_bytes(2, "big") + b"\0\0\0\0" + payload


def split_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames in `data` as (first byte, payload), and what is left of it."""
    frames, at, end = [], 0, len(data)
    while end - at >= 2:
        size, start = data[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        if start > end or start + size > end:
            break
        frames.append((data[at], data[start : start + size]))
        at = start + size
    return frames, data[at:]


def frame_bytes(data: bytes) -> int:
    """Bytes of the first frame in `data`, head included; while they are not known, more than there are."""
    if len(data) < 2:
        return 2
    size = data[1]
    if size < 126:
        return 2 + size
    start = 4 if size == 126 else 10
    return start + int.from_bytes(data[2:start], "big") if len(data) >= start else start


def close_reason(payload: bytes) -> str:
    return f"{int.from_bytes(payload[:2], 'big')} {payload[2:].decode(errors='replace')}"
