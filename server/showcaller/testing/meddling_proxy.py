"""A man in the middle who understands WebSockets: a test says what he does to whose messages."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable
from typing import Any, Self

Message = dict[str, Any]
Meddler = Callable[[Message], list[Message]]
"""Return what is sent in place of a message of the server's: itself, nothing, others."""

_TOKEN = re.compile(rb'"token":"[^."]+\.([^."]+)\.')
_TEXT = 0x81


class MeddlingProxy:
    """Listens on a free port of 127.0.0.1 and joins each connection to `target_port` there.

    `meddler_of` is asked once for each live connection, with the id of the person whose token it shows;
    None leaves the connection alone. Messages must be JSON, and clients' masks zero.
    """

    def __init__(self, target_port: int, meddler_of: Callable[[str], Meddler | None]) -> None:
        self.port = 0
        self._target_port = target_port
        self._meddler_of = meddler_of
        self._joined: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._joined:
            task.cancel()
        await asyncio.gather(*self._joined, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, target = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return
        link = _Link(self._meddler_of)
        await asyncio.gather(
            _pump(reader, target, link.from_client), _pump(answers, writer, link.from_server)
        )


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    through: Callable[[bytes], bytes],
) -> None:
    """Pass bytes on until one side is gone."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(through(data))
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class _Link:
    """One connection: whose it is shows when the client says hello."""

    def __init__(self, meddler_of: Callable[[str], Meddler | None]) -> None:
        self._meddler_of = meddler_of
        self._meddler: Meddler | None = None
        self._is_known = False
        self._rest = b""

    def from_client(self, data: bytes) -> bytes:
        if not self._is_known and (found := _TOKEN.search(data)):
            self._is_known = True
            claims = base64.urlsafe_b64decode(found[1] + b"=" * (-len(found[1]) % 4))
            self._meddler = self._meddler_of(json.loads(claims)["sub"])
        return data

    def from_server(self, data: bytes) -> bytes:
        """Nothing but the answer to the upgrade comes before the client's hello."""
        if self._meddler is None:
            return data
        frames, self._rest = _split(self._rest + data)
        return b"".join(self._meddled(first, payload) for first, payload in frames)

    def _meddled(self, first: int, payload: bytes) -> bytes:
        assert self._meddler is not None
        if first != _TEXT:
            return _frame(first, payload)
        messages = self._meddler(json.loads(payload))
        return b"".join(_frame(_TEXT, _encode(message)) for message in messages)


def _encode(message: Message) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _frame(first: int, payload: bytes) -> bytes:
    """Return a frame as a server writes it (RFC 6455 §5.2): without a mask."""
    size = len(payload)
    if size < 126:
        head = bytes((first, size))
    elif size < 1 << 16:
        head = bytes((first, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 127)) + size.to_bytes(8, "big")
    return head + payload


def _split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames in `data` as (first byte, payload), and what is left of it."""
    frames = []
    while len(data) >= 2:
        start = {126: 4, 127: 10}.get(data[1], 2)
        if len(data) < start:
            break
        size = data[1] if start == 2 else int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            break
        frames.append((data[0], data[start : start + size]))
        data = data[start + size :]
    return frames, data
