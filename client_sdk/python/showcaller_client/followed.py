"""A followed channel as programs see it: what it holds, its updates, and waiting for a condition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from .errors import FellBehind, ShowcallerClientError
from .follower import Follower, Update

MAX_UNREAD = 5_000  # updates

_End = ShowcallerClientError | None
Reader = asyncio.Queue[Update | _End]


class Followed:
    """One channel's state as the server shows it, kept current across reconnects.

    `async for update in followed` yields the whole state first, then every update exactly once; it
    ends when the channel is unfollowed and raises what ended the client otherwise. The first such loop
    begins where `follow` did, so that nothing is lost in between; a later one begins where things are.
    """

    def __init__(self, channel: str) -> None:
        self.follower = Follower(channel)
        self._moved = asyncio.Event()
        self._ended = False
        self._error: _End = None
        self._readers: set[Reader] = set()
        self._first_reader: Reader | None = self._new_reader()

    @property
    def channel(self) -> str:
        return self.follower.channel

    @property
    def items(self) -> Mapping[str, Any]:
        """The channel's items by key. Read only; replaced in place as updates come."""
        return self.follower.items

    @property
    def levels(self) -> Mapping[str, float]:
        """The channel's levels by key, such as each question's votes."""
        return self.follower.levels

    async def wait_until(
        self, predicate: Callable[[Followed], bool], timeout_s: float | None = 30.0
    ) -> None:
        """Return as soon as `predicate` holds. Raises `TimeoutError`, or what ended the client."""
        async with asyncio.timeout(timeout_s):
            while not self._shows(predicate):
                if self._ended:
                    raise self._error or ShowcallerClientError(f"{self.channel} is unfollowed")
                await self._moved.wait()

    async def __aiter__(self) -> AsyncIterator[Update]:
        reader, self._first_reader = self._first_reader, None
        try:
            if reader is None:
                reader = self._new_reader()
                yield self.follower.whole()
            while reader in self._readers or not reader.empty():
                update = await reader.get()
                if not isinstance(update, Update):
                    break
                yield update
        finally:
            if reader is not None:
                self._readers.discard(reader)
        if self._error is not None:
            raise self._error
        if not self._ended:
            raise FellBehind(f"{MAX_UNREAD} updates of {self.channel} waited unread")

    def deliver(self, update: Update | None) -> None:
        """Pass on what the follower made of a message. For the client."""
        if update is None:
            return
        for reader in list(self._readers):
            if reader.full():
                self._readers.discard(reader)
                self._first_reader = None if reader is self._first_reader else self._first_reader
            else:
                reader.put_nowait(update)
        self._wake()

    def end(self, error: _End = None) -> None:
        """End all readers: no more will come. For the client."""
        if self._ended:
            return
        self._ended, self._error = True, error
        for reader in self._readers:
            if not reader.full():  # a full one ends when it has been read
                reader.put_nowait(None)
        self._readers.clear()
        self._wake()

    def _new_reader(self) -> Reader:
        reader: Reader = asyncio.Queue(MAX_UNREAD)
        if not self._ended:
            self._readers.add(reader)
        return reader

    def _shows(self, predicate: Callable[[Followed], bool]) -> bool:
        return self.follower.epoch is not None and predicate(self)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
