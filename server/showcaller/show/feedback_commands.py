"""The command by which people rate a session."""

from __future__ import annotations

from typing import Protocol

from ..domain import facts
from ..domain.ids import FeedbackId, derive_id
from ..domain.outcome import Outcome
from . import command_args as a
from .call import Call, Result
from .live_event import LiveEvent


class Appending(Protocol):
    @property
    def event(self) -> LiveEvent:
        """The event that the commands are for."""

    async def append(self, call: Call, fact: facts.Fact) -> Outcome:
        """Append the fact and return its outcome, or raise what the fold says."""


async def rate(commands: Appending, call: Call, args: a.RateArgs) -> Result:
    """Note what somebody thought of a session, in place of what they said before."""
    salt = commands.event.state.salt
    key = f"feedback:{args.session}:{len(call.by)}:{call.by}"
    comment = a.cleaned_or_empty(args.comment, field="comment")
    fact = facts.SessionRated(
        feedback=FeedbackId(derive_id("f", salt, key)),
        session=args.session,
        person=call.by,
        stars=args.stars,
        comment=comment,
        commented=bool(comment),
    )
    await commands.append(call, fact)
    return {}
