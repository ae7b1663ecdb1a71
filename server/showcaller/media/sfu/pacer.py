"""The order in which batches leave: sound before pictures, and never for so long that packets wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..egress import Batch, Group

CHUNK_PACKETS = 512  # sent before the clock is looked at again
# a picture that has waited so long is not worth its bytes: repairs and keyframes follow
OVERDUE_S = 0.5
BEHIND_S = 0.04
TURN_S = 0.002  # then the loop may read what has come: sound among it


class Pacer:
    """Batches on their way to groups of viewers.

    `wait_writable` calls back when the port takes more; `clock` gives monotonic seconds, for turns are
    measured while they last.
    """

    def __init__(
        self, wait_writable: Callable[[Callable[[], None]], None], clock: Callable[[], float]
    ) -> None:
        self._sound: deque[_Job] = deque()
        self._pictures: deque[_Job] = deque()
        self.packets_dropped = 0
        self.busy_s = 0.0  # spent sending
        self._wait_writable = wait_writable
        self._clock = clock
        self._scheduled = False

    def send(self, group: Group, batch: Batch, *, sound: bool) -> None:
        (self._sound if sound else self._pictures).append(_Job(group, batch, self._clock()))
        if not self._scheduled:
            self._run()

    def behind(self) -> bool:
        """Return whether a picture has waited for longer than it is shown."""
        return bool(self._pictures) and (self._clock() - self._pictures[0].since_s > BEHIND_S)

    def _run(self) -> None:
        self._scheduled = False
        since_s = self._clock()
        self._drop_overdue(since_s - OVERDUE_S)
        self._send_until(since_s + TURN_S)
        self.busy_s += self._clock() - since_s

    def _send_until(self, until_s: float) -> None:
        while jobs := self._sound or self._pictures:
            job = jobs[0]
            if job.step():
                jobs.popleft()
            elif job.blocked:
                self._scheduled = True
                self._wait_writable(self._run)
                return
            if self._clock() > until_s and (self._sound or self._pictures):
                self._scheduled = True
                asyncio.get_running_loop().call_soon(self._run)
                return

    def _drop_overdue(self, since_s: float) -> None:
        while self._pictures and self._pictures[0].since_s < since_s:
            self.packets_dropped += self._pictures.popleft().abandon()


class _Job:
    """One batch for one group, which has one on its way at a time."""

    def __init__(self, group: Group, batch: Batch, since_s: float) -> None:
        self.since_s = since_s
        self._group = group
        self._batch = batch
        self._count = max(1, CHUNK_PACKETS // len(batch.sizes))
        self.blocked = False

    def step(self) -> bool:
        """Send to some more viewers; return true when all have it."""
        group = self._group
        aim = min(group.served + self._count, len(group))
        group.served = group.send(self._batch, group.served, self._count)
        self.blocked = group.served < aim
        if group.served < len(group):
            return False
        group.served = 0
        return True

    def abandon(self) -> int:
        """Give up. Returns how many packets, over all viewers, were not sent."""
        left = len(self._batch.sizes) * (len(self._group) - self._group.served)
        self._group.served = 0
        return left
