"""The commands about polls: what moderators do with them, and votes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from ..domain import facts
from ..domain.ids import PollId, derive_id
from ..domain.outcome import Outcome, Refusal
from ..domain.poll import Poll, voter_of
from ..domain.poll_draft import MOST, Choice, PollDraft, PollPlan, problem_in
from ..errors import BadInput
from . import command_args as a
from .call import Call, Result, raise_if
from .live_event import LiveEvent
from .vote_batches import digest, poll_batches

MAX_OPTION_GRAPHEMES = 80
MAX_POLL_GRAPHEMES = 200
MAX_WORD_GRAPHEMES = 30
VERDICTS_REMEMBERED = 50_000

_Append = Callable[[Call, facts.Fact], Awaitable[Outcome]]
_RefusedWithoutFact = Callable[[Call, Callable[[], Refusal | None]], Awaitable[Refusal | None]]


class PollCommands:
    """The commands about polls that reach this node for one event; `append` and its look before are those of
    `Commands`.
    """

    def __init__(
        self, event: LiveEvent, append: _Append, refused_without_fact: _RefusedWithoutFact
    ) -> None:
        self._event = event
        self._append = append
        self._refused_without_fact = refused_without_fact
        self._votes = poll_batches(event.append)
        self._verdicts: OrderedDict[str, Refusal | None] = OrderedDict()  # newest, by key

    async def make(self, call: Call, args: a.MakePollArgs) -> Result:
        poll = PollId(derive_id("poll", self._event.state.salt, call.key))
        draft = drafted(args.draft)
        fact = facts.PollMade(poll=poll, session=args.session, draft=draft, by=call.by)
        await self._append(call, fact)
        return {"poll": poll}

    async def vote(self, call: Call, args: a.PollVoteArgs) -> Result:
        choice = Choice(args.options, worded(args.words))
        if call.key not in self._verdicts:
            why_not = self._event.state.polls.why_not_vote
            raise_if(
                await self._refused_without_fact(
                    call, lambda: why_not(args.poll, choice, self._show_ms())
                )
            )
            if not self._poll(args.poll).draft.anonymous:
                await self._event.introduce(call.who)
            call.within.require_in_time(self._event.wall_ms())
            refused = await self._votes.add(self._vote(call, args, choice), within=call.within)
            self._verdicts[call.key] = refused
            if len(self._verdicts) > VERDICTS_REMEMBERED:
                self._verdicts.popitem(last=False)
        raise_if(self._verdicts[call.key])
        return {"poll": args.poll, "options": list(choice.options), "words": list(choice.words)}

    def _vote(self, call: Call, args: a.PollVoteArgs, choice: Choice) -> facts.PollVote:
        """Return the vote as the log has it. Its key is salted: nobody can try whose it may be."""
        poll, salt = self._poll(args.poll), self._event.state.salt
        return facts.PollVote(
            voter=voter_of(poll, call.by, salt),
            poll=poll.id,
            choice=choice,
            given_ms=args.given_ms,
            key=0 if args.given_ms else digest(derive_id("k", salt, call.key)),
        )

    def _poll(self, poll: PollId) -> Poll:
        return self._event.state.polls.by_id[poll]

    def _show_ms(self) -> int:
        sheet = self._event.state.runsheet
        return sheet.clock.show_at(self._event.wall_ms()) if sheet is not None else 0


def drafted(args: a.DraftArgs) -> PollDraft:
    """Return the draft fit to keep. Raises `BadInput` that names the field."""
    draft = PollDraft(
        kind=args.kind,
        text=a.cleaned(args.text, MAX_POLL_GRAPHEMES, field="draft.text"),
        options=tuple(
            a.cleaned(option, MAX_OPTION_GRAPHEMES, field=f"draft.options[{place}]")
            for place, option in enumerate(args.options)
        ),
        most=args.most or MOST.get(args.kind, len(args.options)),
        anonymous=args.anonymous,
        results=args.results,
        right=tuple(sorted(args.right)),
        timer_s=args.timer_s,
    )
    if (problem := problem_in(draft)) is not None:
        raise BadInput(problem.message, field=f"draft.{problem.field}")
    return draft


def worded(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return words as they are counted: each once, and equal however they are written large or small."""
    return tuple(dict.fromkeys(_word(text, f"words[{n}]") for n, text in enumerate(words)))


def _word(text: str, field: str) -> str:
    cleaned = a.cleaned(text, MAX_WORD_GRAPHEMES, field=field)
    return a.cleaned(" ".join(cleaned.split()).casefold(), 2 * MAX_WORD_GRAPHEMES, field=field)


def _planned(call: Call, args: a.PlanPollArgs) -> facts.PollPlanned:
    plan = args.plan
    known = PollPlan(anchor=plan.anchor, minutes=plan.minutes) if plan is not None else None
    if plan is not None and plan.anchor == "doors_open" and plan.minutes < 0:
        raise BadInput("nothing can be planned before doors open", field="plan.minutes")
    return facts.PollPlanned(poll=args.poll, plan=known, by=call.by)


_Make = Callable[[Call, Any], facts.Fact]

# The commands whose fact says all, and whose result is empty.
FACTS_OF_POLLS: dict[str, tuple[type[a.PollArgs], _Make]] = {
    "poll.edit": (
        a.EditPollArgs,
        lambda call, args: facts.PollEdited(poll=args.poll, draft=drafted(args.draft), by=call.by),
    ),
    "poll.plan": (a.PlanPollArgs, _planned),
    "poll.open": (a.PollArgs, lambda call, args: facts.PollOpened(poll=args.poll, by=call.by)),
    "poll.close": (a.PollArgs, lambda call, args: facts.PollClosed(poll=args.poll, by=call.by)),
    "poll.show": (
        a.ShowResultsArgs,
        lambda call, args: facts.PollResultsShown(poll=args.poll, on=args.on, by=call.by),
    ),
    "poll.hide_word": (
        a.HideWordArgs,
        lambda call, args: facts.PollWordHidden(
            poll=args.poll, word=_word(args.word, "word"), on=args.on, by=call.by
        ),
    ),
    "poll.delete": (a.PollArgs, lambda call, args: facts.PollDeleted(poll=args.poll, by=call.by)),
}
