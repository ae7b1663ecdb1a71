"""Controls: what a producer does to the run sheet, and can undo by its id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..domain import facts
from ..domain.ids import ControlId
from . import command_args as a
from . import edits
from .call import Call


class Control(NamedTuple):
    """A control: its arguments and its fact; `managers_too`: stage managers may give it, on their stages."""

    args: type[a.Args]
    make: Callable[[Call, Any, ControlId], facts.Fact]
    managers_too: bool = False


CONTROLS: dict[str, Control] = {
    "session.start": Control(
        a.SessionArgs,
        lambda call, args, control: facts.SessionStarted(
            session=args.session, control=control, by=call.by
        ),
        managers_too=True,
    ),
    "session.end": Control(
        a.SessionArgs,
        lambda call, args, control: facts.SessionEnded(
            session=args.session, control=control, by=call.by
        ),
        managers_too=True,
    ),
    "session.skip": Control(
        a.SessionArgs,
        lambda call, args, control: facts.SessionSkipped(
            session=args.session, control=control, by=call.by
        ),
        managers_too=True,
    ),
    "session.reopen": Control(
        a.SessionArgs,
        lambda call, args, control: facts.SessionReopened(
            session=args.session, control=control, by=call.by
        ),
        managers_too=True,
    ),
    "session.extend": Control(
        a.ExtendArgs,
        lambda call, args, control: facts.SessionExtended(
            session=args.session,
            minutes=args.minutes,
            control=control,
            by=call.by,
            if_revision=args.if_revision,
        ),
        managers_too=True,
    ),
    "session.delay": Control(
        a.DelayArgs,
        lambda call, args, control: facts.SessionDelayed(
            session=args.session,
            minutes=args.minutes,
            note=a.cleaned_or_empty(args.note, field="note"),
            control=control,
            by=call.by,
            if_revision=args.if_revision,
        ),
        managers_too=True,
    ),
    "session.move": Control(a.MoveArgs, edits.moved),
    "session.swap": Control(a.SwapArgs, edits.swapped),
    "session.cancel": Control(a.CancelArgs, edits.cancelled),
    "session.replace_speaker": Control(a.ReplaceSpeakerArgs, edits.speaker_replaced),
    "source.choose": Control(
        a.ChooseArgs,
        lambda call, args, control: facts.SourceChosen(
            session=args.session,
            publication=args.publication,
            control=control,
            by=call.by,
        ),
        managers_too=True,
    ),
}
