"""Objects on their way to the store: a bounded buffer, for nothing may wait for a disk or a network."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import NamedTuple

from ... import system
from ...errors import ShowcallerError
from ...recording.storage import Storage

log = logging.getLogger(__name__)

MAX_WAITING_BYTES = 128 << 20  # some minutes of several talks
AT_ONCE = 8
FIRST_RETRY_S, MAX_RETRY_S = 0.2, 5.0


class _Waiting(NamedTuple):
    name: str
    data: bytes


class Outbox:
    """Puts objects to `storage`, again and again until it takes them. `start` it, `stop` it."""

    def __init__(self, storage: Storage, *, max_bytes: int = MAX_WAITING_BYTES) -> None:
        self.waiting_bytes = 0
        self.stored = 0  # objects
        self.stored_bytes = 0
        self._storage = storage
        self._max_bytes = max_bytes
        self._queue: deque[_Waiting] = deque()
        self._came = asyncio.Event()
        self._failing_since_s: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._underway: dict[str, asyncio.Future[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(AT_ONCE)]

    async def stop(self, within_s: float) -> None:
        """Stop once all is stored, or `within_s` are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, name: str, data: bytes, *, needed: bool = False) -> bool:
        """Take an object; return false, and take nothing, when too much waits already.

        `needed` ones are small and always taken: what tells what the others are.
        """
        if not needed and self.waiting_bytes + len(data) > self._max_bytes:
            return False
        self._queue.append(_Waiting(name, data))
        self.waiting_bytes += len(data)
        self._came.set()
        self._idle.clear()
        return True

    async def forget(self, folder: str) -> None:
        """Store nothing below a folder of what still waits; return when what is on its way is there."""
        kept = [one for one in self._queue if not one.name.startswith(folder + "/")]
        gone = sum(len(one.data) for one in self._queue) - sum(len(one.data) for one in kept)
        self.waiting_bytes -= gone
        self._queue = deque(kept)
        underway = [one for name, one in self._underway.items() if name.startswith(folder + "/")]
        if underway:
            await asyncio.wait(underway)

    def failing_s(self, now_s: float) -> float:
        """Return for how long the store has taken nothing; 0: it takes what comes."""
        return 0.0 if self._failing_since_s is None else now_s - self._failing_since_s

    async def _work(self) -> None:
        while True:
            while not self._queue:
                self._came.clear()
                await self._came.wait()
            one = self._queue.popleft()
            done = self._underway[one.name] = asyncio.get_running_loop().create_future()
            try:
                await self._store(one)
            finally:
                done.set_result(None)
                del self._underway[one.name]
            if not self._underway and not self._queue:
                self._idle.set()

    async def _store(self, one: _Waiting) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await self._storage.put(one.name, one.data)
                break
            except ShowcallerError as error:
                self._note_failing(error)
                await asyncio.sleep(retry_s)
                retry_s = min(MAX_RETRY_S, 2 * retry_s)
        self.waiting_bytes -= len(one.data)
        self.stored += 1
        self.stored_bytes += len(one.data)
        if self._failing_since_s is not None:
            self._failing_since_s = None
            log.info("recordings are stored again", extra={"action": "recording.stored_again"})

    def _note_failing(self, error: ShowcallerError) -> None:
        if self._failing_since_s is None:
            self._failing_since_s = system.monotonic_s()
            log.error(error.for_operators, extra={"action": "recording.not_stored"})
