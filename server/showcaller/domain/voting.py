"""Voting: which votes of a batch count, and for which question."""

from __future__ import annotations

from itertools import chain, repeat

from . import facts
from .ids import PersonId, QuestionId
from .outcome import Outcome, Refusal
from .question import VOTABLE_STATES, Question
from .questions import Questions
from .refusals import NO_QUESTION, NOT_VOTABLE, OWN
from .runsheet import RunSheet
from .votes import LATEST_MS

CLOCK_SLACK_MS = 60_000  # by which a client may be wrong about when a vote was given


def why_not_vote(questions: Questions, question_id: QuestionId, person: PersonId) -> Refusal | None:
    """Return why the person can't vote for the question now."""
    question = questions.by_id.get(question_id)
    if question is None:
        return NO_QUESTION
    return _why_not(question, questions.survivor(question), person)


def _why_not(question: Question, counted: Question, person: PersonId) -> Refusal | None:
    if counted.state not in VOTABLE_STATES:
        return NO_QUESTION if question.state == "erased" else NOT_VOTABLE
    return OWN if person in (question.person, counted.person) else None


def cast_votes(
    questions: Questions, fact: facts.VotesCast, at_ms: int, runsheet: RunSheet
) -> Outcome:
    """Count the votes of a batch; name those that can't be counted in `refused_votes`.

    A vote that was given before one that has been counted already changes nothing, nor does one
    that comes again. One for a question that was merged counts for the survivor.
    """
    outcome, find = Outcome(), questions.by_id.get
    given, keys = chain(fact.given_ms, repeat(0)), chain(fact.keys, repeat(0))
    for place, (vote, given_ms, key) in enumerate(zip(fact.votes, given, keys, strict=False)):
        person, question_id, on = vote
        question = find(question_id)
        if question is None:
            outcome.refused_votes[place] = NO_QUESTION
            continue
        counted = questions.survivor(question)
        refused = _why_not(question, counted, person)
        if refused is not None:
            outcome.refused_votes[place] = refused
        elif key and not questions.vote_keys.add(person, key):
            continue  # it has been counted
        elif _cast(questions, question, person, on, min(given_ms or at_ms, at_ms + CLOCK_SLACK_MS)):
            outcome.votes.append((person, counted.id, on))
    return outcome


def _cast(questions: Questions, question: Question, person: PersonId, on: bool, ms: int) -> bool:
    """Note the vote. Whoever takes theirs back does so for all that counts as one with the question."""
    votes, group = questions.votes, questions.merges.group(question.number)
    if len(group) == 1:
        return votes.cast(person, question.number, on, _since_asked_ms(question, ms))
    before = questions.merges.has_vote(person, question.number)
    for one in (question,) if on else questions.together(question):
        votes.cast(person, one.number, on, _since_asked_ms(one, ms))
    return questions.merges.count(person, question.number, before)


def _since_asked_ms(question: Question, given_ms: int) -> int:
    """Return how long after the question, as `Votes` takes it.

    Where a clock is far off, the log's order counts.
    """
    return min(max(given_ms - question.asked_ms + CLOCK_SLACK_MS, 0), LATEST_MS)
