"""The ingests that a worker can show: its own, and those that it borrows from other workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from ..egress import Egress
from .branch import Branch
from .far_branch import FarBranch
from .ingest import Ingest


class Ingests:
    """Ingests by resource; `own` are this worker's.

    `changed` is given the session, and the time, whenever what is borrowed has changed.
    """

    def __init__(self, egress: Egress, changed: Callable[[str, float], None]) -> None:
        self.own: dict[str, Ingest] = {}
        self.egress = egress
        self._changed = changed
        self._branches: dict[str, Branch] = {}  # by the path of their trunk
        self._trunk_of: dict[str, str] = {}  # stages of other workers, and that path
        self._far: dict[str, FarBranch] = {}  # by their stages

    def __iter__(self) -> Iterator[Ingest]:
        return chain(self.own.values(), self.borrowed())

    def get(self, resource: str) -> Ingest | None:
        """Return an ingest, own or borrowed."""
        known = (branch.ingests for branch in self._all())
        return next((p[resource] for p in (self.own, *known) if resource in p), None)

    def borrowed(self) -> Iterator[Ingest]:
        """Return the ingests of other workers."""
        return chain.from_iterable(branch.ingests.values() for branch in self._all())

    def _all(self) -> Iterator[Branch | FarBranch]:
        return chain(self._branches.values(), self._far.values())

    def room(self, session: str | None) -> list[Ingest]:
        """Return the ingests of one session, in the order in which they came."""
        return [ingest for ingest in self if ingest.session == session]

    def branch_off(self, stage: str, path: str) -> None:
        """Borrow from the worker that has the stage, at its UNIX socket."""
        if path not in self._branches:
            self._branches[path] = Branch(path, self.egress, self._changed, whole=True)
        self._trunk_of[stage] = path

    def follow(self, branch: FarBranch) -> None:
        """Borrow from a worker of another node, for one stage."""
        self.part(branch.stage)
        self._far[branch.stage] = branch

    def far(self, stage: str) -> FarBranch | None:
        """Return what is borrowed from another node for that stage."""
        return self._far.get(stage)

    def all_far(self) -> Iterable[FarBranch]:
        return self._far.values()

    def part(self, stage: str) -> None:
        """Borrow no more from another node for that stage."""
        if (branch := self._far.pop(stage, None)) is not None:
            branch.close()

    def leave(self, stage: str) -> None:
        """Borrow no more for that stage."""
        self.part(stage)
        path = self._trunk_of.pop(stage, None)
        if path is not None and path not in self._trunk_of.values():
            self._branches.pop(path).close()

    def close(self) -> None:
        """Borrow nothing more."""
        for branch in self._all():
            branch.close()
