"""The embedded broker: every log of one process in one SQLite file.

Nothing that was acknowledged is lost to `kill -9` or to a power cut (WAL, `synchronous=FULL`).
Appends that wait at the same time share one transaction (`sqlite_writer`). The file has one owner,
so what is ephemeral (messages, windowed counters) lives in this process alone.

An epoch is of one process: who opens the file begins one, for its end may be gone, or it may be a copy
that was put back. If it is as the last process left it (`sqlite_left`), the log goes on as it was.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import islice
from pathlib import Path

from .. import system
from ..errors import ConfigError, NotFound, ShowcallerError, StorageFull, Unavailable, at_start
from . import sqlite_left
from .base import Appended, Batch, ClockReading, Counted, Entry, Lease, NotYet, Overdue, Position
from .sqlite_epochs import HEAD, Begun, begin_epochs, begin_log
from .sqlite_writer import Writer
from .steady_clock import SteadyClock
from .topics import Handler, Topics

MEMORY = ":memory:"
SCHEMA_VERSION = 1
RECENT_ENTRIES = 1024  # kept in memory a log, so that a tail seldom asks the file
COUNTERS_BEFORE_PRUNING = 10_000

_PRAGMAS = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;  -- what is erased must not linger in free pages
    PRAGMA busy_timeout = 5000;  -- an administrator's backup may read meanwhile
"""

_SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS logs (
        id INTEGER PRIMARY KEY, event TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS entries (
        log INTEGER NOT NULL, offset INTEGER NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (log, offset), UNIQUE (log, key));
    CREATE TABLE IF NOT EXISTS snapshots (
        log INTEGER NOT NULL, fold_version INTEGER NOT NULL, offset INTEGER NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (log, fold_version));
    CREATE TABLE IF NOT EXISTS leases (
        log INTEGER NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, fence INTEGER NOT NULL,
        until_ms INTEGER NOT NULL, PRIMARY KEY (log, name));
    CREATE TABLE IF NOT EXISTS records (
        log INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (log, kind, id));
    CREATE TABLE IF NOT EXISTS notes (
        log INTEGER NOT NULL, ring TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (log, ring, number));
    CREATE TABLE IF NOT EXISTS epochs (
        id INTEGER PRIMARY KEY, log INTEGER NOT NULL, epoch TEXT NOT NULL, ended INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS probe (data BLOB NOT NULL);
    PRAGMA user_version = {SCHEMA_VERSION};
"""


class SqliteBroker:
    """The logs in the file at `path` (made if missing), or in memory for `:memory:`.

    Raises `Unavailable` if another process owns the file, `StorageFull`, or `ConfigError` if it can't be
    used.
    """

    def __init__(self, path: str) -> None:
        self._clock = SteadyClock(system.wall_ms, system.monotonic_s)
        self._path = None if path == MEMORY else Path(path)
        self._lock = None if self._path is None else _own(self._path)
        try:
            as_left = self._path is not None and sqlite_left.is_as_left(self._path)
            self._writer = Writer(_open_database(path, as_left))
        except ShowcallerError:
            self._release()
            raise
        self._logs: dict[str, SqliteLog] = {}

    async def open(self, event_id: str) -> SqliteLog:
        if event_id not in self._logs:
            begun = await self._writer.run(lambda db: begin_log(db, event_id))
            opened = SqliteLog(self._writer, begun, self._clock)
            self._logs.setdefault(event_id, opened)  # another task may have been faster
        return self._logs[event_id]

    async def events(self) -> list[str]:
        return await self._writer.run(
            lambda db: [event for (event,) in db.execute("SELECT event FROM logs ORDER BY event")]
        )

    async def check(self) -> list[str]:
        """Write a little, for real; what is written is on the disk."""
        await self._writer.run(_probe)
        return []

    async def close(self) -> None:
        await self._writer.close()
        for opened in self._logs.values():
            opened.end()
        if self._path is not None:
            sqlite_left.leave(self._path)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()


class SqliteLog:
    """One event's log. There is one object a log and process, since tails share its memory."""

    def __init__(self, writer: Writer, begun: Begun, clock: SteadyClock) -> None:
        self._writer = writer
        self._log, self._epoch, self._ends = begun
        self._clock = clock
        self._recent: deque[Entry] = deque(maxlen=RECENT_ENTRIES)
        self._tails: set[asyncio.Event] = set()
        self._ended = False
        self._topics = Topics()
        self._counters = _Counters()

    def end(self) -> None:
        """End the tails: the broker is closed."""
        self._ended = True
        self._wake_tails()

    # The log ------------------------------------------------------------------------------------

    async def append(
        self,
        key: str,
        data: bytes,
        *,
        not_before_ms: int | None = None,
        not_after_ms: int | None = None,
    ) -> Appended:
        def place(db: sqlite3.Connection) -> tuple[Entry, bool]:
            known = self._find(db, key)
            if known is not None:
                return known, True
            return self._insert(db, key, data, self._now_within(not_before_ms, not_after_ms)), False

        entry, duplicate = await self._writer.run(place, self._committed)
        return Appended(Position(self._epoch, entry.offset), entry.at_ms, duplicate)

    async def has(self, key: str) -> bool:
        return await self._writer.run(lambda db: self._find(db, key)) is not None

    def _find(self, db: sqlite3.Connection, key: str) -> Entry | None:
        row = db.execute(
            "SELECT offset, at_ms FROM entries WHERE log = ? AND key = ?", (self._log, key)
        ).fetchone()
        return row and Entry(row[0], key, row[1], b"")

    def _now_within(self, not_before_ms: int | None, not_after_ms: int | None) -> int:
        """Return the time. Raises `NotYet`, `Overdue`."""
        now_ms = self._clock.now_ms()
        if not_before_ms is not None and now_ms < not_before_ms:
            raise NotYet(not_before_ms - now_ms)
        if not_after_ms is not None and now_ms > not_after_ms:
            raise Overdue(now_ms - not_after_ms)
        return now_ms

    def _insert(self, db: sqlite3.Connection, key: str, data: bytes, now_ms: int) -> Entry:
        entry = Entry(self._head(db) + 1, key, now_ms, bytes(data))
        db.execute(
            "INSERT INTO entries (log, offset, key, at_ms, data) VALUES (?, ?, ?, ?, ?)",
            (self._log, entry.offset, key, now_ms, entry.data),
        )
        return entry

    def _committed(self, placed: tuple[Entry, bool]) -> None:
        entry, duplicate = placed
        if not duplicate:
            self._recent.append(entry)
            self._wake_tails()

    def _head(self, db: sqlite3.Connection) -> int:
        offset: int = db.execute(HEAD, (self._log,)).fetchone()[0]
        return offset

    async def read(self, after: int, limit: int = 1000) -> list[Entry]:
        def select(db: sqlite3.Connection) -> list[Entry]:
            rows = db.execute(
                "SELECT offset, key, at_ms, data FROM entries WHERE log = ? AND offset > ?"
                " ORDER BY offset LIMIT ?",
                (self._log, after, limit),
            )
            return [Entry(*row) for row in rows]

        return await self._writer.run(select)

    async def head(self) -> Position:
        return Position(self._epoch, await self._writer.run(self._head))

    def ended(self, epoch: str) -> int | None:
        return self._ends.get(epoch)

    async def tail(self, after: int, epoch: str | None = None) -> AsyncIterator[Batch]:
        anew = epoch not in (None, self._epoch) and self._ends.get(epoch or "", -1) < after
        after = 0 if anew else after
        wake = asyncio.Event()
        self._tails.add(wake)
        try:
            yield Batch(self._epoch, [], anew)
            while not self._ended:
                wake.clear()
                entries = await self._read_after(after)
                if entries:
                    after = entries[-1].offset
                    yield Batch(self._epoch, entries)
                else:
                    await wake.wait()
        finally:
            self._tails.discard(wake)

    async def _read_after(self, after: int) -> list[Entry]:
        if self._recent and self._recent[0].offset <= after + 1:
            return list(islice(self._recent, after + 1 - self._recent[0].offset, None))
        try:
            return await self.read(after)
        except Unavailable:
            if self._ended:
                return []
            raise

    def _wake_tails(self) -> None:
        for wake in self._tails:
            wake.set()

    async def read_clock(self) -> ClockReading:
        return self._clock.read()

    async def settle_clock(self, reading: ClockReading, by_ms: int) -> ClockReading:
        return self._clock.read()  # it settles itself

    async def erase(self, offset: int, data: bytes) -> None:
        def replace(db: sqlite3.Connection) -> None:
            changed = db.execute(
                "UPDATE entries SET data = ? WHERE log = ? AND offset = ?",
                (bytes(data), self._log, offset),
            )
            if changed.rowcount == 0:
                raise NotFound(f"the log has no entry {offset}")
            db.execute("DELETE FROM snapshots WHERE log = ? AND offset >= ?", (self._log, offset))

        await self._writer.run(replace, lambda _: self._recent.clear())

    # Ephemeral messages -------------------------------------------------------------------------

    async def publish(self, topic: str, data: bytes) -> None:
        if self._ended:
            raise Unavailable("the log is closed")
        asyncio.get_running_loop().call_soon(self._topics.dispatch, topic, bytes(data))

    async def subscribe(self, topic: str, handler: Handler) -> Callable[[], None]:
        self._topics.add(topic, handler)

        def unsubscribe() -> None:
            self._topics.remove(topic, handler)

        return unsubscribe

    # Snapshots ----------------------------------------------------------------------------------

    async def save_snapshot(self, position: Position, fold_version: int, data: bytes) -> None:
        def save(db: sqlite3.Connection) -> None:
            if position.epoch != self._epoch or position.offset > self._head(db):
                return
            db.execute(
                "INSERT INTO snapshots (log, fold_version, offset, data) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET offset = excluded.offset, data = excluded.data"
                " WHERE excluded.offset >= offset",
                (self._log, fold_version, position.offset, bytes(data)),
            )

        await self._writer.run(save)

    async def load_snapshot(self, fold_version: int) -> tuple[Position, bytes] | None:
        query = "SELECT offset, data FROM snapshots WHERE log = ? AND fold_version = ?"
        row = await self._writer.run(
            lambda db: db.execute(query, (self._log, fold_version)).fetchone()
        )
        return row and (Position(self._epoch, row[0]), row[1])

    # Leases -------------------------------------------------------------------------------------

    async def acquire_lease(self, name: str, owner: str, ttl_ms: int) -> Lease | None:
        def acquire(db: sqlite3.Connection) -> Lease | None:
            now_ms = self._clock.now_ms()
            held = self._lease(db, name)
            if held is not None and held[2] > now_ms:
                if held[0] != owner:
                    return None
                fence = held[1]
            else:
                fence = held[1] + 1 if held else 1
            db.execute(
                "INSERT OR REPLACE INTO leases (log, name, owner, fence, until_ms)"
                " VALUES (?, ?, ?, ?, ?)",
                (self._log, name, owner, fence, now_ms + ttl_ms),
            )
            return Lease(name, owner, fence)

        return await self._writer.run(acquire)

    async def release_lease(self, lease: Lease) -> None:
        # The row stays: it remembers the fence.
        query = (
            "UPDATE leases SET until_ms = 0 WHERE log = ? AND name = ? AND owner = ? AND fence = ?"
        )
        values = (self._log, lease.name, lease.owner, lease.fence)
        await self._writer.run(lambda db: db.execute(query, values))

    async def read_lease(self, name: str) -> Lease | None:
        held = await self._writer.run(lambda db: self._lease(db, name))
        if held is None or held[2] <= self._clock.now_ms():
            return None
        return Lease(name, held[0], held[1])

    def _lease(self, db: sqlite3.Connection, name: str) -> tuple[str, int, int] | None:
        """Return a lease's last owner, fence and end."""
        query = "SELECT owner, fence, until_ms FROM leases WHERE log = ? AND name = ?"
        held: tuple[str, int, int] | None = db.execute(query, (self._log, name)).fetchone()
        return held

    # Records and counters -----------------------------------------------------------------------

    async def put_record(self, kind: str, id: str, data: bytes) -> None:
        query = "INSERT OR REPLACE INTO records (log, kind, id, data) VALUES (?, ?, ?, ?)"
        values = (self._log, kind, id, bytes(data))
        await self._writer.run(lambda db: db.execute(query, values))

    async def get_records(self, kind: str, ids: list[str]) -> list[bytes | None]:
        query = "SELECT data FROM records WHERE log = ? AND kind = ? AND id = ?"

        def select(db: sqlite3.Connection) -> list[bytes | None]:
            rows = (db.execute(query, (self._log, kind, id)).fetchone() for id in ids)
            return [row and row[0] for row in rows]

        return await self._writer.run(select)

    async def delete_record(self, kind: str, id: str) -> None:
        query = "DELETE FROM records WHERE log = ? AND kind = ? AND id = ?"
        await self._writer.run(lambda db: db.execute(query, (self._log, kind, id)))

    async def note(self, ring: str, notes: list[bytes], keep: int) -> None:
        def add(db: sqlite3.Connection) -> None:
            of_ring = (self._log, ring)
            query = "SELECT coalesce(max(number), 0) FROM notes WHERE log = ? AND ring = ?"
            newest: int = db.execute(query, of_ring).fetchone()[0]
            db.executemany(
                "INSERT INTO notes (log, ring, number, data) VALUES (?, ?, ?, ?)",
                [(*of_ring, newest + place, bytes(data)) for place, data in enumerate(notes, 1)],
            )
            db.execute(
                "DELETE FROM notes WHERE log = ? AND ring = ? AND number <= ?",
                (*of_ring, newest + len(notes) - keep),
            )

        await self._writer.run(add)

    async def notes(self, ring: str) -> list[bytes]:
        query = "SELECT data FROM notes WHERE log = ? AND ring = ?"

        def select(db: sqlite3.Connection) -> list[bytes]:
            return [data for (data,) in db.execute(query, (self._log, ring))]

        return await self._writer.run(select)

    async def count(self, name: str, window_ms: int) -> Counted:
        return self._counters.count(name, window_ms, system.monotonic_s())


class _Counters:
    """Counters with a window. Not on disk: a flood that is being counted must not cost fsyncs."""

    def __init__(self) -> None:
        self._counters: dict[str, tuple[int, float]] = {}  # count, end of its window in s

    def count(self, name: str, window_ms: int, now_s: float) -> Counted:
        count, end_s = self._counters.get(name, (0, 0.0))
        if now_s >= end_s:
            self._prune(now_s)
            count, end_s = 0, now_s + window_ms / 1000
        self._counters[name] = (count + 1, end_s)
        return Counted(count + 1, round((end_s - now_s) * 1000))

    def _prune(self, now_s: float) -> None:
        if len(self._counters) >= COUNTERS_BEFORE_PRUNING:
            self._counters = {
                name: counter for name, counter in self._counters.items() if counter[1] > now_s
            }


def _own(path: Path) -> sqlite3.Connection:
    """A lock on `path` that lasts until it is closed or this process ends, however it ends.

    It is SQLite's own lock on a file beside it, so it works wherever SQLite does; the database itself
    stays readable to backup tools.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(f"{path}-owner", isolation_level=None, timeout=0)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if _code(error) == sqlite3.SQLITE_BUSY:
            raise Unavailable(
                f"another process runs on {path}: stop it, or use redis:// for several processes"
            ) from error
        raise _unusable(path, error) from error
    return lock


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _unusable(path: str | Path, error: OSError | sqlite3.Error) -> ShowcallerError:
    """Return the error that ends a start: `ConfigError` if trying again can't help."""
    message = f"can't use {path} for the log"
    if isinstance(error, OSError):
        return at_start(message, error)
    if _code(error) == sqlite3.SQLITE_FULL:
        return StorageFull(f"{message}: {error}")
    passing = _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
    return (Unavailable if passing else ConfigError)(f"{message}: {error}")


def _open_database(path: str, as_left: bool) -> sqlite3.Connection:
    try:
        if path != MEMORY:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # it will hold people's names
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise ConfigError(f"{path} was written by a newer release of Showcaller")
        db.executescript(_PRAGMAS + _SCHEMA)
        db.execute("UPDATE leases SET until_ms = 0")  # whoever held them is gone: we own the file
        if not as_left:
            begin_epochs(db)
    except sqlite3.Error as error:
        db.close()
        raise _unusable(path, error) from error
    except ConfigError:
        db.close()
        raise
    return db


def _probe(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO probe (data) VALUES (zeroblob(8192))")
    db.execute("DELETE FROM probe")
