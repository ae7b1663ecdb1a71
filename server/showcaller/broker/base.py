"""The contract between the show and its log. Two brokers keep it: `sqlite` and `redis`.

One log per event, totally ordered. An entry's position is `(epoch, offset)`; offsets start at 1 and
have no gaps. An epoch has one history: no position ever names two entries, whoever looks. So a log gets a
new epoch whenever something else than what wrote it so far may write it: another server, or a file that
may be a copy. It then *goes on* from the epoch before, up to the offset at which that ended here; a log that
was lost goes on from none (`tests/contract/test_broker.py` states every rule as a test).

Server time is the log's: the clock of the broker's machine and a correction, which makes up for steps of
that clock while nodes run. Whatever here is called "the broker's clock" is server time.

Ephemeral messages (`publish`, `subscribe`) reach who listens now, at most once, and are not kept.
Leases give one owner at a time a fencing number that only grows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Protocol

from msgspec import Struct


class Position(NamedTuple):
    """A place in the log. Offset 0 is before the first entry."""

    epoch: str
    offset: int


class Entry(Struct, frozen=True, array_like=True):
    """One entry as it was appended. `at_ms` is the broker's clock at that moment."""

    offset: int
    key: str
    at_ms: int
    data: bytes


class Appended(NamedTuple):
    """The place of an appended entry. `duplicate`: an earlier append with the same key put it there."""

    position: Position
    at_ms: int
    duplicate: bool


# A clock that moves by more than this within a moment was stepped: server time does not follow. What moves by
# less is followed, so no cue is called earlier than by this because a clock is wrong.
STEP_MS = 2_000


class ClockReading(NamedTuple):
    """Server time as the broker told it.

    `correction_ms`: how far it is ahead of the clock of the broker's machine. `unread_ms`: how much of it has
    gone by since anybody read it, if that is negative or more than `STEP_MS`: then the machine's clock was
    stepped, or nobody looked, and it stays so until somebody settles it. None: neither.
    """

    now_ms: int
    correction_ms: int
    unread_ms: int | None = None


class NotYet(Exception):
    """`append` came before `not_before_ms` by the broker's clock; try again in `wait_ms`."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"not before {wait_ms} ms from now by the broker's clock")
        self.wait_ms = wait_ms


class Overdue(Exception):
    """`append` came after `not_after_ms` by the broker's clock; nothing was appended."""

    def __init__(self, late_ms: int) -> None:
        super().__init__(f"{late_ms} ms too late by the broker's clock")
        self.late_ms = late_ms


class Batch(NamedTuple):
    """Entries that a tail tells of, in order, without gaps. The log is in `epoch` now.

    `anew`: the log is another one than was read before. These are its first entries: fold them anew.
    """

    epoch: str
    entries: list[Entry]
    anew: bool = False


class Lease(NamedTuple):
    """`owner` holds `name` until it expires; `fence` is larger than that of any earlier holder."""

    name: str
    owner: str
    fence: int


class Counted(NamedTuple):
    """The sum of a counter, and the milliseconds until it starts anew."""

    total: int
    left_ms: int


