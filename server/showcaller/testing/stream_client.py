"""A client of the live protocol over HTTP, without any cleverness: a stream, and requests beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from .live_client import PATIENCE_S, Message


class StreamClient:
    """The messages of one stream, which `open_stream` gives."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def receive(self) -> Message:
        """Return the next message. Raises `EOFError` at the stream's end."""
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.answer.content.readline():
                if line.startswith(b"data: "):
                    message: Message = json.loads(line.removeprefix(b"data: "))
                    return message
        raise EOFError

    async def until(self, op: str, **wanted: Any) -> Message:
        """Return the next message of that kind with these fields; others are dropped."""
        while True:
            message = await self.receive()
            if message["op"] == op and wanted.items() <= message.items():
                return message


@asynccontextmanager
async def open_stream(
    url: str, token: str, *channels: str | dict[str, Any]
) -> AsyncIterator[StreamClient]:
    """Open a stream at a live endpoint. `channels` are names, or subscriptions as they are sent."""
    wanted = [{"id": one, "channel": one} if isinstance(one, str) else one for one in channels]
    body, headers = {"subscribe": wanted}, {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout, read_bufsize=1 << 24) as http,
        http.post(url, json=body, headers=headers) as answer,
    ):
        yield StreamClient(answer)
