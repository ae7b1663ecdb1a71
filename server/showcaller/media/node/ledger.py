"""Facts on their way to the log, in order: each is sent again until the log has it."""

from __future__ import annotations

import asyncio
import logging

from ...domain.facts import Fact
from ...errors import ShowcallerError
from ...show.live_event import LiveEvent

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1.0


class Ledger:
    """Appends what media has to tell without keeping media waiting."""

    def __init__(self, event: LiveEvent) -> None:
        self._event = event
        self._queue: asyncio.Queue[tuple[Fact, str]] = asyncio.Queue()

        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="media ledger")

    async def stop(self, within_s: float) -> None:
        """Stop when everything noted is in the log, or when `within_s` are over."""
        try:
            async with asyncio.timeout(within_s):
                await self._queue.join()
        except TimeoutError:
            log.warning("media facts were not written", extra={"action": "media.facts_lost"})
        if self._task is not None:
            self._task.cancel()

    def note(self, fact: Fact, key: str) -> None:
        self._queue.put_nowait((fact, key))

    async def _run(self) -> None:
        while True:
            fact, key = await self._queue.get()
            await self._append(fact, key)
            self._queue.task_done()

    async def _append(self, fact: Fact, key: str) -> None:
        while True:
            try:
                await self._event.append(fact, key)
                return
            except ShowcallerError as error:
                if not error.retry:
                    log.error(error.message, extra={"action": "media.fact_refused", "key": key})
                    return
                await asyncio.sleep(RETRY_AFTER_S)
