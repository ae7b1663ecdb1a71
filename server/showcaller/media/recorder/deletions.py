"""Deleting recordings: of a session, of one person in it, and those that are older than they may be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec

from ... import system
from ...errors import ShowcallerError
from ...recording import layout
from ...recording.part import Take
from ...recording.storage import Storage
from .outbox import Outbox

log = logging.getLogger(__name__)

AGAIN_S = 5.0  # where the store could not be reached
DAY_MS = 86_400_000
RETAIN_EVERY_S = 3_600.0


class Deletions:
    """Deletes what it is told to, once, and again until the store has done so."""

    def __init__(self, storage: Storage, outbox: Outbox) -> None:
        self._storage = storage
        self._outbox = outbox
        self._begun: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._retaining = ("", 0)

    def begin(self, folder: str, person: str) -> None:
        """Delete what is below a session's folder, of one person or ("") of everybody."""
        if (folder, person) not in self._begun:
            self._begun.add((folder, person))
            self._spawn(self._delete(folder, person))

    def retain(self, folder: str, days: int) -> None:
        """Delete below an event's folder, now and each hour, what is older than so many days; 0: nothing."""
        if days and self._retaining != (folder, days):
            self._retaining = folder, days
            self._spawn(self._retain(folder, days))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _delete(self, folder: str, person: str) -> None:
        while True:
            try:
                folders = await takes_of(self._storage, folder, person) if person else [folder]
                for one in folders:
                    await self._delete_all(one)
                return
            except ShowcallerError as error:
                log.warning(error.for_operators, extra={"action": "recording.not_deleted"})
                await asyncio.sleep(AGAIN_S)

    async def _delete_all(self, folder: str) -> None:
        """Delete a folder, and what was on its way there meanwhile."""
        await self._outbox.forget(folder)
        if count := await self._storage.delete_below(folder):
            about = {"action": "recording.deleted", "folder": folder, "objects": count}
            log.info("recordings were deleted", extra=about)

    async def _retain(self, folder: str, days: int) -> None:
        while self._retaining == (folder, days):
            try:
                for one in await too_old(self._storage, folder, system.wall_ms() - days * DAY_MS):
                    await self._delete_all(one)
            except ShowcallerError as error:
                log.warning(error.for_operators, extra={"action": "recording.not_deleted"})
            await asyncio.sleep(RETAIN_EVERY_S)


async def takes_of(storage: Storage, folder: str, person: str) -> list[str]:
    """Return the folders of one person's takes below a session's folder, and of all films there."""
    found = []
    for stored in await storage.list_below(folder):
        if stored.name.endswith(f"/{layout.FILM}"):
            found.append(stored.name.rpartition("/")[0])
        if stored.name.endswith(f"/{layout.TAKE}"):
            take = msgspec.json.decode(await storage.get(stored.name), type=Take)
            if take.person == person:
                found.append(take.folder)
    return found


async def too_old(storage: Storage, folder: str, before_ms: int) -> list[str]:
    """Return the folders of takes and films below an event's that began before then."""
    return [
        take
        for stored in await storage.list_below(folder)
        if stored.name.endswith((f"/{layout.TAKE}", f"/{layout.FILM}"))
        and (began_ms := layout.began_ms(take := stored.name.rpartition("/")[0])) is not None
        and began_ms < before_ms
    ]
