"""The items that clients see of questions (`client_sdk/PROTOCOL.md` §4), as functions of the state.

What a view leaves out, no channel can leak: `question` knows neither persons nor reasons, and is None for
whatever is not public.
"""

from __future__ import annotations

from ..domain.question import OPEN_STATES, Airing, Question
from .views import NameOf, View


class QuestionView(View, frozen=True, kw_only=True):
    """A public question: what everybody may know of it."""

    id: str
    text: str
    author: str | None
    state: str
    asked_ms: int
    reply: str | None
    merged: int  # so many others that say the same count with it
    pinned: bool
    clarified: bool  # a moderator has put it more clearly
    aired: tuple[Airing, ...]
    answered_ms: int | None


class ClaimView(View, frozen=True, kw_only=True):
    """Somebody has a question in hand."""

    person: str
    name: str
    until_ms: int


class SentQuestionView(View, frozen=True, kw_only=True):
    """A question that moderators sent to the session's speakers."""

    id: str
    text: str
    author: str | None
    state: str
    asked_ms: int


class ModeratedQuestionView(View, frozen=True, kw_only=True):
    id: str
    session: str
    text: str
    author: str
    person: str
    anonymous: bool
    state: str
    asked_ms: int
    edited: bool
    reply: str | None
    reason: str | None
    merged_into: str | None
    original: str | None
    labels: tuple[str, ...]
    pinned: bool
    sent: bool
    claim: ClaimView | None


class OwnQuestionView(View, frozen=True, kw_only=True):
    id: str
    session: str
    text: str
    anonymous: bool
    state: str
    asked_ms: int
    reply: str | None
    reason: str | None
    merged_into: str | None  # "": into one that is not public
    original: str | None


def question(asked: Question, name_of: NameOf, merged: int = 0) -> QuestionView | None:
    """Return what everybody sees; None unless the question is public. `merged`: how many count with it."""
    if not asked.public:
        return None
    return QuestionView(
        id=asked.id,
        text=asked.text,
        author=None if asked.anonymous else name_of(asked.person) or None,
        state=asked.state,
        asked_ms=asked.asked_ms,
        reply=asked.reply,
        merged=merged,
        pinned=asked.pinned,
        clarified=asked.original is not None,
        aired=asked.aired,
        answered_ms=asked.answered_ms,
    )


def sent_question(asked: Question, name_of: NameOf) -> SentQuestionView | None:
    """Return what the session's speakers see of it; None unless it was sent and may still be answered."""
    if not asked.sent or asked.merged_into is not None or asked.state not in OPEN_STATES:
        return None
    return SentQuestionView(
        id=asked.id,
        text=asked.text,
        author=None if asked.anonymous else name_of(asked.person) or None,
        state=asked.state,
        asked_ms=asked.asked_ms,
    )


def moderated_question(asked: Question, name_of: NameOf) -> ModeratedQuestionView | None:
    if asked.state == "erased":
        return None
    return ModeratedQuestionView(
        id=asked.id,
        session=asked.session,
        text=asked.text,
        author=name_of(asked.person),
        person=asked.person,
        anonymous=asked.anonymous,
        state=asked.state,
        asked_ms=asked.asked_ms,
        edited=asked.edited,
        reply=asked.reply,
        reason=asked.reason,
        merged_into=asked.merged_into,
        original=asked.original,
        labels=asked.labels,
        pinned=asked.pinned,
        sent=asked.sent,
        claim=_claim(asked, name_of),
    )


def _claim(asked: Question, name_of: NameOf) -> ClaimView | None:
    """Return who has it in hand, or had it last: when that is over, the reader's clock tells."""
    claim = asked.claim
    if claim is None:
        return None
    return ClaimView(person=claim.by, name=name_of(claim.by), until_ms=claim.until_ms)


def own_question(asked: Question, survivor: Question) -> OwnQuestionView | None:
    """Return what its author sees: it fares as the `survivor` does, which it counts for.

    Of another's question they are told no more than everybody.
    """
    if asked.state == "erased":
        return None
    merged, told = survivor is not asked, survivor.public
    return OwnQuestionView(
        id=asked.id,
        session=asked.session,
        text=asked.text,
        anonymous=asked.anonymous,
        state=survivor.state,
        asked_ms=asked.asked_ms,
        reply=survivor.reply if told or not merged else None,
        reason=None if merged else asked.reason,
        merged_into=(survivor.id if told else "") if merged else None,
        original=asked.original,
    )
