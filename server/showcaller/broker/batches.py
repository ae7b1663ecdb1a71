"""Group commit: what is asked for while one batch is on its way makes up the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from ..errors import Unavailable

MAX_BATCH = 256

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batches(Generic[Item, Result]):
    """Calls `send` with all items that wait, one call at a time, in order.

    `send` returns a result or an exception for each. If it raises, that goes to all of its batch;
    if it raises `Unavailable`, also to those that wait behind, who would fare no better.
    """

    def __init__(
        self, send: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]]
    ) -> None:
        self._send = send
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="appends")
        return await future

    async def close(self) -> None:
        """Give up what is on its way: it is unknown whether it happened."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    async def _send_all(self) -> None:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        try:
            while self._waiting:
                batch = list(islice(self._waiting, MAX_BATCH))
                for _ in batch:
                    self._waiting.popleft()
                await self._send_batch(batch)
        except asyncio.CancelledError:
            _fail([*batch, *self._waiting], Unavailable("the log is closed"))
            self._waiting.clear()
            raise
        finally:
            self._sending = None

    async def _send_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._send([item for item, _ in batch])
        except Unavailable as error:
            _fail([*batch, *self._waiting], error)
            self._waiting.clear()
        except Exception as error:
            _fail(batch, error)
        else:
            for (_, future), result in zip(batch, results, strict=True):
                _settle(future, result)


def _fail(batch: list[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
    for _, future in batch:
        _settle(future, error)


def _settle(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():  # the caller was cancelled
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
