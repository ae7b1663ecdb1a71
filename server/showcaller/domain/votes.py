"""Votes: who votes for which question, and how many do.

A question is known here by its number, its place in the order of asking. What a person votes for is one
string of bytes: the numbers, sorted, four bytes each. So two million votes by 100,000 people take some
twenty-five megabytes, a copy for a snapshot shares them, and the garbage collector never looks at them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from .ids import PersonId

NUMBER_BYTES = 4  # the highest one first, so that texts of bytes compare as their numbers do
PEOPLE_A_PART = 2_000  # of a copy

Cast = dict[PersonId, bytes]


class Votes:
    """The votes of an event."""

    __slots__ = ("_cast", "_keys", "_tallies")

    def __init__(self, parts: Iterable[Cast] = (), tallies: Iterable[int] = ()) -> None:
        """Those that `parts` and `tallies` told; without them none."""
        self._cast: Cast = {}  # by person
        for part in parts:
            self._cast.update(part)
        self._tallies = list(tallies)  # by number
        self._keys = [_key(number) for number in range(len(self._tallies))]

    def add_question(self) -> int:
        """Make room for one more question; returns its number."""
        number = len(self._tallies)
        self._tallies.append(0)
        self._keys.append(_key(number))
        return number

    def cast(self, person: PersonId, number: int, on: bool) -> bool:
        """Count or withdraw a vote; tells whether that changed anything."""
        before, key = self._cast.get(person, b""), self._keys[number]
        if on and before[-NUMBER_BYTES:] < key:  # most vote for what was asked lately
            self._cast[person] = before + key
            self._tallies[number] += 1
            return True
        begin = _find(before, key)
        end = begin + NUMBER_BYTES
        if (before[begin:end] == key) == on:
            return False
        self._cast[person] = before[:begin] + (key + before[begin:] if on else before[end:])
        self._tallies[number] += 1 if on else -1
        return True

    def has(self, person: PersonId, number: int) -> bool:
        """Whether the person votes for the question now."""
        cast, key = self._cast.get(person, b""), self._keys[number]
        begin = _find(cast, key)
        return cast[begin : begin + NUMBER_BYTES] == key

    def of_person(self, person: PersonId) -> Iterator[int]:
        """The numbers of the questions that the person votes for now, in the order of asking."""
        cast = self._cast.get(person, b"")
        for begin in range(0, len(cast), NUMBER_BYTES):
            yield int.from_bytes(cast[begin : begin + NUMBER_BYTES], "big")

    def tally(self, number: int) -> int:
        """How many vote for the question now."""
        return self._tallies[number]

    def tallies(self) -> list[int]:
        """A copy of all tallies, by number."""
        return self._tallies[:]

    def total(self) -> int:
        return sum(self._tallies)

    def forget(self, number: int) -> None:
        """The question was erased and takes no votes any more. Who voted is not looked up again: finding
        them would mean to look at everybody, and erasing many questions would take hours.
        """
        self._tallies[number] = 0

    def parts(self) -> list[Iterator[tuple[PersonId, bytes]]]:
        """All votes as they are now, whatever changes before the parts are read in their order."""
        copy = iter(self._cast.copy().items())
        count = -(-len(self._cast) // PEOPLE_A_PART)
        return [islice(copy, PEOPLE_A_PART) for _ in range(count)]


def _key(number: int) -> bytes:
    return number.to_bytes(NUMBER_BYTES, "big")


def _find(cast: bytes, key: bytes) -> int:
    """Where in the sorted `cast` the number is, or belongs."""

    def at(place: int) -> bytes:
        return cast[place * NUMBER_BYTES : (place + 1) * NUMBER_BYTES]

    return NUMBER_BYTES * bisect_left(range(len(cast) // NUMBER_BYTES), key, key=at)
