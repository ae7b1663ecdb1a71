"""Attendance: how many were at each session, minute by minute, for whoever organised the event.

A sample a minute, of the sums that the audience channels show, is noted beside the log in a ring; of all
nodes the one that holds the lease notes it. It counts connections and names nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from .. import system
from ..errors import ShowcallerError
from .audience import AUDIENCE
from .live_event import LiveEvent

log = logging.getLogger(__name__)

SAMPLE_EVERY_S = 60.0
LEASE_MS = 150_000  # a node that is gone is followed by another one within some minutes
RING = "attendance"
KEPT = 20_160  # samples: two weeks of minutes
MINUTE_MS = 60_000


class Sample(Struct, frozen=True, kw_only=True):
    """The numbers of connections at `at_ms` (wall time): of all, and of each session that had some."""

    at_ms: int
    sockets: int
    sessions: dict[str, int]


class Attended(Struct, frozen=True, kw_only=True):
    """The attendance of a session, or of the whole event: over the minutes in which somebody was there."""

    peak: int
    average: float
    minutes: int
    first_ms: int
    last_ms: int
    peak_ms: int


_decode = msgspec.msgpack.Decoder(Sample).decode


class Attendance:
    """Notes one event's samples on this node, while it holds the lease for that."""

    def __init__(self, event: LiveEvent) -> None:
        self._event = event

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            await self.sample()

    async def sample(self) -> None:
        """Note how many are there now; nothing if nobody is, or another node does it."""
        found = self._event.audience.levels(system.monotonic_s())[AUDIENCE]
        sample = sample_of(found, int(self._event.wall_ms()))
        if not sample.sockets:
            return
        try:
            if (
                await self._event.log.acquire_lease(RING, self._event.audience.node, LEASE_MS)
                is not None
            ):
                await self._event.log.note(RING, [msgspec.msgpack.encode(sample)], KEPT)
        except ShowcallerError as error:  # a minute is missing then
            log.debug(error.for_operators, extra={"action": "attendance.unwritten"})


def sample_of(levels: dict[str, int], at_ms: int) -> Sample:
    """Return the sample that the levels of the channel `audience` make."""
    sessions = {
        key.removeprefix("session:"): count
        for key, count in levels.items()
        if key.startswith("session:") and count
    }
    return Sample(at_ms=at_ms, sockets=levels.get("sockets", 0), sessions=sessions)


async def read_samples(event: LiveEvent) -> list[Sample]:
    """Return all samples that are kept, the oldest first. Raises `errors.Unavailable`."""
    kept = await event.log.notes(RING)
    samples = await asyncio.to_thread(lambda: [_decode(data) for data in kept])
    return sorted(samples, key=lambda sample: sample.at_ms)


def attended(counts: Iterable[tuple[int, int]]) -> Attended | None:
    """Return what these counts (when, how many) come to; None if nobody was ever there."""
    there = [(at_ms, count) for at_ms, count in counts if count]
    if not there:
        return None
    peak_ms, peak = max(there, key=lambda one: (one[1], -one[0]))
    return Attended(
        peak=peak,
        average=round(sum(count for _, count in there) / len(there), 1),
        minutes=len(there),
        first_ms=there[0][0],
        last_ms=there[-1][0],
        peak_ms=peak_ms,
    )
