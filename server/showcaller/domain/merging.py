"""Merging duplicates: one question counts for another, with its votes, and may be taken out again."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from . import facts
from .claiming import CLAIMED, is_kept_from
from .merges import MAX_TOGETHER
from .outcome import Outcome, Refusal
from .question import PUBLIC_STATES, REJECTABLE_STATES, Question
from .questions import Questions
from .refusals import NO_QUESTION, wrong_state
from .runsheet import RunSheet
from .touches import QuestionTouch, TallyTouch, Touch

ABSORBING_STATES = PUBLIC_STATES | {"pending"}


def why_not_merge(
    questions: Questions, fact: facts.QuestionMerged, runsheet: RunSheet
) -> Refusal | None:
    """Return why the question can't be merged. Saying a merge twice is allowed and changes nothing."""
    question, into = questions.get(fact.question), questions.get(fact.into)
    if question is None or into is None or "erased" in (question.state, into.state):
        return NO_QUESTION
    survivor = questions.survivor(into)
    if question is survivor:
        return Refusal("wrong_state", "a question can't be merged into itself")
    if question.merged_into is not None:
        same = questions.survivor(question) is survivor
        return None if same else Refusal("wrong_state", "it was merged into another question")
    return _why_not_together(questions, question, survivor)


def _why_not_together(
    questions: Questions, question: Question, survivor: Question
) -> Refusal | None:
    if question.session != survivor.session:
        return Refusal("wrong_state", "the two were asked in different sessions")
    if question.state not in REJECTABLE_STATES:
        return wrong_state(question, "be merged")
    if survivor.state not in ABSORBING_STATES:
        return wrong_state(survivor, "stand for others")
    if len(questions.together(question)) + len(questions.together(survivor)) > MAX_TOGETHER:
        return Refusal("too_many", f"at most {MAX_TOGETHER} questions are merged into one")
    return None


def merge(
    questions: Questions, fact: facts.QuestionMerged, at_ms: int, runsheet: RunSheet
) -> Outcome:
    """Have the question count for the survivor of `into`, with all that was merged into it before."""
    refused = why_not_merge(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    question, survivor = (
        questions.by_id[fact.question],
        questions.survivor(questions.by_id[fact.into]),
    )
    if question.merged_into is not None:
        return Outcome()
    if is_kept_from(question, fact.by, at_ms) or is_kept_from(survivor, fact.by, at_ms):
        return Outcome(refused=CLAIMED)
    questions.put(replace(question, merged_into=survivor.id, claim=None))
    return Outcome(touched=_touch_all(questions, questions.together(survivor)))


def why_not_unmerge(
    questions: Questions, fact: facts.QuestionUnmerged, runsheet: RunSheet
) -> Refusal | None:
    """Return why there is nothing to take back."""
    question = questions.get(fact.question)
    if question is None or question.state == "erased":
        return NO_QUESTION
    if question.merged_into is None:
        return Refusal("wrong_state", "the question is not merged into another")
    return None


def unmerge(
    questions: Questions, fact: facts.QuestionUnmerged, at_ms: int, runsheet: RunSheet
) -> Outcome:
    """Have the question count for itself again, in the state that it had."""
    refused = why_not_unmerge(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    question = questions.by_id[fact.question]
    group = questions.together(question)
    questions.put(replace(question, merged_into=None))
    return Outcome(touched=_touch_all(questions, group))


def set_free(questions: Questions, question: Question) -> set[Touch]:
    """Take a question that is about to go out of its group; what was merged into it stays there."""
    group = questions.together(question)
    if len(group) == 1:
        return set()
    for number in questions.merges.merged_into(question.number):
        child = questions.numbered(number)
        questions.put(replace(child, merged_into=question.merged_into))
    if question.merged_into is not None:
        questions.put(replace(question, merged_into=None))
    return _touch_all(questions, group)


def _touch_all(questions: Questions, group: Iterable[Question]) -> set[Touch]:
    ids = [question.id for question in group]
    touched: set[Touch] = {questions.touch_voters(ids)}
    touched.update(map(QuestionTouch, ids))
    touched.update(map(TallyTouch, ids))
    return touched
