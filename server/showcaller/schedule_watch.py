"""Watching a schedule's file: once an edit has settled, it is offered to the producers."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from . import system
from .domain import facts
from .domain.schedule import Schedule
from .domain.schedule_diff import offer_id
from .errors import ShowcallerError
from .schedule_file import read_schedule
from .show.live_event import LiveEvent
from .show.settling import Settling

LOOK_EVERY_S = 2.0

log = logging.getLogger(__name__)


class ScheduleWatch:
    """The watch of one file. `read` is the schedule that the node began with."""

    def __init__(self, event: LiveEvent, path: Path, read: Schedule) -> None:
        self._event = event
        self._path = path
        self._settling = Settling()
        self._found = read
        self._stamp = _stamp(path)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except ShowcallerError as error:
                log.debug(error.for_operators, extra={"action": "schedule.unoffered"})

    async def _look(self) -> None:
        if (stamp := _stamp(self._path)) != self._stamp:
            self._stamp = stamp
            found, _ = await asyncio.to_thread(read_schedule, self._path, file_name=str(self._path))
            if found is None:
                said = f"{self._path} was edited and has errors: `showcaller check` tells them"
                log.warning(said, extra={"action": "schedule.invalid"})
                return
            self._found = found
        await self._offer()

    async def _offer(self) -> None:
        """Offer what the file holds, if it is another than what counts or is offered already."""
        sheet = self._event.state.runsheet
        if sheet is None:
            return
        settled = self._settling.see(self._found, sheet.schedule, system.monotonic_s())
        if settled is None or settled == (sheet.offered or sheet.schedule):
            return
        key = f"offer:{sheet.offers}:{sheet.revision}:{offer_id(settled)}"
        await self._event.append(facts.ScheduleOffered(schedule=settled), key)
        log.info("an edited schedule is offered", extra={"action": "schedule.offered"})


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
