"""Follows a log's tail in a task and keeps what it tells, as a node would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ..broker.base import Entry, EventLog


class TailReader:
    """`epochs`: all that were told, in order. `entries`: those of the log as it is now, from `after` on."""

    def __init__(self, log: EventLog, after: int = 0, epoch: str | None = None) -> None:
        self.epochs: list[str] = []
        self.entries: list[Entry] = []
        self.times_anew = 0  # so often the log was another one
        self._tail = log.tail(after, epoch)

    async def run(self) -> None:
        async for epoch, entries, anew in self._tail:
            if self.epochs[-1:] != [epoch]:
                self.epochs.append(epoch)
            if anew:
                self.times_anew += 1
                self.entries.clear()
            self.entries += entries

    def keys(self) -> list[str]:
        return [entry.key for entry in self.entries]


@contextlib.asynccontextmanager
async def reading(
    log: EventLog, after: int = 0, epoch: str | None = None
) -> AsyncIterator[TailReader]:
    """A reader that runs until the block is left. If its tail failed, that is raised there."""
    reader = TailReader(log, after, epoch)
    task = asyncio.create_task(reader.run(), name="tail reader")
    try:
        yield reader
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
