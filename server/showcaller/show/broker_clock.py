"""Server time as this node estimates it: the one clock that clients and cues follow.

Cristian's algorithm: the reading with the shortest round trip among the recent ones wins, since its
error is at most half of that round trip. A reading that contradicts an earlier one by more than both
errors shows that a clock was set or stood still, or that another broker took over: the earlier ones go.

A step of the broker's clock is not followed. A node that knows server time by its own monotonic clock moves
it back to where it would be; that is settled in the broker once for all nodes, before any of them goes by
the wrong time. A node whose own clock stood still (its machine was paused) learns that from the others'
readings: it follows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from .. import metrics, system
from ..broker.base import STEP_MS, ClockReading, EventLog
from ..errors import ShowcallerError

log = logging.getLogger(__name__)

SAMPLE_EVERY_S = 1.0
SAMPLES_KEPT = 8
READING_ERROR_MS = 0.5  # brokers tell whole milliseconds
SURE_AFTER = 3  # readings that agree: then this node knows the time by itself
PROMPT_MS = 1_000  # a reading that took longer settles nothing
FORGOTTEN_MS = (
    60_000  # no node has run for so long: the machine's clock may have been set right meanwhile
)


class _Sample(NamedTuple):
    round_trip_ms: float
    offset_ms: float

    def contradicts(self, earlier: _Sample) -> bool:
        bounds_ms = (self.round_trip_ms + earlier.round_trip_ms) / 2 + 2 * READING_ERROR_MS
        return abs(self.offset_ms - earlier.offset_ms) > bounds_ms


class BrokerClock:
    """The broker's clock: this machine's monotonic clock, led to it."""

    def __init__(
        self, event_log: EventLog, monotonic_s: Callable[[], float] = system.monotonic_s
    ) -> None:
        self._log = event_log
        self._monotonic_s = monotonic_s
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT)
        self._agreeing = 0  # readings in a row that tell of no step
        self._offset_ms = system.wall_ms_exact() - monotonic_s() * 1000
        self._latest_ms = 0.0
        self.correction_ms = 0  # how far server time is ahead of the clock of the broker's machine

    def now_ms(self) -> float:
        """Milliseconds since the Unix epoch. It goes back only by more than a step, never by less."""
        now_ms = self._monotonic_s() * 1000 + self._offset_ms
        if now_ms < self._latest_ms - STEP_MS:
            self._latest_ms = now_ms
        self._latest_ms = max(self._latest_ms, now_ms)
        return self._latest_ms

    async def begin(self) -> None:
        """Take the first reading; give up a correction that no node has kept up. Raises as `sample`."""
        reading = await self._log.read_clock()
        if reading.correction_ms and _is_forgotten(reading):
            await asyncio.sleep(2 * SAMPLE_EVERY_S)  # a node that runs would settle it by then
            reading = await self._log.read_clock()
            if reading.correction_ms and _is_forgotten(reading):
                await self._log.settle_clock(reading, -reading.correction_ms)
        await self.sample()

    async def sample(self) -> None:
        """Compare with the broker once, and settle what is to be settled. Raises what reading it raises."""
        before_ms = self._monotonic_s() * 1000
        reading = await self._log.read_clock()
        sample = self._measured(before_ms, reading)
        if reading.unread_ms is not None:
            if not self._may_settle(sample):
                return self._adopt(sample, reading, keeps=self._is_sure)
            before_ms = self._monotonic_s() * 1000
            reading = await self._log.settle_clock(reading, self._moved_by_ms(sample, reading))
            sample = self._measured(before_ms, reading)
        self._adopt(sample, reading)
        return None

    @property
    def _is_sure(self) -> bool:
        return self._agreeing >= SURE_AFTER

    def _may_settle(self, sample: _Sample) -> bool:
        return self._is_sure and sample.round_trip_ms <= PROMPT_MS

    def _measured(self, before_ms: float, reading: ClockReading) -> _Sample:
        after_ms = self._monotonic_s() * 1000
        theirs_ms = reading.now_ms + READING_ERROR_MS
        return _Sample(after_ms - before_ms, theirs_ms - (before_ms + after_ms) / 2)

    def _moved_by_ms(self, sample: _Sample, reading: ClockReading) -> int:
        """Return by how much server time has to be moved to be where this node knows it to be."""
        by_ms = round(self._offset_ms - sample.offset_ms)
        if abs(by_ms) <= STEP_MS:
            return 0
        came_back = abs(reading.correction_ms + by_ms) <= STEP_MS
        return -reading.correction_ms if came_back else by_ms

    def _adopt(self, newest: _Sample, reading: ClockReading, *, keeps: bool = False) -> None:
        """Go by the reading; `keeps`: only if it contradicts nothing, since it may be of a wrong clock."""
        contradicts = any(newest.contradicts(earlier) for earlier in self._samples)
        if contradicts and keeps:
            return
        if contradicts:
            self._samples.clear()
            self._move(newest.offset_ms - self._offset_ms)
        self._agreeing += 1
        self._samples.append(newest)
        self._offset_ms = min(self._samples).offset_ms
        self._note(reading.correction_ms)

    def _move(self, by_ms: float) -> None:
        if abs(by_ms) > STEP_MS:
            self._agreeing = 0
            moved = "server time is another than was thought: this machine stood still, or a clock was set"
            log.warning(moved, extra={"action": "clock.moved", "by_s": round(by_ms / 1000, 3)})

    def _note(self, correction_ms: int) -> None:
        before_ms, self.correction_ms = self.correction_ms, correction_ms
        if abs(correction_ms - before_ms) <= STEP_MS:
            return
        metrics.CLOCK_STEPS.inc()
        told = {"action": "clock.stepped", "correction_s": round(correction_ms / 1000, 3)}
        if correction_ms:
            log.error("the clock of the log's machine was stepped; server time goes on", extra=told)
        else:
            log.warning("the clock of the log's machine is right again", extra=told)

    async def run(self) -> None:
        """Keep comparing. While the broker is away, the last estimate goes on."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            with contextlib.suppress(ShowcallerError):
                await self.sample()


def _is_forgotten(reading: ClockReading) -> bool:
    return reading.unread_ms is not None and abs(reading.unread_ms) > FORGOTTEN_MS
