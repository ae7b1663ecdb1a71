"""A TCP proxy for tests: changes its target, and breaks connections in the middle of an answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Self

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing sends RST


class TcpProxy:
    """Listens on a free port of 127.0.0.1 and joins each connection to `target_port` of `target_host`."""

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self.target_port = target_port
        self.target_host = target_host
        self.port = 0
        self.resets = 0
        self._reset_next_answer = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def reset_next_answer(self) -> None:
        """Pass on half of what the target says next, then reset that connection on both sides."""
        self._reset_next_answer = True

    def reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        self.reset_all()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, target = await asyncio.open_connection(self.target_host, self.target_port)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, target}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._ask(reader, target), self._answer(answers, writer, target))
        self._writers -= {writer, target}
        writer.close()
        target.close()

    async def _ask(self, reader: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            target.write(data)
            await target.drain()
        target.close()

    async def _answer(
        self,
        answers: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: asyncio.StreamWriter,
    ) -> None:
        while data := await answers.read(65536):
            if self._reset_next_answer:
                self._reset_next_answer = False
                self.resets += 1
                writer.write(data[: len(data) // 2])
                await writer.drain()
                _reset(writer)
                _reset(target)
                return
            writer.write(data)
            await writer.drain()
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket | None = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