class EventLog(Protocol):
    """One event's log, with what stands beside it."""

    async def append(
        self,
        key: str,
        data: bytes,
        *,
        not_before_ms: int | None = None,
        not_after_ms: int | None = None,
    ) -> Appended:
        """Append `data` once: a second call with the same `key` changes nothing and says where it is.

        Returns when the entry is as durable as configured (sqlite: on disk; redis: on as many
        replicas as asked for). Keys are remembered as long as the log. Raises `NotYet`, `Overdue`,
        `errors.Unavailable` (unknown whether it happened: append again with the same key is safe),
        `errors.StorageFull`. A broker may repeat an append whose answer was lost, so `duplicate`
        may also mean this very call.
        """
        ...

    async def has(self, key: str) -> bool:
        """Tell whether an entry was appended under `key`. Raises `errors.Unavailable`."""
        ...

    async def read(self, after: int, limit: int = 1000) -> list[Entry]:
        """Up to `limit` entries with an offset above `after`, in order, without gaps."""
        ...

    async def head(self) -> Position:
        """The position of the newest entry (offset 0 when there is none)."""
        ...

    def ended(self, epoch: str) -> int | None:
        """Return the offset up to which `epoch` and this log have the same entries, if it goes on from there.

        None: it does not go on from that epoch, or is in it.
        """
        ...

    def tail(self, after: int, epoch: str | None = None) -> AsyncIterator[Batch]:
        """Batches from `after` on until the broker closes; only what is as durable as configured.

        Loss of the connection is bridged inside. When the log goes on in a new epoch from what was read,
        batches go on with that epoch; else the next one is `anew` and begins at offset 1. So it is at once
        if `epoch` is given, that of `after`, and the log does not go on from there. The first batch may be
        empty: it tells the epoch. Raises `errors.Damaged`.
        """
        ...

    async def read_clock(self) -> ClockReading:
        """Server time. Raises `errors.Unavailable`."""
        ...

    async def settle_clock(self, reading: ClockReading, by_ms: int) -> ClockReading:
        """Move server time `by_ms` from where `reading` found it, and let it count as read.

        Whoever settled the same reading before has had the last word: then nothing happens. Returns what
        holds now.
        """
        ...

    # Ephemeral messages
    async def publish(self, topic: str, data: bytes) -> None:
        """Raises `errors.Unavailable`."""
        ...

    async def subscribe(self, topic: str, handler: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `handler` for each message on `topic` until the function that is returned is called.

        Messages sent after this returns are heard; those sent while the broker is away are lost.
        """
        ...

    # Snapshots of the fold; the newest of each fold version is kept
    async def save_snapshot(self, position: Position, fold_version: int, data: bytes) -> None:
        """Keep `data`, unless a newer one is kept or `position` is not of this log."""
        ...

    async def load_snapshot(self, fold_version: int) -> tuple[Position, bytes] | None:
        """The newest, if the log still is a continuation of the one it was made from: at its position now."""
        ...

    # Leases
    async def acquire_lease(self, name: str, owner: str, ttl_ms: int) -> Lease | None:
        """The lease, new or still held by `owner` (renewed, same fence); None while another holds it."""
        ...

    async def release_lease(self, lease: Lease) -> None:
        """Give it back, if it is still ours (same owner and fence)."""
        ...

    async def read_lease(self, name: str) -> Lease | None: ...

    # The deletable store beside the log: people's records, as durable as its entries once their
    # writing or deletion returns, and counters with a window
    async def put_record(self, kind: str, id: str, data: bytes) -> None: ...

    async def get_records(self, kind: str, ids: list[str]) -> list[bytes | None]: ...

    async def delete_record(self, kind: str, id: str) -> None: ...

    async def count(self, name: str, window_ms: int) -> Counted:
        """Add one to the counter `name`, which starts anew `window_ms` after its first count."""
        ...

    # Notes beside the log: of each ring the newest are kept. They may go with a crash
    async def note(self, ring: str, notes: list[bytes], keep: int) -> None:
        """Add `notes` to the ring, of which the newest `keep` stay. Raises `errors.Unavailable`."""
        ...

    async def notes(self, ring: str) -> list[bytes]:
        """Return what the ring holds, in any order."""
        ...

    async def erase(self, offset: int, data: bytes) -> None:
        """Replace the data of one entry, for erasing a person's text. The position stays.

        Snapshots made from the old data go too. Raises `errors.NotFound` if there is no such entry.
        """
        ...


async def read_upto(
    log: EventLog, upto: int, *, after: int = 0, page: int = 1_000
) -> AsyncIterator[Entry]:
    """All entries with offsets above `after` and up to `upto`, in order. Raises `errors.Unavailable`."""
    while after < upto and (entries := await log.read(after, min(page, upto - after))):
        for entry in entries:
            yield entry
        after = entries[-1].offset


class Broker(Protocol):
    """A connection to where the logs live. Close it once; its logs end with it."""

    async def open(self, event_id: str) -> EventLog: ...

    async def events(self) -> list[str]:
        """Ids of the events that have a log."""
        ...

    async def check(self) -> list[str]:
        """Return what may cost acknowledged entries, each with what to do; there may be nothing.

        Raises `errors.Unavailable` or `errors.StorageFull`, with what to do, if writing can't work.
        """
        ...

    async def close(self) -> None: ...
