"""Erasure of a question's texts in the log itself, once the fold has erased the question."""

from __future__ import annotations

from msgspec.structs import replace

from ..broker.base import Entry, EventLog, read_upto
from ..domain import facts
from ..domain.ids import QuestionId


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
