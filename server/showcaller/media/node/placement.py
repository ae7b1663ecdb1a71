"""The placement of stages: the worker that one goes to, and when a resting one moves. Pure: time is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

PLACED_LOAD = 0.1  # share of a core; what a stage counts for until its worker has measured it
PLACED_FOR_S = 5.0
CLEAR_MARGIN = 0.25  # of load: what a move must gain


class Candidate(NamedTuple):
    """A worker that could have a stage. `here`: it is one of this node's."""

    worker: str
    load: float  # share of one core, as measured
    viewers: int
    stages: int
    here: bool


class Placement:
    """Remembers what it has placed where, since measurements come seconds later."""

    def __init__(self) -> None:
        self._placed: list[tuple[str, float]] = []  # worker, until when it counts

    def note(self, worker: str, now_s: float) -> None:
        """Take in that a stage has just been given to `worker`."""
        self._placed.append((worker, now_s + PLACED_FOR_S))

    def best(self, candidates: Iterable[Candidate], now_s: float) -> Candidate | None:
        """Return who has the least to do; None if there is nobody.

        The least load counts, to a tenth of a core; then the fewest viewers and stages; then one of ours.
        """
        self._placed = [(worker, until_s) for worker, until_s in self._placed if until_s > now_s]
        return min(candidates, key=self._rank, default=None)

    def better(self, candidates: Iterable[Candidate], than: str, now_s: float) -> Candidate | None:
        """Return a worker with clearly less to do than `than`, whose stage rests and so costs it nothing."""
        known = {candidate.worker: candidate for candidate in candidates}
        best, current = self.best(known.values(), now_s), known.get(than)
        if best is None or current is None:
            return None
        return best if self._load(best) + CLEAR_MARGIN < current.load else None

    def _rank(self, one: Candidate) -> tuple[float, int, int, bool, str]:
        stages = one.stages + self._just_placed(one)
        return round(self._load(one), 1), one.viewers, stages, not one.here, one.worker

    def _load(self, one: Candidate) -> float:
        return one.load + PLACED_LOAD * self._just_placed(one)

    def _just_placed(self, one: Candidate) -> int:
        return sum(worker == one.worker for worker, _ in self._placed)
