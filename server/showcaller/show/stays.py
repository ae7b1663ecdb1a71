"""Stays of one event: each node tells once a minute who is there; the one with the lease keeps the book.

The book (`domain/stays.py`) is kept as records beside the log, in shards, and never passes through the fold:
nothing that anybody does follows from it. Its keeper has it in memory and writes the shards that changed.
When the keeper is gone, another node reads what was kept and goes on; the minutes between are bridged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

import msgspec

from ..broker.base import EventLog, Lease
from ..domain.ids import PersonId
from ..domain.schedule import MINUTE_MS
from ..domain.stays import SHARDS, Shard, Stay, StayBook, shard_of
from ..errors import ShowcallerError
from ..pace import Pace
from .live_event import LiveEvent

log = logging.getLogger(__name__)

Here = dict[str, list[PersonId]]  # who is at each session, and at the event
TOPIC = LEASE = RECORD_KIND = "stays"
BEAT_S = 60.0
LEASE_MS = 150_000  # a keeper that is gone is followed by another one before a gap ends stays

_encode = msgspec.msgpack.Encoder().encode
_decode_here = msgspec.msgpack.Decoder(Here).decode
_decode_shard = msgspec.msgpack.Decoder(Shard).decode


class StayKeeper:
    """One node's part in it. `here` yields who is there, some connections at a time."""

    def __init__(self, event: LiveEvent, here: Callable[[], Iterator[Here]]) -> None:
        self._event = event
        self._here = here
        self._lease: Lease | None = None
        self._book: StayBook | None = None  # of the keeper
        self._epoch = ""  # of the log beside which all of the book was written

    async def run(self) -> None:
        """Beat until cancelled; then leave the book written, for whoever is next."""
        await self._event.hear(TOPIC, self.hear)
        try:
            while True:
                await self.beat()
                await asyncio.sleep(BEAT_S)
        finally:
            await self._leave()

    async def beat(self) -> None:
        """Tell who is here; keep the book, if no other node does."""
        try:
            await self._settle()
            await self._tell()
            await self._write()
        except ShowcallerError as error:  # the next beat makes it good
            log.debug(error.for_operators, extra={"action": "stays.unwritten"})

    def hear(self, data: bytes) -> None:
        """Mark those whom a node tells of."""
        if self._book is None:
            return
        minute = int(self._event.wall_ms()) // MINUTE_MS
        erased = self._event.state.people.erased
        for session, people in _decode_here(data).items():
            for person in people:
                if person not in erased:
                    self._book.mark(person, session, minute)

    async def _settle(self) -> None:
        """Become the keeper if there is none, and stop being it if there is another one."""
        log_, node = self._event.log, self._event.audience.node
        before, self._lease = self._lease, await log_.acquire_lease(LEASE, node, LEASE_MS)
        if self._lease is None or (before is not None and before.fence != self._lease.fence):
            self._book = None
        if self._lease is not None and self._book is None:
            self._book, self._epoch = await read_book(log_), self._event.epoch
        if self._book is not None and self._epoch != self._event.epoch:
            self._book.changed, self._epoch = set(range(SHARDS)), self._event.epoch

    async def _tell(self) -> None:
        for here in self._here():
            await self._event.log.publish(TOPIC, _encode(here))

    async def _write(self) -> None:
        """Write what changed, without those who were erased meanwhile."""
        if self._book is None:
            return
        for person in self._event.state.people.erased:
            self._book.forget(person)
        book = self._book
        for number in sorted(book.changed):
            book.changed.discard(number)
            try:
                await _put(self._event.log, number, book.shard(number))
            except ShowcallerError:
                book.changed.add(number)
                raise

    async def _leave(self) -> None:
        if self._lease is None:
            return
        try:
            await self._write()
            await self._event.log.release_lease(self._lease)
        except ShowcallerError as error:
            log.debug(error.for_operators, extra={"action": "stays.unwritten"})


async def read_book(event_log: EventLog) -> StayBook:
    """Return the book as it was kept last. Raises `errors.Unavailable`."""
    kept = await event_log.get_records(RECORD_KIND, [str(number) for number in range(SHARDS)])
    book, pace = StayBook(), Pace()
    for data in kept:
        if data is not None:
            book.take_in(_decode_shard(data))
        await pace.breathe()
    return book


async def read_stays(event_log: EventLog, person: PersonId) -> list[Stay]:
    """Return one person's stays as they were kept last. Raises `errors.Unavailable`."""
    (data,) = await event_log.get_records(RECORD_KIND, [str(shard_of(person))])
    book = StayBook()
    if data is not None:
        book.take_in(_decode_shard(data))
    return book.of(person)


async def erase_stays(event_log: EventLog, person: PersonId) -> None:
    """Take a person out of what is kept; the keeper forgets them by the fact that says so.

    Raises `errors.Unavailable`, `errors.StorageFull`.
    """
    number = shard_of(person)
    (data,) = await event_log.get_records(RECORD_KIND, [str(number)])
    shard = _decode_shard(data) if data is not None else Shard([], {})
    if shard.people.pop(person, None) is not None:
        await _put(event_log, number, shard)


async def _put(event_log: EventLog, number: int, shard: Shard) -> None:
    await event_log.put_record(RECORD_KIND, str(number), _encode(shard))
