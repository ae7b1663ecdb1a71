"""Brokers in tests: connected for a block, and asked as patiently as a node asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from ..broker.base import Broker
from ..broker.connect import connect
from ..errors import Unavailable

PERSIST_S = 20.0
AGAIN_S = 0.05

T = TypeVar("T")


@contextlib.asynccontextmanager
async def connected(url: str, *, replicas: int = 0) -> AsyncIterator[Broker]:
    """A broker that is closed when the block is left."""
    broker = connect(url, replicas=replicas)
    try:
        yield broker
    finally:
        await broker.close()


async def persist(call: Callable[[], Awaitable[T]]) -> T:
    """Call again while it is `Unavailable`, as a caller would. Raises `TimeoutError` in the end."""
    async with asyncio.timeout(PERSIST_S):
        while True:
            try:
                return await call()
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
