"""Touches: the things whose views may have changed, a type for each kind of thing.

A fold says what it touched; the projection (`show/projection.py`) looks at it again. A new type here needs
a look there.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import astuple

from .ids import (
    AnnouncementId,
    CheckId,
    FeedbackId,
    MessageId,
    PersonId,
    PollId,
    QuestionId,
    SessionId,
    StageId,
)


class Touch(Struct, frozen=True, gc=False):
    """Base of all."""


class EventTouch(Touch, frozen=True, gc=False):
    """The schedule: a run began, or another schedule was published."""


class ClockTouch(Touch, frozen=True, gc=False):
    """The show's clock."""


class ControlsTouch(Touch, frozen=True, gc=False):
    """The last control, and whether it can be undone."""


class SessionTouch(Touch, frozen=True, gc=False):
    """A session's state and times."""

    session: SessionId


class CueTouch(Touch, frozen=True, gc=False):
    """One cue of a session."""

    session: SessionId
    cue: str


class QualityTouch(Touch, frozen=True, gc=False):
    """The quality of a session as it reached its viewers."""

    session: SessionId


class StageTouch(Touch, frozen=True, gc=False):
    """A stage: who hosts it, and whose room it shows."""

    stage: StageId


class PublicationTouch(Touch, frozen=True, gc=False):
    """Something that a person publishes."""

    person: PersonId
    publication: str


class QuestionTouch(Touch, frozen=True, gc=False):
    """A question, apart from its votes."""

    question: QuestionId


class TallyTouch(Touch, frozen=True, gc=False):
    """The number of votes for a question."""

    question: QuestionId


class VotersTouch(Touch, frozen=True, gc=False):
    """The votes of all who vote for one of these questions, as each of them sees their own."""

    questions: tuple[QuestionId, ...]


class VoteTouch(Touch, frozen=True, gc=False):
    """One person's vote for a question."""

    person: PersonId
    question: QuestionId


class FavouriteTouch(Touch, frozen=True, gc=False):
    """A session that a person has starred, or has not any more."""

    person: PersonId
    session: SessionId


class PollTouch(Touch, frozen=True, gc=False):
    """A poll, apart from its votes."""

    poll: PollId


class PollTallyTouch(Touch, frozen=True, gc=False):
    """The tally of a poll."""

    poll: PollId


class PollVotersTouch(Touch, frozen=True, gc=False):
    """The votes of all who voted in a poll, as each of them sees their own."""

    poll: PollId


class PollVoteTouch(Touch, frozen=True, gc=False):
    """One person's vote in a poll."""

    person: PersonId
    poll: PollId


class ChatTouch(Touch, frozen=True, gc=False):
    """A message of a session's chat."""

    session: SessionId
    message: MessageId


class CaptionsTouch(Touch, frozen=True, gc=False):
    """The captions of a session in one language."""

    session: SessionId
    language: str


class FeedbackTouch(Touch, frozen=True, gc=False):
    """A person's rating of a session, and their comment."""

    session: SessionId
    person: PersonId
    feedback: FeedbackId


class FeedbackTallyTouch(Touch, frozen=True, gc=False):
    """The number of ratings of a session with so many stars."""

    session: SessionId


class CheckTouch(Touch, frozen=True, gc=False):
    """An item of the check list."""

    item: CheckId


class AnnouncementTouch(Touch, frozen=True, gc=False):
    """An announcement."""

    announcement: AnnouncementId


class PersonTouch(Touch, frozen=True, gc=False):
    """A person: their name, and whether they are shut out."""

    person: PersonId


def in_order(touched: Iterable[Touch]) -> list[Touch]:
    """Sort by kind and then by what is touched, so that equal outcomes are looked at alike."""
    return sorted(touched, key=lambda touch: (type(touch).__name__, *astuple(touch)))
