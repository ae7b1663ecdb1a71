"""Claims: a moderator who has a question in hand keeps the others from it for a while.

A claim is exclusive. It ends when its holder lets go, when another one takes it over on purpose, or by
itself after `CLAIM_MS`, unless it is made again; so whoever is gone holds up nobody for long. A reply makes
a claim by itself: two people never answer the same question without knowing of one another.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from . import facts
from .ids import PersonId
from .outcome import Outcome, Refusal
from .question import Claim, Question
from .questions import Questions
from .refusals import MERGED, NO_QUESTION, wrong_state
from .runsheet import RunSheet

CLAIM_MS = 120_000
CLAIMED = Refusal("claimed", "somebody else has this question in hand")


def is_kept_from(question: Question, person: PersonId, at_ms: int) -> bool:
    """Tell whether somebody other than `person` has the question in hand at wall time `at_ms`."""
    claim = question.claim
    return claim is not None and claim.by != person and at_ms < claim.until_ms


def made_by(person: PersonId, at_ms: int) -> Claim:
    """Return a claim of the person's that begins at wall time `at_ms`."""
    return Claim(person, at_ms + CLAIM_MS)


def why_not_claim(questions: Questions, fact: Any, runsheet: RunSheet) -> Refusal | None:
    """Return why the question can't be in anybody's hand; of other claims only the log's order tells."""
    question = questions.get(fact.question)
    if question is None or question.state == "erased":
        return NO_QUESTION
    if question.merged_into is not None:
        return MERGED
    return wrong_state(question, "be claimed") if question.state == "withdrawn" else None


def claim(
    questions: Questions, fact: facts.QuestionClaimed, at_ms: int, runsheet: RunSheet
) -> Outcome:
    """Put the question into the hand of who claims it, or keep it there for longer."""
    refused = why_not_claim(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    question = questions.by_id[fact.question]
    if is_kept_from(question, fact.by, at_ms) and not fact.take_over:
        return Outcome(refused=CLAIMED)
    return _hold(questions, question, made_by(fact.by, at_ms))


def release(
    questions: Questions, fact: facts.QuestionReleased, at_ms: int, runsheet: RunSheet
) -> Outcome:
    """Let go of the question; doing it twice is allowed, and nobody lets go of what another one has."""
    question = questions.get(fact.question)
    if question is None or question.state == "erased":
        return Outcome(refused=NO_QUESTION)
    if is_kept_from(question, fact.by, at_ms):
        return Outcome(refused=CLAIMED)
    return _hold(questions, question, None)


def _hold(questions: Questions, question: Question, claim: Claim | None) -> Outcome:
    changed = replace(question, claim=claim)
    questions.put(changed)
    return Outcome(touched=questions.touches(changed))
