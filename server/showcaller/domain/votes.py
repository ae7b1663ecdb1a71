"""Votes: who votes for which question, and how many do.

A question is known here by its number, its place in the order of asking. A person's votes are one string
of bytes, eight for each question that they ever voted on: its number, and when the newest vote was given and
whether it is on. So two million votes by 100,000 people take some thirty megabytes, a copy for a
snapshot shares them, and the garbage collector never looks at them.

Invariant: in whatever order a person's votes come, and however often, each question ends with the one that
was given last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from .ids import PersonId

NUMBER_BYTES = 4  # the highest one first, so that texts of bytes compare as their numbers do
VOTE_BYTES = 8  # the number, then twice the time plus whether it is on
LATEST_MS = 2**31 - 1  # of later votes the one that comes last counts
PEOPLE_A_PART = 2_000  # of a copy

Cast = dict[PersonId, bytes]


class Votes:
    """The votes of an event."""

    __slots__ = ("_cast", "_keys", "_tallies")

    def __init__(self, parts: Iterable[Cast] = (), tallies: Iterable[int] = ()) -> None:
        """Begin with the votes that `parts` and `tallies` told; without them none."""
        self._cast: Cast = {}  # by person
        for part in parts:
            self._cast.update(part)
        self._tallies = list(tallies)  # by number
        self._keys = [_key(number) for number in range(len(self._tallies))]

    def add_question(self) -> int:
        """Make room for one more question; return its number."""
        number = len(self._tallies)
        self._tallies.append(0)
        self._keys.append(_key(number))
        return number

    def cast(self, person: PersonId, number: int, on: bool, given_ms: int) -> bool:
        """Count or withdraw a vote that was given `given_ms` (0 to `LATEST_MS`) after some moment, the same
        for all votes on the question. Returns whether that changed anything.
        """
        before, key = self._cast.get(person, b""), self._keys[number]
        vote = key + (given_ms << 1 | on).to_bytes(VOTE_BYTES - NUMBER_BYTES, "big")
        if before[-VOTE_BYTES:-NUMBER_BYTES] < key:  # most vote for what was asked lately
            self._cast[person] = before + vote
            self._tallies[number] += on
            return on
        begin = _find(before, key)
        known = _read(before, begin, key)
        if known is not None and given_ms < known >> 1:
            return False
        end = begin if known is None else begin + VOTE_BYTES
        self._cast[person] = before[:begin] + vote + before[end:]
        change = on - ((known or 0) & 1)
        self._tallies[number] += change
        return change != 0

    def has(self, person: PersonId, number: int) -> bool:
        """Tell whether the person votes for the question now."""
        cast, key = self._cast.get(person, b""), self._keys[number]
        return (_read(cast, _find(cast, key), key) or 0) & 1 == 1

    def of_person(self, person: PersonId) -> Iterator[int]:
        """Return the numbers of the questions that the person votes for now, in the order of asking."""
        cast = self._cast.get(person, b"")
        for end in range(VOTE_BYTES, len(cast) + 1, VOTE_BYTES):
            if cast[end - 1] & 1:
                yield int.from_bytes(cast[end - VOTE_BYTES : end - NUMBER_BYTES], "big")

    def tally(self, number: int) -> int:
        """Return how many vote for the question now."""
        return self._tallies[number]

    def tallies(self) -> list[int]:
        """Return a copy of all tallies, by number."""
        return self._tallies[:]

    def total(self) -> int:
        return sum(self._tallies)

    def forget(self, number: int) -> None:
        """Forget an erased question, which takes no votes any more. Who voted is not looked up again: finding
        them would mean to look at everybody, and erasing many questions would take hours.
        """
        self._tallies[number] = 0

    def parts(self) -> list[Iterator[tuple[PersonId, bytes]]]:
        """Return all votes as they are now, whatever changes before the parts are read in their order."""
        copy = iter(self._cast.copy().items())
        count = -(-len(self._cast) // PEOPLE_A_PART)
        return [islice(copy, PEOPLE_A_PART) for _ in range(count)]


def _key(number: int) -> bytes:
    return number.to_bytes(NUMBER_BYTES, "big")


def _find(cast: bytes, key: bytes) -> int:
    """Return where in the sorted `cast` the number is, or belongs."""

    def at(place: int) -> bytes:
        return cast[place * VOTE_BYTES : place * VOTE_BYTES + NUMBER_BYTES]

    return VOTE_BYTES * bisect_left(range(len(cast) // VOTE_BYTES), key, key=at)


def _read(cast: bytes, begin: int, key: bytes) -> int | None:
    """Return what stands at `begin` beside the number; None: there is another number, or nothing."""
    middle = begin + NUMBER_BYTES
    if cast[begin:middle] != key:
        return None
    return int.from_bytes(cast[middle : begin + VOTE_BYTES], "big")
