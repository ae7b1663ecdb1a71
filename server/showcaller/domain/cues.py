"""Cues: what the clock calls, under which name, and how far each has come.

A cue's revision is part of the key under which a node appends it (`cue_key`), and the log takes a key
once. So a revision that may have been used up is never used again: it rises whenever the due time of a
cue that is still to be called moves, when such a cue was refused, and when an undo takes a call back.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from .ids import SessionId
from .schedule import CuePolicy

DOORS_OPEN = "doors_open"
STARTING_SOON = "starting_soon"  # with minutes: `starting_soon:5`
STARTED = "started"
ENDING_SOON = "ending_soon"
OVERRUNNING = "overrunning"
ENDED = "ended"
QA_CLOSES = "qa_closes"

# Among cues due at once: ends before starts, and a session's own in their natural order.
_RANK = {
    kind: rank
    for rank, kind in enumerate(
        (OVERRUNNING, ENDED, QA_CLOSES, ENDING_SOON, DOORS_OPEN, STARTING_SOON, STARTED)
    )
}


class CueRun(Struct, kw_only=True):
    """One cue of one session. `due_ms` is show time, `called_ms` and `late_ms` are wall time."""

    revision: int = 0  # 1 with the first due time
    due_ms: int | None = None
    armed: bool = False  # whether it may be called once due; else it waits for another cue
    called_ms: int | None = None
    late_ms: int = 0
    dropped: bool = False  # called when it made no sense any more: nobody was told

    @property
    def pending(self) -> bool:
        """Tell whether it has a due time and is still to be called."""
        return self.called_ms is None and self.due_ms is not None

    def move(self, due_ms: int | None) -> bool:
        """Give a cue that is still to be called another due time; tell whether it differs."""
        if self.called_ms is not None or self.due_ms == due_ms:
            return False
        self.due_ms = due_ms
        self.revision += 1
        return True

    def call(self, at_ms: int, *, late_ms: int = 0, dropped: bool = False) -> None:
        """Note that it was called at wall time `at_ms`, or dropped then."""
        self.called_ms = at_ms
        self.late_ms = late_ms
        self.dropped = dropped

    def call_as(self, earlier: CueRun) -> None:
        """Be called again as it was `earlier`, before it was taken back."""
        self.due_ms = earlier.due_ms
        self.called_ms = earlier.called_ms
        self.late_ms = earlier.late_ms
        self.dropped = earlier.dropped

    def take_back(self) -> None:
        """Make it uncalled again."""
        self.revision += 1
        self.called_ms = None
        self.late_ms = 0
        self.dropped = False


class DueCue(NamedTuple):
    """A cue that the clock is to call at show time `due_ms`."""

    session: SessionId
    cue: str
    revision: int
    due_ms: int


def cue_names(policy: CuePolicy) -> tuple[str, ...]:
    """Return the names of all cues that a session has under `policy`."""
    soon = tuple(starting_soon(minutes) for minutes in policy.starting_soon_min)
    return (DOORS_OPEN, *soon, STARTED, ENDING_SOON, OVERRUNNING, ENDED, QA_CLOSES)


def starting_soon(minutes: int) -> str:
    """Return the name of the cue that is due `minutes` before the start."""
    return f"{STARTING_SOON}:{minutes}"


def cue_kind(cue: str) -> str:
    """Return a cue's name without its minutes."""
    return cue.partition(":")[0]


def cue_rank(cue: str) -> int:
    """Return the order among cues that are due at the same instant."""
    return _RANK[cue_kind(cue)]


def cue_key(run: str, session: str, cue: str, revision: int) -> str:
    """Return the idempotency key under which every node appends this call."""
    return f"cue:{run}:{session}:{cue}:{revision}"
