"""One question, as it is now, and the states that it goes through (`questions` draws them)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from .ids import PersonId, QuestionId, SessionId

QuestionState = Literal[
    "pending", "approved", "rejected", "on_air", "answered", "withdrawn", "erased"
]

PUBLIC_STATES = frozenset({"approved", "on_air", "answered"})
VOTABLE_STATES = frozenset({"approved", "on_air"})
OPEN_STATES = frozenset({"pending", "approved", "on_air"})
REJECTABLE_STATES = frozenset({"pending", "approved"})


AIRINGS_KEPT = 8

Airing = tuple[int, int | None]  # on air from, and until, in wall time; None: still


class Claim(Struct, frozen=True, array_like=True, gc=False):
    """Somebody has a question in hand, until wall time `until_ms` (`claiming`)."""

    by: PersonId
    until_ms: int


class Question(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One question as it is now: when it changes, another one takes its place.

    Once erased, its texts and votes are gone and only its place is kept. While it is merged into another,
    it keeps the state in which it comes back.
    """

    id: QuestionId
    number: int  # its place in the order of asking
    session: SessionId
    person: PersonId
    text: str
    anonymous: bool
    state: QuestionState
    asked_ms: int  # wall time
    edited: bool = False
    reply: str | None = None
    reason: str | None = None  # why it was rejected
    via: str = ""  # as in `facts.QuestionAsked`
    merged_into: QuestionId | None = None  # perhaps one that was merged itself
    original: str | None = None  # as it was asked, if a moderator has put it more clearly
    labels: tuple[str, ...] = ()  # moderators' own, in the order of sticking
    pinned: bool = False  # before all others
    sent: bool = False  # to the session's speakers
    claim: Claim | None = None
    aired: tuple[Airing, ...] = ()  # the newest last
    answered_ms: int | None = None  # wall time; None: it is not

    @property
    def is_open(self) -> bool:
        """Tell whether it takes a place."""
        return self.state in OPEN_STATES and self.merged_into is None

    @property
    def public(self) -> bool:
        """Tell whether everybody may see it."""
        return self.state in PUBLIC_STATES and self.merged_into is None


def timed(changed: Question, before: str, at_ms: int) -> Question:
    """Return the question with the time at which it left the state `before`, if it has."""
    if changed.state == before:
        return changed
    aired = changed.aired
    if before == "on_air" and aired:
        aired = (*aired[:-1], (aired[-1][0], at_ms))
    if changed.state == "on_air":
        aired = (*aired, (at_ms, None))[-AIRINGS_KEPT:]
    answered_ms = at_ms if changed.state == "answered" else None
    return replace(changed, aired=aired, answered_ms=answered_ms)
