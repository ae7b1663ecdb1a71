"""Groups of questions that were merged, and count as one: who votes for any of them is one voter.

A group is a tree: each question but the *survivor* was merged into one other. So what was merged into a
question comes and goes with it, and a merge that is taken back leaves everything as it was before.

Invariant: a group's tally is the number of people who vote for at least one of its questions. Votes stay
with the question that they were given to (`votes`); only the counting is shared.
"""

from __future__ import annotations

from collections.abc import Mapping

from .ids import PersonId
from .votes import Votes

MAX_TOGETHER = 50  # in one group

Group = tuple[int, ...]  # numbers of questions, the survivor first


class Merges:
    """All groups, by the numbers of their questions. A question that was never merged is in none."""

    __slots__ = ("_groups", "_into", "_voters", "_votes")

    def __init__(self, votes: Votes, into: Mapping[int, int] | None = None) -> None:
        """Begin with the merges `into`: the number of each merged question, and of what it went into."""
        self._votes = votes
        self._into = dict(into or {})
        self._groups: dict[int, Group] = {}  # by the number of each member
        self._voters: dict[int, int] = {}  # by survivor
        if self._into:
            self._find_groups()

    def _find_groups(self) -> None:
        children: dict[int, list[int]] = {}
        for child, into in self._into.items():
            children.setdefault(into, []).append(child)
        survivors: dict[int, int] = {}
        for root in sorted(children.keys() - self._into.keys()):
            group = [root]
            for one in group:
                group += children.get(one, ())
            self._groups.update(dict.fromkeys(group, tuple(group)))
            survivors.update(dict.fromkeys(group, root))
        self._voters.update(dict.fromkeys(survivors.values(), 0))
        self._voters.update(self._votes.count_together(survivors))

    # Reading ------------------------------------------------------------------------------------

    def group(self, number: int) -> Group:
        """Return all that counts as one with the question, the survivor first."""
        return self._groups.get(number) or (number,)

    def under(self, number: int) -> Group:
        """Return the question and all that was merged into it, perhaps through others."""
        found = [number]
        for one in found:
            found += self.merged_into(one)
        return tuple(found)

    def merged_into(self, number: int) -> Group:
        """Return what was merged into the question itself."""
        return tuple(child for child in self.group(number) if self._into.get(child) == number)

    def tally(self, number: int) -> int:
        """Return how many vote for the question or for what counts as one with it."""
        group = self._groups.get(number)
        return self._votes.tally(number) if group is None else self._voters[group[0]]

    def has_vote(self, person: PersonId, number: int) -> bool:
        """Tell whether the person votes for the question or for what counts as one with it."""
        return any(self._votes.has(person, one) for one in self.group(number))

    # Changing -----------------------------------------------------------------------------------

    def move(self, number: int, into: int | None) -> None:
        """Have the question be merged into another one that is not under it; None: into none."""
        if number in self._into:
            self._take_out(number)
        if into is not None:
            self._bring_in(number, into)

    def _take_out(self, number: int) -> None:
        group, leaving = self._groups[number], self.under(number)
        staying = tuple(one for one in group if one not in leaving)
        lost = self._votes.count_voters(leaving, but_not=staying)
        self._set(staying, self._voters.pop(group[0]) - lost)
        self._set(leaving, self._votes.count_voters(leaving))
        del self._into[number]

    def _bring_in(self, number: int, into: int) -> None:
        group, joining = self.group(into), self.group(number)
        voters = self.tally(into) + self._votes.count_voters(joining, but_not=group)
        self._voters.pop(number, None)
        self._into[number] = into
        self._set(group + joining, voters)

    def _set(self, group: Group, voters: int) -> None:
        if len(group) == 1:
            self._groups.pop(group[0], None)
            return
        self._groups.update(dict.fromkeys(group, group))
        self._voters[group[0]] = voters

    def count(self, person: PersonId, number: int, before: bool) -> bool:
        """Count a person anew, who voted for the group or not `before`; tell whether that changed."""
        now = self.has_vote(person, number)
        self._voters[self.group(number)[0]] += now - before
        return now != before
