"""Stays: who was where, from which minute to which, eight bytes each.

A mark says that a person was seen at a session in some minute. Marks of one person and session that follow
one another within `GAP_MIN` minutes are one stay, over however many tabs and nodes they came; so a blip of
the line ends nothing. A stay of the session "" is one at the event. Minutes are whole ones since 1970.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct, field

from .ids import PersonId

GAP_MIN = 5  # whoever is not seen for longer has left
STAYS_KEPT = 500  # of a person; the oldest gives way
PEOPLE_KEPT = 100_000
SHARDS = 64  # parts that are written one by one
EVENT = ""  # in the place of a session: the event as a whole

_STAY = struct.Struct("<HIH")  # the session's number, the first minute, how many minutes
_LONGEST_MIN = 0xFFFF


class Stay(NamedTuple):
    """One time that somebody was there: from the minute `from_min` until before `until_min`."""

    session: str
    from_min: int
    until_min: int


class Shard(Struct, frozen=True, array_like=True):
    """A part of a book as it is kept: the sessions by number, and each person's stays."""

    sessions: list[str]
    people: dict[PersonId, bytes]


class StayBook(Struct, kw_only=True):
    """The stays of everybody. `changed`: the shards that differ from what was kept last."""

    sessions: dict[str, int] = field(default_factory=dict)  # their numbers, in order
    parts: list[dict[PersonId, bytes]] = field(default_factory=lambda: [{} for _ in range(SHARDS)])
    changed: set[int] = field(default_factory=set)

    def mark(self, person: PersonId, session: str, minute: int) -> None:
        """Note that the person was at the session in that minute; again, or late, it changes nothing."""
        packed = self._packed(person)
        if not packed and sum(map(len, self.parts)) >= PEOPLE_KEPT:
            return
        number = self._number(session)
        at = _newest(packed, number)
        if at is not None:
            _, first, minutes = _STAY.unpack_from(packed, at)
            if minute < first + minutes:
                return
            length = minute + 1 - first
            if minute - (first + minutes) <= GAP_MIN and length <= _LONGEST_MIN:
                longer = _STAY.pack(number, first, length)
                self._keep(person, packed[:at] + longer + packed[at + _STAY.size :])
                return
        self._keep(person, packed + _STAY.pack(number, minute, 1))

    def of(self, person: PersonId) -> list[Stay]:
        """Return the person's stays, by when they began."""
        sessions, packed = list(self.sessions), self._packed(person)
        found = [
            Stay(sessions[number], first, first + minutes)
            for number, first, minutes in _STAY.iter_unpack(packed)
        ]
        return sorted(found, key=lambda stay: (stay.from_min, stay.session))

    def forget(self, person: PersonId) -> None:
        """Forget all stays of the person."""
        number = shard_of(person)
        if self.parts[number].pop(person, None) is not None:
            self.changed.add(number)

    def shard(self, number: int) -> Shard:
        """Return a part of it, to be kept."""
        return Shard(list(self.sessions), self.parts[number])

    def people(self) -> list[PersonId]:
        """Return all who have stays."""
        return [person for part in self.parts for person in part]

    def take_in(self, shard: Shard) -> None:
        """Add a part as it was kept; its people are not in the book yet."""
        numbers = [self._number(session) for session in shard.sessions]
        for person, packed in shard.people.items():
            self.parts[shard_of(person)][person] = b"".join(
                _STAY.pack(numbers[number], first, minutes)
                for number, first, minutes in _STAY.iter_unpack(packed)
            )

    def _number(self, session: str) -> int:
        return self.sessions.setdefault(session, len(self.sessions))

    def _keep(self, person: PersonId, packed: bytes) -> None:
        number = shard_of(person)
        self.parts[number][person] = packed[-STAYS_KEPT * _STAY.size :]
        self.changed.add(number)

    def _packed(self, person: PersonId) -> bytes:
        return self.parts[shard_of(person)].get(person, b"")


def shard_of(person: PersonId) -> int:
    """Return the number of the shard in which a person is, on every node alike."""
    return crc32(person.encode()) % SHARDS


def at_once(stays: list[Stay]) -> Iterator[tuple[int, int]]:
    """Yield each minute in which somebody was there, and how many stays there were in it."""
    steps: Counter[int] = Counter()
    for stay in stays:
        steps[stay.from_min] += 1
        steps[stay.until_min] -= 1
    moments = sorted(steps)
    counts = accumulate(steps[moment] for moment in moments)
    for moment, until, count in zip(moments, moments[1:], counts, strict=False):
        if count:
            yield from ((minute, count) for minute in range(moment, until))


def _newest(packed: bytes, number: int) -> int | None:
    """Return where the newest stay at that session stands; None if there is none."""
    for at in range(len(packed) - _STAY.size, -1, -_STAY.size):
        if packed[at] | packed[at + 1] << 8 == number:
            return at
    return None
