"""All folds of facts about questions, and why the state would refuse one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import asking, claiming, facts, merging, moderating, voting
from .outcome import Outcome, Refusal
from .questions import Questions
from .runsheet import RunSheet

_Fold = Callable[[Questions, Any, int, RunSheet], Outcome]
_WhyNot = Callable[[Questions, Any, RunSheet], Refusal | None]

# Why the state does not allow a fact. Batches of votes are always allowed; votes of them are refused.
CHECKS: dict[type[facts.Fact], _WhyNot] = {
    facts.QuestionAsked: asking.why_not_ask,
    facts.QuestionsRejected: moderating.why_not_reject_all,
    facts.QuestionMerged: merging.why_not_merge,
    facts.QuestionUnmerged: merging.why_not_unmerge,
    facts.QuestionClaimed: claiming.why_not_claim,
    **dict.fromkeys(moderating.CHANGES, moderating.why_not_change),
}

FOLDS: dict[type[facts.Fact], _Fold] = {
    facts.VotesCast: voting.cast_votes,
    facts.QuestionAsked: asking.ask,
    facts.QuestionsRejected: moderating.reject_all,
    facts.QuestionMerged: merging.merge,
    facts.QuestionUnmerged: merging.unmerge,
    facts.QuestionClaimed: claiming.claim,
    facts.QuestionReleased: claiming.release,
    **dict.fromkeys(moderating.CHANGES, moderating.fold_change),
}


def apply(questions: Questions, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
    """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
    return FOLDS[type(fact)](questions, fact, at_ms, runsheet)


def why_not(questions: Questions, fact: Any, runsheet: RunSheet) -> Refusal | None:
    """Return why the state as it is now does not allow a fact of those in `CHECKS`."""
    return CHECKS[type(fact)](questions, fact, runsheet)
