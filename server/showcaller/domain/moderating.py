"""Changes that authors and moderators make to one question, or to many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from . import facts
from .claiming import CLAIMED, is_kept_from, made_by
from .merging import set_free
from .outcome import Outcome, Refusal
from .question import OPEN_STATES, REJECTABLE_STATES, Question, timed
from .questions import Questions
from .refusals import MERGED, NO_QUESTION, NOT_YOURS, wrong_state
from .runsheet import RunSheet

MAX_LABELS = 8

_Change = Callable[[Questions, Question, Any], Question]
_Check = Callable[[Question, Any], Refusal | None]


# Changes: each returns the question that takes its place ------------------------------------------


def _edit(questions: Questions, question: Question, fact: facts.QuestionEdited) -> Question:
    return replace(question, text=fact.text, edited=True, original=None)


def _clarify(questions: Questions, question: Question, fact: facts.QuestionClarified) -> Question:
    original = question.text if question.original is None else question.original
    changed = fact.text != original
    return replace(question, text=fact.text, original=original if changed else None)


def _label(questions: Questions, question: Question, fact: facts.QuestionLabelled) -> Question:
    others = tuple(label for label in question.labels if label != fact.label)
    return replace(question, labels=(*others, fact.label) if fact.on else others)


def _pin(questions: Questions, question: Question, fact: facts.QuestionPinned) -> Question:
    return replace(question, pinned=fact.on)


def _send(questions: Questions, question: Question, fact: facts.QuestionSent) -> Question:
    return replace(question, sent=fact.on)


def _withdraw(questions: Questions, question: Question, fact: facts.QuestionWithdrawn) -> Question:
    questions.take_off_air(question)
    return replace(question, state="withdrawn")


def _approve(questions: Questions, question: Question, fact: facts.QuestionApproved) -> Question:
    return replace(question, state="approved", reason=None)


def _return(questions: Questions, question: Question, fact: facts.QuestionReturned) -> Question:
    return replace(question, state="pending", reason=None)


def _reject(questions: Questions, question: Question, fact: facts.QuestionRejected) -> Question:
    """Reject it; one that is rejected already gets this reason."""
    return replace(question, state="rejected", reason=fact.reason or None)


def _reject_with_others(
    questions: Questions, question: Question, fact: facts.QuestionsRejected
) -> Question:
    return replace(question, state="rejected")


def _pull(questions: Questions, question: Question, fact: facts.QuestionPulled) -> Question:
    questions.take_off_air(question)
    return replace(question, state="approved")


def _answer(questions: Questions, question: Question, fact: facts.QuestionAnswered) -> Question:
    questions.take_off_air(question)
    return replace(question, state="answered")


def _reply(questions: Questions, question: Question, fact: facts.QuestionReplied) -> Question:
    return replace(question, reply=fact.text or None)


def _push(questions: Questions, question: Question, fact: facts.QuestionPushed) -> Question:
    before = questions.on_air.get(question.session)
    if before is not None:
        questions.put(replace(questions.by_id[before], state="answered"))
    questions.on_air[question.session] = question.id
    return replace(question, state="on_air")


def _erase(questions: Questions, question: Question, fact: facts.QuestionErased) -> Question:
    questions.take_off_air(question)
    questions.votes.forget(question.number)
    return replace(
        question,
        state="erased",
        text="",
        original=None,
        labels=(),
        reply=None,
        reason=None,
        claim=None,
    )


def _authors(*states: str, what: str) -> _Check:
    """Check a fact that only the question's author may cause, in these states."""
    in_state = _in(*states, what=what)

    def check(question: Question, fact: Any) -> Refusal | None:
        return in_state(question, fact) if question.person == fact.person else NOT_YOURS

    return check


def _in(*states: str, what: str) -> _Check:
    """Check a fact about a question in one of these states; `what` it can't otherwise."""

    def check(question: Question, fact: Any) -> Refusal | None:
        return None if question.state in states else wrong_state(question, what)

    return check


def _check_label(question: Question, fact: facts.QuestionLabelled) -> Refusal | None:
    if fact.on and len({*question.labels, fact.label}) > MAX_LABELS:
        return Refusal("too_many", f"a question has at most {MAX_LABELS} labels")
    return _not_withdrawn(question, fact)


_not_withdrawn = _in(*OPEN_STATES, "answered", "rejected", what="be changed")

