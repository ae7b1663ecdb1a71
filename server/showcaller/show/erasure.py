"""Erasure in the log itself, once the fold has erased: a question's texts, what a person has starred."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from ..broker.base import Entry, EventLog, read_upto
from ..domain import facts
from ..domain.ids import PersonId, QuestionId
from ..domain.people import NOBODY


async def erase_texts(log: EventLog, question: QuestionId, upto: int) -> None:
    """Empty all texts of `question` in entries up to offset `upto`; doing it again changes nothing.

    From the entry that erased the question on, the log folds to the same state as before. Raises
    `errors.Unavailable`, `errors.StorageFull`.
    """
    async for entry in read_upto(log, upto):
        emptied = _without_text(entry, question)
        if emptied is not None:
            await log.erase(entry.offset, facts.encode_fact(emptied))


def _without_text(entry: Entry, question: QuestionId) -> facts.Fact | None:
    """The entry's fact with its text gone; None if it holds no text of `question`."""
    if question.encode() not in entry.data:  # seldom there: spares decoding the others
        return None
    fact = facts.decode_fact(entry.data)
    match fact:
        case facts.QuestionAsked() | facts.QuestionEdited() | facts.QuestionReplied():
            return replace(fact, text="") if fact.question == question and fact.text else None
        case facts.QuestionRejected():
            return replace(fact, reason="") if fact.question == question and fact.reason else None
    return None


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
