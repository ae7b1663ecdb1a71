"""The ballots of one poll, and the counts of its options or words.

A ballot is one string of bytes: when it was given, and the places of its options (a byte each) or its words
(in lines). So the garbage collector never looks at it, and a copy for a snapshot shares it.

Invariants: in whatever order a person's ballots come, and however often, the one counts that was given last;
and the counts are those of a box into which only these were put. A withdrawn ballot stays as an empty
one, so that an older one does no harm after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from itertools import islice

from .ids import VoterId
from .poll_draft import Choice, PollDraft

TIME_BYTES = 6
LATEST_MS: int = 2 ** (8 * TIME_BYTES) - 1
VOTERS_A_PART = 2_000  # of a copy
WORDS_SHOWN = 60

Ballots = dict[VoterId, bytes]


class BallotBox:
    """The ballots of one poll."""

    __slots__ = ("_ballots", "_of_words", "_ranked", "options", "voters", "words")

    def __init__(self, draft: PollDraft, parts: Iterable[Ballots] = ()) -> None:
        """Begin with the ballots that `parts` told; without them none."""
        self._of_words = draft.kind == "words"
        self._ranked = draft.kind == "ranking"
        self._ballots: Ballots = {}
        self.voters = 0  # those whose ballot is not empty
        self.options = [0] * len(draft.options)
        self.words = WordCounts()
        for part in parts:
            self._ballots.update(part)
        for ballot in self._ballots.values():
            self._count(ballot, 1)

    def cast(self, voter: VoterId, choice: Choice, given_ms: int) -> bool:
        """Count a ballot that was given `given_ms` (0 to `LATEST_MS`) after some moment, the same for all.

        Returns whether that changed anything that is counted.
        """
        before = self._ballots.get(voter, b"")
        if before and given_ms < _given_ms(before):
            return False
        ballot = given_ms.to_bytes(TIME_BYTES, "big") + self._encode(choice)
        self._ballots[voter] = ballot
        if before[TIME_BYTES:] == ballot[TIME_BYTES:]:
            return False
        self._count(before, -1)
        self._count(ballot, 1)
        return True

    def empty(self, voter: VoterId) -> bool:
        """Forget what the voter chose, but not that they did; return whether they had chosen anything."""
        ballot = self._ballots.get(voter, b"")
        if len(ballot) <= TIME_BYTES:
            return False
        self._count(ballot, -1)
        self._ballots[voter] = ballot[:TIME_BYTES]
        return True

    def of(self, voter: VoterId) -> Choice | None:
        """Return what the voter chose; None if nothing."""
        ballot = self._ballots.get(voter, b"")
        return self._decode(ballot) if len(ballot) > TIME_BYTES else None

    def knows(self, voter: VoterId) -> bool:
        """Tell whether the voter ever voted."""
        return voter in self._ballots

    def all(self) -> list[tuple[VoterId, Choice]]:
        """Return who chose what, those who came first at first."""
        cast = self._ballots.items()
        return [(v, self._decode(one)) for v, one in cast if len(one) > TIME_BYTES]

    def counts(self, hidden: Iterable[str] = ()) -> Mapping[int | str, int]:
        """Return the count of each option, or of the words that were said most, but for the hidden ones.

        Of a ranking, what stands first of n options counts n times, the next one n − 1 times, and so on.
        """
        if not self._of_words:
            return dict(enumerate(self.options))
        out = frozenset(hidden)
        found = self.words.top(WORDS_SHOWN + len(out))
        shown = ((word, count) for word, count in found.items() if word not in out)
        return dict(islice(shown, WORDS_SHOWN))

    def parts(self) -> list[Iterator[tuple[VoterId, bytes]]]:
        """Return all ballots as they are now, whatever changes before the parts are read in their order."""
        copy = iter(self._ballots.copy().items())
        count = -(-len(self._ballots) // VOTERS_A_PART)
        return [islice(copy, VOTERS_A_PART) for _ in range(count)]

    def _count(self, ballot: bytes, step: int) -> None:
        if len(ballot) <= TIME_BYTES:
            return
        self.voters += step
        choice = self._decode(ballot)
        for word in choice.words:
            self.words.add(word, step)
        for place, option in enumerate(choice.options):
            weight = len(self.options) - place if self._ranked else 1
            self.options[option] += weight * step

    def _encode(self, choice: Choice) -> bytes:
        return "\n".join(choice.words).encode() if self._of_words else bytes(choice.options)

    def _decode(self, ballot: bytes) -> Choice:
        chosen = ballot[TIME_BYTES:]
        if self._of_words:
            return Choice(words=tuple(chosen.decode().split("\n")))
        return Choice(options=tuple(chosen))


class WordCounts:
    """The words of a cloud with their counts, at hand by count: thousands are looked at after each batch."""

    __slots__ = ("_counts", "_words")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._words: dict[int, set[str]] = {}  # by count

    def add(self, word: str, step: int) -> None:
        """Count it `step` times more."""
        before = self._counts.get(word, 0)
        if before:
            self._words[before].remove(word)
            if not self._words[before]:
                del self._words[before]
        if before + step:
            self._counts[word] = before + step
            self._words.setdefault(before + step, set()).add(word)
        else:
            del self._counts[word]

    def top(self, most: int) -> dict[str, int]:
        """Return the words that were said most, in that order; of equals the first by their letters."""
        found: dict[str, int] = {}
        for count in sorted(self._words, reverse=True):
            if len(found) == most:
                break
            found.update(dict.fromkeys(nsmallest(most - len(found), self._words[count]), count))
        return found

    def all(self) -> dict[str, int]:
        """Return all words with their counts, those said most first."""
        return self.top(len(self._counts))


def _given_ms(ballot: bytes) -> int:
    return int.from_bytes(ballot[:TIME_BYTES], "big")