# A fact about one question that was asked and not erased: when it may come, and what it does.
CHANGES: dict[type[facts.Fact], tuple[_Check, _Change]] = {
    facts.QuestionEdited: (_authors("pending", what="be edited"), _edit),
    facts.QuestionWithdrawn: (
        _authors(*OPEN_STATES, "answered", "rejected", what="be withdrawn"),
        _withdraw,
    ),
    facts.QuestionApproved: (
        _in("pending", "rejected", "answered", what="be approved"),
        _approve,
    ),
    facts.QuestionRejected: (
        _in(*REJECTABLE_STATES, "rejected", what="be rejected"),
        _reject,
    ),
    facts.QuestionReturned: (
        _in("approved", "rejected", "answered", what="go back to review"),
        _return,
    ),
    facts.QuestionPushed: (
        _in("pending", "approved", "answered", what="go on air"),
        _push,
    ),
    facts.QuestionPulled: (_in("on_air", what="be taken off air"), _pull),
    facts.QuestionAnswered: (
        _in("approved", "on_air", what="be marked as answered"),
        _answer,
    ),
    facts.QuestionReplied: (_in(*OPEN_STATES, "answered", what="be replied to"), _reply),
    facts.QuestionClarified: (_not_withdrawn, _clarify),
    facts.QuestionLabelled: (_check_label, _label),
    facts.QuestionPinned: (_not_withdrawn, _pin),
    facts.QuestionSent: (_not_withdrawn, _send),
    facts.QuestionErased: (lambda question, fact: None, _erase),
}
# What may come while the question is merged into another: it leaves that then.
_LEAVES_ITS_GROUP = (facts.QuestionWithdrawn, facts.QuestionErased)


def why_not_change(questions: Questions, fact: Any, runsheet: RunSheet) -> Refusal | None:
    """Return why the state as it is now does not allow a fact of those in `CHANGES`."""
    question = questions.get(fact.question)
    if question is None or question.state == "erased":
        return NO_QUESTION
    if question.merged_into is not None and not isinstance(fact, _LEAVES_ITS_GROUP):
        return MERGED
    return CHANGES[type(fact)][0](question, fact)


def fold_change(questions: Questions, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
    """Fold a fact about one question."""
    refused = why_not_change(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    question = questions.by_id[fact.question]
    if _is_kept_from(question, fact, at_ms):
        return Outcome(refused=CLAIMED)
    if isinstance(fact, facts.QuestionReplied):
        questions.put(replace(question, claim=made_by(fact.by, at_ms)))
    return _change(questions, questions.by_id[fact.question], CHANGES[type(fact)][1], fact, at_ms)


def _is_kept_from(question: Question, fact: Any, at_ms: int) -> bool:
    """Tell whether another moderator has it in hand. Authors have their own, and erasing can't wait."""
    by = getattr(fact, "by", None)
    if by is None or isinstance(fact, facts.QuestionErased):
        return False
    return is_kept_from(question, by, at_ms)


def _change(
    questions: Questions, question: Question, change: _Change, fact: Any, at_ms: int
) -> Outcome:
    """Fold a fact about one question. Voters' own lists show public questions only."""
    outcome = Outcome()
    if isinstance(fact, (*_LEAVES_ITS_GROUP, facts.QuestionsRejected)):
        outcome.touched |= set_free(questions, question)
        question = questions.by_id[question.id]
    on_air, tally = questions.on_air.get(question.session), questions.tally(question)
    changed = timed(change(questions, question, fact), question.state, at_ms)
    questions.put(changed)
    outcome.touched |= questions.touches(changed)
    if on_air is not None and on_air != question.id:  # pushing another one answers it
        other = questions.by_id[on_air]
        questions.put(timed(other, "on_air", at_ms))
        outcome.touched |= questions.touches(other)
    if tally and question.public != changed.public:
        together = [one.id for one in questions.together(changed)]
        outcome.touched.add(questions.touch_voters(together))
    return outcome


# Many at once -------------------------------------------------------------------------------------


def why_not_reject_all(
    questions: Questions, fact: facts.QuestionsRejected, runsheet: RunSheet
) -> Refusal | None:
    """Return why there is nothing that is like the question."""
    question = questions.get(fact.question)
    if question is None:
        return NO_QUESTION
    if fact.of == "address" and not question.via:
        return Refusal("wrong_state", "the address that this question came from is not known")
    return None


def reject_all(
    questions: Questions, fact: facts.QuestionsRejected, at_ms: int, runsheet: RunSheet
) -> Outcome:
    """Reject what waits for an answer; what a moderator has put on air stays there."""
    refused = why_not_reject_all(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    outcome = Outcome()
    for question in tuple(questions.like(questions.by_id[fact.question], fact.of)):
        if question.state in REJECTABLE_STATES:
            now = questions.by_id[question.id]  # one before it may have set it free
            outcome.touched |= _change(questions, now, _reject_with_others, fact, at_ms).touched
    return outcome
