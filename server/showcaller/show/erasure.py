"""Erasure in the log itself, once the fold has erased: texts, reasons, and what a person starred or said."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from ..broker.base import Entry, EventLog, read_upto
from ..domain import facts
from ..domain.ids import PersonId, PollId, QuestionId, SessionId, VoterId
from ..domain.people import NOBODY
from ..domain.poll_draft import Choice


async def erase_texts(log: EventLog, question: QuestionId, upto: int) -> None:
    """Empty all texts of `question` in entries up to offset `upto`; doing it again changes nothing.

    From the entry that erased the question on, the log folds to the same state as before. Raises
    `errors.Unavailable`, `errors.StorageFull`.
    """
    await _empty(log, upto, lambda entry: _without_text(entry, question))


async def erase_words(log: EventLog, votes: Iterable[tuple[PollId, VoterId]], upto: int) -> None:
    """Empty what these voters said in these polls in entries up to offset `upto`, as `erase_texts` does."""
    said = frozenset(votes)
    await _empty(log, upto, lambda entry: _without_words(entry, said))


async def erase_reasons(log: EventLog, person: PersonId, upto: int) -> None:
    """Empty the reasons of the person's bans and silences, as `erase_texts` does with texts."""
    await _empty(log, upto, lambda entry: _without_reason(entry, person))


async def erase_said(log: EventLog, person: PersonId, upto: int) -> None:
    """Empty what the person said in chats, as `erase_texts` does with texts."""
    await _empty(log, upto, lambda entry: _without_said(entry, person))


async def erase_captions(log: EventLog, session: SessionId, upto: int) -> None:
    """Empty the captions of a session whose recording was deleted, as `erase_texts` does with texts."""
    await _empty(log, upto, lambda entry: _without_caption(entry, session))


async def erase_ratings(log: EventLog, person: PersonId, upto: int) -> None:
    """Empty what the person said of sessions, as `erase_texts` does with texts."""
    await _empty(log, upto, lambda entry: _without_rating(entry, person))


async def _empty(log: EventLog, upto: int, without: Callable[[Entry], facts.Fact | None]) -> None:
    async for entry in read_upto(log, upto):
        emptied = without(entry)
        if emptied is not None:
            await log.erase(entry.offset, facts.encode_fact(emptied))


def _without_words(
    entry: Entry, said: frozenset[tuple[PollId, VoterId]]
) -> facts.PollVotesCast | None:
    """The entry's fact with the words of these votes gone; None if it holds none of them."""
    if _CAST not in entry.data or not any(voter.encode() in entry.data for _, voter in said):
        return None
    fact = facts.decode_fact(entry.data)
    if not isinstance(fact, facts.PollVotesCast):
        return None
    votes = tuple(
        replace(vote, choice=Choice()) if (vote.poll, vote.voter) in said else vote
        for vote in fact.votes
    )
    return replace(fact, votes=votes) if votes != fact.votes else None


_CAST = b"poll.votes_cast"


def _without_text(entry: Entry, question: QuestionId) -> facts.Fact | None:
    """The entry's fact with its text gone; None if it holds no text of `question`."""
    if question.encode() not in entry.data:  # seldom there: spares decoding the others
        return None
    fact = facts.decode_fact(entry.data)
    match fact:
        case (
            facts.QuestionAsked()
            | facts.QuestionEdited()
            | facts.QuestionReplied()
            | facts.QuestionClarified()
        ):
            return replace(fact, text="") if fact.question == question and fact.text else None
        case facts.QuestionRejected():
            return replace(fact, reason="") if fact.question == question and fact.reason else None
    return None


def _without_reason(entry: Entry, person: PersonId) -> facts.Fact | None:
    """The entry's fact with its reason gone; None if it holds none about the person."""
    if person.encode() not in entry.data:
        return None
    fact = facts.decode_fact(entry.data)
    match fact:
        case facts.PersonBanned() | facts.PersonSilenced():
            return replace(fact, reason="") if fact.person == person and fact.reason else None
    return None


def _without_said(entry: Entry, person: PersonId) -> facts.ChatSaid | None:
    """The entry's fact with its text gone; None if it is none that the person said in a chat."""
    if _SAID not in entry.data or person.encode() not in entry.data:
        return None
    fact = facts.decode_fact(entry.data)
    if not isinstance(fact, facts.ChatSaid) or fact.person != person or not fact.text:
        return None
    return replace(fact, text="")


_SAID = b"chat.said"


def _without_caption(
    entry: Entry, session: SessionId
) -> facts.CaptionSaid | facts.CaptionCorrected | None:
    """The entry's fact with its text gone; None if it is no line of the session's captions."""
    if _CAPTION not in entry.data or session.encode() not in entry.data:
        return None
    fact = facts.decode_fact(entry.data)
    if not isinstance(fact, facts.CaptionSaid | facts.CaptionCorrected):
        return None
    return replace(fact, text="") if fact.session == session and fact.text else None


_CAPTION = b'"caption.'


def _without_rating(entry: Entry, person: PersonId) -> facts.SessionRated | None:
    """The entry's fact with its comment gone; None if it holds none of the person's."""
    if _RATED not in entry.data or person.encode() not in entry.data:
        return None
    fact = facts.decode_fact(entry.data)
    if not isinstance(fact, facts.SessionRated) or fact.person != person or not fact.comment:
        return None
    return replace(fact, comment="")


_RATED = b"session.rated"


async def erase_favourites(log: EventLog, person: PersonId, upto: int) -> None:
    """Take the person out of all that tells what they starred, as `erase_texts` does with texts.

    Raises `errors.Unavailable`, `errors.StorageFull`.
    """
    async for entry in read_upto(log, upto):
        emptied = _without_person(entry, person)
        if emptied is not None:
            await log.erase(entry.offset, facts.encode_fact(emptied))


def _without_person(entry: Entry, person: PersonId) -> facts.Fact | None:
    """The entry's fact with nobody in the person's place; None if it is not about a favourite of theirs."""
    if msgspec.json.encode(person) not in entry.data:  # seldom there: spares decoding the others
        return None
    fact = facts.decode_fact(entry.data)
    match fact:
        case facts.SessionStarred() | facts.CalendarRenewed():
            return replace(fact, person=NOBODY) if fact.person == person else None
        case facts.RemindersClaimed():
            others = tuple(one for one in fact.people if one != person)
            return replace(fact, people=others) if others != fact.people else None
    return None
