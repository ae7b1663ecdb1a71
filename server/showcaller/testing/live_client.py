"""A client of the live protocol on third parties' WebSocket and MessagePack, without any cleverness."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgpack  # type: ignore[import-untyped]
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

PATIENCE_S = 20.0

Message = dict[str, Any]


class LiveClient:
    """`ws` is a connection that was opened with one of the live protocol's subprotocols."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.is_json = (ws.subprotocol or "").endswith("json")
        self.welcome: Message = {}
        self._ids = 0

    async def send(self, op: str, **fields: Any) -> None:
        message = {"op": op} | fields
        await self.ws.send(json.dumps(message) if self.is_json else msgpack.packb(message))

    async def receive(self) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            data = await self.ws.recv()
        assert isinstance(data, str) == self.is_json
        message: Message = json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)
        return message

    async def until(self, op: str, **wanted: Any) -> Message:
        """The next message of that kind with these fields; others are dropped."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.receive()
                if message["op"] == op and wanted.items() <= message.items():
                    return message

    async def ask(self, op: str, **fields: Any) -> Message:
        """Send it with an id; the reply."""
        self._ids += 1
        await self.send(op, id=str(self._ids), **fields)
        return await self.until("reply", id=str(self._ids))

    async def hello(self, token: str) -> Message:
        await self.send("hello", token=token)
        self.welcome = await self.until("welcome")
        return self.welcome

    async def follow(self, channel: str) -> tuple[Message, Message]:
        """The reply's result and the snapshot."""
        reply = await self.ask("subscribe", channel=channel)
        assert reply["ok"], reply
        return reply["result"], await self.until("snapshot", channel=channel)

    async def command(self, name: str, **args: Any) -> Message:
        return await self.ask("command", name=name, args=args)

    async def closed(self) -> tuple[int | None, str | None]:
        """Wait until the server closes: the code and the reason."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await self.ws.recv()
        except ConnectionClosed:
            return self.ws.close_code, self.ws.close_reason
