"""One epoll and a few clocks: what happens, happens inside `run_for` and `run_until`."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

EVENTS_AT_ONCE = 256
LONGEST_WAIT_S = 0.01


class Loop:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._clocks: list[Clock] = []

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back whenever there is something to read."""
        self._callbacks[fd] = callback
        self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def every(self, seconds: float, callback: Callable[[], None]) -> Clock:
        clock = Clock(seconds, callback)
        self._clocks.append(clock)
        return clock

    def stop(self, clock: Clock) -> None:
        self._clocks.remove(clock)

    def run_for(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self.turn(left_s)

    def run_until(self, done: Callable[[], bool], within_s: float, what: str) -> None:
        """Raises `TimeoutError`."""
        deadline_s = time.monotonic() + within_s
        while not done():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{what}: not within {within_s:g} s")
            self.turn(LONGEST_WAIT_S)

    def turn(self, wait_s: float) -> None:
        for fd, _ in self._epoll.poll(min(wait_s, LONGEST_WAIT_S), EVENTS_AT_ONCE):
            if callback := self._callbacks.get(fd):
                callback()
        now_s = time.monotonic()
        for clock in list(self._clocks):
            clock.run(now_s)

    def close(self) -> None:
        self._epoll.close()


class Clock:
    def __init__(self, every_s: float, callback: Callable[[], None]) -> None:
        self._every_s, self._callback = every_s, callback
        self._due_s = time.monotonic() + every_s

    def run(self, now_s: float) -> None:
        """Make up for what was missed, but at most twice at a time."""
        for _ in range(2):
            if now_s < self._due_s:
                return
            self._due_s += self._every_s
            self._callback()
        self._due_s = max(self._due_s, now_s)
