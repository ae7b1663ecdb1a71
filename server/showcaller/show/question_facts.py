"""Commands of moderators on questions whose fact says all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..domain import facts
from . import command_args as a
from .call import Call

_Make = Callable[[Call, Any], facts.Fact]

FACTS_OF_QUESTIONS: dict[str, tuple[type[a.Args], _Make]] = {
    "question.approve": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionApproved(question=args.question, by=call.by),
    ),
    "question.reject": (
        a.RejectArgs,
        lambda call, args: facts.QuestionRejected(
            question=args.question,
            by=call.by,
            reason=a.cleaned_or_empty(args.reason, field="reason"),
        ),
    ),
    "question.return": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionReturned(question=args.question, by=call.by),
    ),
    "question.push": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionPushed(question=args.question, by=call.by),
    ),
    "question.pull": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionPulled(question=args.question, by=call.by),
    ),
    "question.answered": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionAnswered(question=args.question, by=call.by),
    ),
    "question.clarify": (
        a.QuestionTextArgs,
        lambda call, args: facts.QuestionClarified(
            question=args.question, by=call.by, text=a.cleaned(args.text)
        ),
    ),
    "question.label": (
        a.LabelArgs,
        lambda call, args: facts.QuestionLabelled(
            question=args.question,
            by=call.by,
            label=a.cleaned(args.label, a.MAX_LABEL_GRAPHEMES, field="label"),
            on=args.on,
        ),
    ),
    "question.pin": (
        a.OnArgs,
        lambda call, args: facts.QuestionPinned(question=args.question, by=call.by, on=args.on),
    ),
    "question.send": (
        a.OnArgs,
        lambda call, args: facts.QuestionSent(question=args.question, by=call.by, on=args.on),
    ),
    "question.release": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionReleased(question=args.question, by=call.by),
    ),
    "question.merge": (
        a.MergeArgs,
        lambda call, args: facts.QuestionMerged(question=args.question, into=args.into, by=call.by),
    ),
    "question.unmerge": (
        a.QuestionArgs,
        lambda call, args: facts.QuestionUnmerged(question=args.question, by=call.by),
    ),
}
