"""A server that does as a test tells it, message by message: for what a well-behaved one never does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from showcaller_client.codec import SUBPROTOCOLS, Format, decode, encode

TEST_TIMEOUT_S = 45.0
FORMATS: dict[str, Format] = {name: format for format, name in SUBPROTOCOLS.items()}


class Peer:
    """One client's connection, as the script sees it."""

    def __init__(self, socket: ServerConnection, number: int) -> None:
        self.socket = socket
        self.number = number  # of the connection, from 1
        self.format = FORMATS[str(socket.subprotocol)]
        self.hello: dict[str, Any] = {}

    async def receive(self, op: str) -> dict[str, Any]:
        """The next message of that kind."""
        while True:
            message = decode(await self.socket.recv())
            if message["op"] == op:
                return message

    async def send(self, op: str, **fields: Any) -> None:
        await self.socket.send(encode({"op": op, **fields}, self.format))

    async def welcome(self, *, heartbeat_ms: int = 25_000, ttl_s: float = 3600) -> None:
        self.hello = await self.receive("hello")
        now_ms = time.time() * 1000
        await self.send(
            "welcome",
            event="e",
            person="p_1",
            name="Ada",
            roles=["attendee"],
            sessions=[],
            epoch="e0",
            head=0,
            now_ms=now_ms,
            heartbeat_ms=heartbeat_ms,
            expires_at_ms=now_ms + ttl_s * 1000,
            server="scripted",
        )

    async def reply(self, to: dict[str, Any], **result: Any) -> None:
        await self.send("reply", id=to["id"], ok=True, result=result)

    async def refuse(self, to: dict[str, Any], code: str, **more: Any) -> None:
        error = {"code": code, "message": f"no: {code}", "retry": False} | more
        await self.send("reply", id=to["id"], ok=False, error=error)

    async def snapshot(self, channel: str, offset: int = 0, **more: Any) -> None:
        empty = {"items": {}, "levels": {}, "reset": False}
        await self.send(
            "snapshot", **(empty | {"channel": channel, "epoch": "e0", "offset": offset} | more)
        )

    async def change(self, channel: str, offset: int, prev: int, **more: Any) -> None:
        change = {"channel": channel, "epoch": "e0", "offset": offset, "prev": prev, "at_ms": 0}
        await self.send("change", **(change | more))

    async def accept(self, offset: int = 0, mode: str = "snapshot") -> dict[str, Any]:
        """Take the next subscription; a new one gets an empty snapshot."""
        asked = await self.receive("subscribe")
        await self.reply(asked, channel=asked["channel"], mode=mode, epoch="e0", offset=offset)
        if mode == "snapshot":
            await self.snapshot(asked["channel"], offset)
        return asked

    async def close(self, code: int, reason: str = "") -> None:
        await self.socket.close(code, reason)

    async def gone(self) -> int:
        """Wait until the client has left; its close code."""
        await self.socket.wait_closed()
        assert self.socket.close_code is not None
        return self.socket.close_code


Script = Callable[[Peer], Awaitable[None]]
Gate = Callable[[ServerConnection, Request], Response | None]


@contextlib.asynccontextmanager
async def scripted(script: Script, gate: Gate | None = None) -> AsyncIterator[str]:
    """Serve `script` to each connection; yields the URL. What goes wrong in a script fails the test."""
    count, faults = 0, list[BaseException]()

    async def handle(socket: ServerConnection) -> None:
        nonlocal count
        count += 1
        try:
            await script(Peer(socket, count))
            await socket.wait_closed()
        except ConnectionClosed:
            pass
        except BaseException as fault:
            faults.append(fault)
            raise

    known = [Subprotocol(name) for name in FORMATS]
    async with serve(handle, "127.0.0.1", 0, subprotocols=known, process_request=gate) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with asyncio.timeout(TEST_TIMEOUT_S):
            yield f"http://127.0.0.1:{port}"
    if faults:
        raise faults[0]
