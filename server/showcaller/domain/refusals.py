"""Refusals of facts about questions that several folds share."""

from __future__ import annotations

from .outcome import Refusal
from .question import Question

NO_QUESTION = Refusal("not_found", "there is no such question")
NOT_YOURS = Refusal("forbidden", "the question is not yours")
NOT_VOTABLE = Refusal("not_votable", "the question can't be voted for now")
OWN = Refusal("own_question", "nobody votes for their own question")
MERGED = Refusal("wrong_state", "the question was merged into another: take that back first")


def wrong_state(question: Question, what: str) -> Refusal:
    """Return that a question in this state can't `what`."""
    return Refusal("wrong_state", f"the question is {question.state}: it can't {what}")
