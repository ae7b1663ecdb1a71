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
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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

    def count_voters(self, numbers: Iterable[int], *, but_not: Iterable[int] = ()) -> int:
        """Return how many vote for one of the questions `numbers` now, and for none of `but_not`.

        It looks at everybody: at 100,000 voters some hundredths of a second for each question.
        """
        wanted = [self._keys[number] for number in numbers]
        others = [self._keys[number] for number in but_not]
        return sum(
            any(_is_on(cast, key) for key in wanted)
            and not any(_is_on(cast, key) for key in others)
            for cast in self._cast.values()
        )

    def count_together(self, together: Mapping[int, int]) -> Counter[int]:
        """Return how many vote for one of the questions that have the same value in `together`, by value."""
        found: Counter[int] = Counter()
        for person in self._cast:
            numbers = self.of_person(person)
            found.update({together[number] for number in numbers if number in together})
        return found

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


def _is_on(cast: bytes, key: bytes) -> bool:
    """Tell whether there is a vote on the number. `bytes.find` beats the search of `_find` by far."""
    place = cast.find(key)
    while place > 0 and place % VOTE_BYTES:  # within another number or its time
        place = cast.find(key, place + 1)
    return place >= 0 and cast[place + VOTE_BYTES - 1] & 1 == 1
