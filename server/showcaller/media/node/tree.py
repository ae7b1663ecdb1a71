"""The tree by which a stage's packets reach the workers of other nodes. Pure: time is given.

The worker that has the stage is the root. Whoever wants the stage asks where to borrow it, and asks again
every few seconds: so it stays known, and who is gone needs no word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from ..contract.calls import Lender

WIDTH = 8  # branches that one worker feeds: 8 talks more or less are 6 % of its core
ASK_EVERY_S = 5.0
FORGOTTEN_S = 13.0  # two askings may be lost
BUSY_LOAD = 0.9  # of a core: whoever has more to do feeds nobody new while others can


class Member(Struct):
    """A worker in the tree. `parent`: the name of the one that it borrows from."""

    lender: Lender
    parent: str
    load: float
    asked_s: float
    doubted: bool = False  # one of its branches says that it lends no longer


class Tree:
    """The tree of one stage; no worker feeds more than `width`."""

    def __init__(self, root: Lender, width: int = WIDTH) -> None:
        self.root = root
        self._width = width
        self._members: dict[str, Member] = {}  # all but the root

    def place(self, to: Lender, load: float, now_s: float, *, without: str = "") -> Lender | None:
        """Return who lends to the worker `to`: the one it has, or one with room as near to the root as any.

        `without` has not lent to it, or no longer: nobody is sent there until it asks for itself again.
        None: nobody else can lend.
        """
        self._forget(now_s)
        if doubted := self._members.get(without):
            doubted.doubted = True
        member = self._members.get(to.worker)
        if member is None:
            member = self._members[to.worker] = Member(to, "", load, now_s)
        member.lender, member.load, member.asked_s = to, load, now_s
        replaced, member.doubted = member.doubted and self._is_crowded(member.parent), False
        if replaced or member.parent == without or not self._is_reached(to.worker):
            member.parent = ""  # so that those below it are out of reach
            member.parent = self._best(to.worker, without)
        if not member.parent:
            del self._members[to.worker]
            return None
        return self._lender(member.parent)

    def fed(self) -> dict[str, int]:
        """Return how many each worker feeds; those don't count that are gone, as one of theirs says."""
        return {name: len(children) for name, children in self._children().items() if name}

    def parents(self) -> dict[str, str]:
        """Return whom each worker borrows from."""
        return {worker: member.parent for worker, member in self._members.items()}

    def _best(self, worker: str, without: str) -> str:
        """Return the best lender; "" if there is none.

        The depth counts, then its branches, then its load; who is busy comes last.
        """
        children = self._children()
        free = [
            (depth, len(children[name]), self._load(name), name)
            for name, depth in self._depths(children).items()
            if name not in (worker, without) and len(children[name]) < self._width
        ]
        idle = [one for one in free if one[2] < BUSY_LOAD]
        return min(idle or free, default=("",))[-1]

    def _is_crowded(self, worker: str) -> bool:
        """Return whether others have taken the place of a branch that was thought gone."""
        return self.fed().get(worker, 0) >= self._width

    def _children(self) -> defaultdict[str, list[str]]:
        children: defaultdict[str, list[str]] = defaultdict(list)
        for name, member in self._members.items():
            if not member.doubted:
                children[member.parent].append(name)
        return children

    def _depths(self, children: Mapping[str, list[str]]) -> dict[str, int]:
        """Return the spans between the root and each worker that its packets reach without doubt."""
        depths = {self.root.worker: 0}
        for name in (waiting := [self.root.worker]):
            for child in children[name]:
                depths[child] = depths[name] + 1
                waiting.append(child)
        return depths

    def _is_reached(self, worker: str) -> bool:
        """Return whether the root's packets reach the worker."""
        for _ in range(len(self._members) + 1):
            if worker == self.root.worker:
                return True
            member = self._members.get(worker)
            worker = member.parent if member else ""
        return False

    def _load(self, worker: str) -> float:
        member = self._members.get(worker)
        return member.load if member else 0.0

    def _lender(self, worker: str) -> Lender:
        return self.root if worker == self.root.worker else self._members[worker].lender

    def _forget(self, now_s: float) -> None:
        self._members = {
            worker: member
            for worker, member in self._members.items()
            if now_s - member.asked_s <= FORGOTTEN_S
        }
