"""The facts of a producer's edits, made from the arguments of their commands."""

from __future__ import annotations

from typing import Protocol

from ..domain import facts
from ..domain.ids import ControlId, PersonId, SessionId, SpeakerId, derive_id
from ..domain.schedule import Speaker
from ..errors import BadInput
from . import command_args as a
from .names import MAX_NAME_GRAPHEMES

NO_SESSION = SessionId("")


class Giver(Protocol):
    """The part of a command on its way that a fact is made from."""

    @property
    def by(self) -> PersonId: ...
    @property
    def key(self) -> str: ...


def moved(call: Giver, args: a.MoveArgs, control: ControlId) -> facts.SessionMoved:
    return facts.SessionMoved(
        session=args.session,
        stage=args.stage,
        starts_at_ms=args.starts_at_ms,
        beside=args.beside,
        control=control,
        by=call.by,
        if_revision=args.if_revision,
    )


def swapped(call: Giver, args: a.SwapArgs, control: ControlId) -> facts.SessionsSwapped:
    return facts.SessionsSwapped(
        session=args.session,
        other=args.other,
        control=control,
        by=call.by,
        if_revision=args.if_revision,
    )


def cancelled(call: Giver, args: a.CancelArgs, control: ControlId) -> facts.SessionCancelled:
    return facts.SessionCancelled(
        session=args.session,
        note=a.cleaned(args.note, a.MAX_ANNOUNCEMENT_GRAPHEMES, field="note"),
        control=control,
        by=call.by,
        if_revision=args.if_revision,
    )


def speaker_replaced(
    call: Giver, args: a.ReplaceSpeakerArgs, control: ControlId
) -> facts.SpeakerReplaced:
    """Return the fact; somebody new gets an id that the same command always gives."""
    if (args.replacement is None) == (not args.name.strip()):
        said = "name a speaker of the event by id, or somebody new: one of the two"
        raise BadInput(said, field="replacement")
    guest = _guest(call, args) if args.replacement is None else None
    return facts.SpeakerReplaced(
        session=args.session,
        speaker=args.speaker,
        other=args.replacement if guest is None and args.replacement else _guest_id(call),
        guest=guest,
        control=control,
        by=call.by,
    )


def _guest(call: Giver, args: a.ReplaceSpeakerArgs) -> Speaker:
    return Speaker(
        id=_guest_id(call),
        name=a.cleaned(args.name, MAX_NAME_GRAPHEMES, field="name"),
        company=a.cleaned_or_empty(args.company, field="company"),
        role=a.cleaned_or_empty(args.role, field="role"),
    )


def _guest_id(call: Giver) -> SpeakerId:
    return SpeakerId(derive_id("guest", "", call.key).replace("_", "-"))


def break_inserted(
    call: Giver, args: a.InsertBreakArgs, control: ControlId, session: SessionId = NO_SESSION
) -> facts.BreakInserted:
    return facts.BreakInserted(
        session=session,
        title=a.cleaned(args.title, MAX_NAME_GRAPHEMES, field="title"),
        stage=args.stage,
        starts_at_ms=args.starts_at_ms,
        minutes=args.minutes,
        control=control,
        by=call.by,
        if_revision=args.if_revision,
    )


def catch_up_switched(call: Giver, args: a.SwitchArgs) -> facts.CatchUpSwitched:
    return facts.CatchUpSwitched(on=args.on, by=call.by)


def schedule_accepted(call: Giver, args: a.AcceptArgs) -> facts.ScheduleAccepted:
    return facts.ScheduleAccepted(offer=args.offer, by=call.by, if_revision=args.if_revision)
