"""A node's cursor in a log in Redis: what it has seen, and what it hears of new entries. No I/O.

A record is "AT DIGEST KEYLENGTH\\n", the key, the data; a message to the tails is
"EPOCH OFFSET DIGEST_BEFORE\\n", the record. `epoch.lua` says what the digests prove.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from ..errors import Unavailable
from .base import Entry

POLL_S = 0.5  # a tail that hears nothing looks at the log: the last message may be lost
DIGESTS_KEPT = 8192  # entries; more than can be on their way at one time
INBOX = 4096  # messages; what a slow tail loses beyond it, it reads from the log


class Cursor(NamedTuple):
    """A position, and what proves it: the digest of its entry ('' if unknown)."""

    epoch: str
    offset: int
    digest: str


class Record(NamedTuple):
    """An entry as Redis keeps it."""

    entry: Entry
    digest: str

    @classmethod
    def parse(cls, offset: int, raw: bytes) -> Record:
        head, _, rest = raw.partition(b"\n")
        at_ms, digest, key_length = head.split(b" ")
        key, data = rest[: int(key_length)], rest[int(key_length) :]
        return cls(Entry(offset, key.decode(), int(at_ms), data), digest.decode())

    def at(self, epoch: str) -> Cursor:
        return Cursor(epoch, self.entry.offset, self.digest)


class Forked(Unavailable):
    """An answer contradicts what was seen before. The next call makes the log's epoch a new one."""


class Seen:
    """The newest entries of a log, appended or read, that this node has seen in each epoch."""

    def __init__(self) -> None:
        self.epoch = ""  # the one the log was in when we last asked
        self._newest: dict[str, Cursor] = {}
        self._digests: dict[str, dict[int, str]] = {}  # of the last entries, by offset

    def newest(self) -> Cursor:
        return self._newest.get(self.epoch, Cursor(self.epoch, 0, "-"))

    def claim(self, cursor: Cursor) -> None:
        """Take in that somebody goes on from `cursor`: its entry must be there."""
        self._newest[cursor.epoch] = max(self._newest.get(cursor.epoch, cursor), cursor)

    def note(self, cursor: Cursor) -> None:
        """Take in that the entry at `cursor` is being shown. Raises `Forked` if another one was."""
        if cursor.offset <= self._newest.get(cursor.epoch, cursor).offset - DIGESTS_KEPT:
            return  # a reader of the far past must not push out what is new
        digests = self._digests.setdefault(cursor.epoch, {})
        known = digests.setdefault(cursor.offset, cursor.digest)
        if known != cursor.digest:
            self._newest[cursor.epoch] = cursor._replace(digest=known)
            raise Forked("the log is another one than before: send it again")
        if len(digests) > DIGESTS_KEPT:
            del digests[next(iter(digests))]
        self.claim(cursor)


class Inbox:
    """Messages about new entries, until the tail comes for them."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._messages: deque[bytes] = deque(maxlen=INBOX)
        self._some = asyncio.Event()

    def put(self, message: bytes) -> None:
        self._messages.append(message)
        self._some.set()

    def wake(self) -> None:
        self._some.set()

    async def take(self, cursor: Cursor) -> tuple[Cursor, list[Entry], bool]:
        """The entries that continue `cursor`, waiting for some.

        The last value: whether the log must be read, since there is a gap or long nothing came.
        """
        try:
            async with asyncio.timeout(POLL_S):
                await self._some.wait()
        except TimeoutError:
            return cursor, [], True
        self._some.clear()
        entries: list[Entry] = []
        while self._messages:
            before, record = parse_message(self._messages.popleft())
            if before.epoch == cursor.epoch and before.offset < cursor.offset:
                continue  # read already
            if before != cursor or not self._fits(after := record.at(before.epoch)):
                self._messages.clear()  # whatever they tell of is in the log already
                return cursor, entries, True
            cursor = after
            entries.append(record.entry)
        return cursor, entries, False

    def _fits(self, cursor: Cursor) -> bool:
        try:
            self._seen.note(cursor)
        except Forked:
            return False
        return True


def parse_message(message: bytes) -> tuple[Cursor, Record]:
    """Parse what `append.lua` published: the position before the entry, and the entry."""
    head, _, raw = message.partition(b"\n")
    epoch, offset, digest_before = head.decode().split(" ")
    record = Record.parse(int(offset), raw)
    return Cursor(epoch, record.entry.offset - 1, digest_before), record
