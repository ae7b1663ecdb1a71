"""The outcome of folding one fact: the verdict, and which things a reader may have to look at again."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, field

from .ids import PersonId, PollId, QuestionId, VoterId
from .touches import Touch


class Refusal(NamedTuple):
    """The state does not allow the fact. `code` is stable; the message is for people."""

    code: str
    message: str


class CueEvent(Struct, frozen=True, kw_only=True):
    """A cue that was called just now. `due_ms` is wall time."""

    session: str
    cue: str
    due_ms: int
    show_ms: int  # show time at which it was due
    late_ms: int


class Outcome(Struct, kw_only=True):
    """The verdict on one fact. A refused fact touches at most the revision of a cue called too early."""

    refused: Refusal | None = None
    touched: set[Touch] = field(default_factory=set)
    cues: list[CueEvent] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)  # announcement ids called just now
    banned: list[str] = field(default_factory=list)  # person ids; also of those signed out
    revoked: list[str] = field(default_factory=list)  # token ids
    votes: list[tuple[PersonId, QuestionId, bool]] = field(
        default_factory=list
    )  # that changed a tally
    reminded: list[PersonId] = field(default_factory=list)  # whom the claiming node is to remind
    poll_votes: list[tuple[PollId, VoterId]] = field(default_factory=list)  # that changed a tally
    refused_votes: dict[int, Refusal] = field(default_factory=dict)  # by place in the batch

    @classmethod
    def refuse(cls, code: str, message: str) -> Outcome:
        return cls(refused=Refusal(code, message))

    @classmethod
    def touch(cls, *touched: Touch) -> Outcome:
        return cls(touched=set(touched))
