"""The one thread that touches a SQLite database, and its group commit.

    writer = Writer(connection)
    count = await writer.run(lambda db: db.execute("…").fetchone()[0])

Whatever waits when the thread comes round shares one transaction, hence one fsync. An action that
raises anything but `sqlite3.Error` must do so before it writes: its neighbours are committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from ..errors import ShowcallerError, StorageFull, Unavailable

MAX_ACTIONS_A_COMMIT = 512

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]


class _Job(NamedTuple):
    action: Action[Any]
    committed: Callable[[Any], None] | None
    future: asyncio.Future[Any]


class _Settled(NamedTuple):
    job: _Job
    result: Any
    error: Exception | None


class Writer:
    """Owns `connection` (autocommit mode, any thread) until `close`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="sqlite writer", daemon=True)
        self._thread.start()

    async def run(self, action: Action[T], committed: Callable[[T], None] | None = None) -> T:
        """Return what `action` returns, once it is committed.

        `committed` is called with it first, on the event loop, in the order of the transactions,
        even if nobody waits for the result any more. Raises `StorageFull`, `Unavailable`.
        """
        if self._closed:
            raise Unavailable("the log is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(action, committed, future))
        return await future

    async def close(self) -> None:
        """Finish what was asked for, then end the thread and the connection."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while jobs := self._next_jobs():
            _tell(self._settle(jobs))
        self._db.close()

    def _next_jobs(self) -> list[_Job]:
        """All that wait, at least one; none when the end was reached."""
        job = self._jobs.get()
        jobs: list[_Job] = []
        while job is not None:
            jobs.append(job)
            if len(jobs) == MAX_ACTIONS_A_COMMIT or self._jobs.empty():
                return jobs
            job = self._jobs.get()
        if jobs:
            self._jobs.put(None)  # the end, met behind the last jobs: come back to it
        return jobs

    def _settle(self, jobs: list[_Job]) -> list[_Settled]:
        try:
            with self._transaction():
                return [self._try(job) for job in jobs]
        except sqlite3.Error as error:
            if len(jobs) == 1:
                return [_Settled(jobs[0], None, translate(error))]
        # Nothing of this was committed. One by one, each gets the fate it deserves.
        return [settled for job in jobs for settled in self._settle([job])]

    def _try(self, job: _Job) -> _Settled:
        try:
            return _Settled(job, job.action(self._db), None)
        except sqlite3.Error:
            raise
        except Exception as error:
            return _Settled(job, None, error)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _tell(settled: list[_Settled]) -> None:
    loop = settled[0].job.future.get_loop()
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(_resolve, settled)


def _resolve(settled: list[_Settled]) -> None:
    for job, result, error in settled:
        if error is None and job.committed is not None:
            job.committed(result)
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)


def translate(error: sqlite3.Error) -> ShowcallerError:
    """Return our error for SQLite's."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return StorageFull("the disk is full: free some space, writing goes on by itself")
    return Unavailable(f"SQLite can't do this: {error}")
