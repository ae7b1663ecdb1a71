"""The keys of votes that don't say when they were given, so that one that comes twice counts once.

Such a vote may come again over another node, after its person has voted otherwise: it must not count anew
then. Only digests are kept, of each person's newest votes, as one string of bytes that the garbage collector
never looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from .ids import PersonId

KEY_BYTES = 6
KEPT = 32  # of each person
PEOPLE_A_PART = 2_000  # of a copy

Known = dict[PersonId, bytes]


class VoteKeys:
    """The newest keys of everybody."""

    __slots__ = ("_known",)

    def __init__(self, parts: Iterable[Known] = ()) -> None:
        """Begin with the keys that `parts` told; without them none."""
        self._known: Known = {}
        for part in parts:
            self._known.update(part)

    def add(self, person: PersonId, digest: int) -> bool:
        """Remember the key with that digest (below 2⁴⁸); False if it was known."""
        key, known = digest.to_bytes(KEY_BYTES, "big"), self._known.get(person, b"")
        place = known.find(key)
        while place % KEY_BYTES and place > 0:  # across two others
            place = known.find(key, place + 1)
        if place >= 0:
            return False
        self._known[person] = (known + key)[-KEPT * KEY_BYTES :]
        return True

    def parts(self) -> list[Iterator[tuple[PersonId, bytes]]]:
        """Return all keys as they are now, whatever changes before the parts are read in their order."""
        copy = iter(self._known.copy().items())
        count = -(-len(self._known) // PEOPLE_A_PART)
        return [islice(copy, PEOPLE_A_PART) for _ in range(count)]
