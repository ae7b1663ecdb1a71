"""Votes: who votes for which question, and how many do.

A question is known here by its number, its place in the order of asking. What a person votes for is one
sorted array of such numbers, so that two million votes take some twenty megabytes, and a snapshot
copies them as they are.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

from .ids import PersonId

_UINT32 = next(code for code in "IL" if array(code).itemsize == 4)


class PackedVotes(Struct, frozen=True, array_like=True):
    """All votes in a few long strings of bytes: 32-bit numbers, the lowest byte first."""

    people: list[PersonId]  # in the order of their first votes
    counts: bytes  # how many votes each of them has
    numbers: bytes  # the questions: all of the first person, all of the second…
    tallies: bytes  # how many votes each question has


class Votes:
    """The votes of an event."""

    __slots__ = ("_by_person", "_tallies")

    def __init__(self) -> None:
        self._by_person: dict[PersonId, array[int]] = {}
        self._tallies: array[int] = array(_UINT32)

    def add_question(self) -> int:
        """Make room for one more question; returns its number."""
        self._tallies.append(0)
        return len(self._tallies) - 1

    def cast(self, person: PersonId, number: int, on: bool) -> bool:
        """Count or withdraw a vote; tells whether that changed anything."""
        cast = self._by_person.get(person)
        if cast is None:
            cast = self._by_person[person] = array(_UINT32)
        if on and (not cast or cast[-1] < number):  # most vote for what was asked lately
            cast.append(number)
        elif not _put(cast, number, on):
            return False
        self._tallies[number] += 1 if on else -1
        return True

    def has(self, person: PersonId, number: int) -> bool:
        """Whether the person votes for the question now."""
        cast = self._by_person.get(person)
        if cast is None:
            return False
        place = bisect_left(cast, number)
        return place < len(cast) and cast[place] == number

    def of_person(self, person: PersonId) -> Sequence[int]:
        """The numbers of the questions that the person votes for now, in the order of asking."""
        return self._by_person.get(person, ())

    def tally(self, number: int) -> int:
        """How many vote for the question now."""
        return self._tallies[number]

    def total(self) -> int:
        return sum(self._tallies)

    def forget(self, number: int) -> None:
        """The question was erased and takes no votes any more. Who voted is not looked up again: finding
        them would mean to look at everybody, and erasing many questions would take hours.
        """
        self._tallies[number] = 0

    def pack(self) -> PackedVotes:
        """A copy of all votes as they are now."""
        return PackedVotes(
            people=list(self._by_person),
            counts=_packed(array(_UINT32, map(len, self._by_person.values()))),
            numbers=_packed(array(_UINT32, b"".join(self._by_person.values()))),
            tallies=_packed(self._tallies),
        )

    @classmethod
    def unpack(cls, packed: PackedVotes) -> Votes:
        """The votes that `pack` copied."""
        votes = cls()
        votes._tallies = _unpacked(packed.tallies)
        numbers, begin = _unpacked(packed.numbers), 0
        for person, count in zip(packed.people, _unpacked(packed.counts), strict=True):
            votes._by_person[person] = numbers[begin : begin + count]
            begin += count
        return votes


def _put(cast: array[int], number: int, on: bool) -> bool:
    """Have `number` in the sorted array or not; tells whether that changed anything."""
    place = bisect_left(cast, number)
    there = place < len(cast) and cast[place] == number
    if there == on:
        return False
    if on:
        cast.insert(place, number)
    else:
        del cast[place]
    return True


def _packed(numbers: array[int]) -> bytes:
    if sys.byteorder == "little":
        return numbers.tobytes()
    swapped = numbers[:]
    swapped.byteswap()
    return swapped.tobytes()


def _unpacked(data: bytes) -> array[int]:
    numbers = array(_UINT32, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
