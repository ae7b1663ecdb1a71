"""Asking: whether there is a place for one question more.

The fuller a session is, the fewer open questions each person may have there (`_is_crowded`), so that few
can't take the places of many.
"""

from __future__ import annotations

from typing import Literal

from . import facts
from .outcome import Outcome, Refusal
from .question import Question
from .questions import Questions
from .runsheet import RunSheet
from .session_run import SessionRun

MAX_PER_PERSON = 20  # open, in all sessions
MAX_ASKED = 200  # by one person, open or not
MAX_PER_SESSION = 5_000  # open
MAX_PER_ADDRESS = 2_000  # open, in one session


def first_state(run: SessionRun) -> Literal["pending", "approved"]:
    """Return the state in which a question to the session begins."""
    return "pending" if run.pre_moderation else "approved"


def ask(questions: Questions, fact: facts.QuestionAsked, at_ms: int, runsheet: RunSheet) -> Outcome:
    """Add the question, if there is a place for it."""
    refused = why_not_ask(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    run = runsheet.sessions[fact.session]
    question = Question(
        id=fact.question,
        number=questions.votes.add_question(),
        session=run.id,
        person=fact.person,
        text=fact.text,
        anonymous=fact.anonymous,
        state=first_state(run),
        asked_ms=at_ms,
        via=fact.via,
    )
    questions.add(question)
    return Outcome(touched=questions.touches(question))


def why_not_ask(
    questions: Questions, fact: facts.QuestionAsked, runsheet: RunSheet
) -> Refusal | None:
    """Return why the question can't be asked now."""
    run = runsheet.sessions.get(fact.session)
    if run is None:
        return Refusal("not_found", "there is no such session")
    if not run.qa_open:
        return Refusal("qa_closed", "the session takes no questions now")
    if fact.question in questions.by_id:
        return Refusal("wrong_state", "this question was asked already")
    return _why_no_place(questions, fact)


def _why_no_place(questions: Questions, fact: facts.QuestionAsked) -> Refusal | None:
    theirs = [question for question in questions.of_person(fact.person) if question.is_open]
    if len(theirs) >= MAX_PER_PERSON:
        return Refusal("too_many", f"{MAX_PER_PERSON} questions of yours wait for an answer")
    if questions.count_asked(fact.person) >= MAX_ASKED:
        return Refusal("too_many", f"a person may ask {MAX_ASKED} questions")
    here = sum(question.session == fact.session for question in theirs)
    if _is_crowded(questions.places_taken(fact.session), here, MAX_PER_SESSION):
        return _crowded("the session", here)
    at_address = questions.places_taken(fact.session, fact.via) if fact.via else 0
    if _is_crowded(at_address, here, MAX_PER_ADDRESS):
        return _crowded("your address", here)
    return None


def _is_crowded(taken: int, theirs: int, places: int) -> bool:
    """Tell whether somebody with `theirs` of the places that are `taken` may have no further one.

    The first is to be had until all are taken, the second until half are, the third until a third is: so
    who comes later finds room, however many a few have asked.
    """
    return taken * (theirs + 1) >= places


def _crowded(where: str, theirs: int) -> Refusal:
    if not theirs:
        return Refusal("too_many", f"too many questions of {where} wait for an answer")
    return Refusal(
        "too_many", f"many questions of {where} wait for an answer: {theirs} of yours are enough"
    )
