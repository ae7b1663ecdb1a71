"""Recordings and the run sheet: who may be recorded, who is, and what was deleted."""

from __future__ import annotations

from msgspec import Struct

from . import facts
from .ids import PersonId, SessionId
from .outcome import Outcome
from .runsheet import RunSheet, SheetFolds
from .schedule import Session
from .session_run import SessionRun, no_session
from .touches import SessionTouch

EVERYBODY = PersonId("")


class Recording(Struct, frozen=True):
    """The persons whose publications are recorded in a session: of `only`, or of all, those not in `but`."""

    only: tuple[PersonId, ...] | None
    but: tuple[PersonId, ...]


def recording_of(plan: Session, run: SessionRun) -> Recording | None:
    """Return who is to be recorded now; None: nobody. The green room never is."""
    if plan.record == "no" or not run.live or EVERYBODY in run.deleted:
        return None
    agreed = tuple(person for person, agrees in run.agreed.items() if agrees)
    refused = {person for person, agrees in run.agreed.items() if not agrees}
    only = agreed if plan.record == "ask" else None
    return Recording(only, tuple(sorted(refused | run.deleted)))


def is_recorded(run: SessionRun) -> bool:
    """Tell whether to show that a session is being recorded."""
    return run.live and bool(run.recorders)


def has_replay(run: SessionRun) -> bool:
    """Tell whether a session that has ended was recorded, and not deleted since."""
    return run.state == "ended" and run.was_recorded and EVERYBODY not in run.deleted


def note_recorded(sheet: RunSheet, fact: facts.SessionRecorded, at_ms: int) -> Outcome:
    """Note that a node records the session, or does no longer."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if fact.on:
        run.recorders.add(fact.node)
        run.was_recorded = True
    else:
        run.recorders.discard(fact.node)
    return Outcome.touch(SessionTouch(run.id))


def agree(sheet: RunSheet, fact: facts.RecordingAgreed, at_ms: int) -> Outcome:
    """Note that a speaker agrees to be recorded, or does not: from now on."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if sheet.plan(run.id).record == "no":
        return Outcome.refuse("wrong_state", "this session is not recorded")
    run.agreed[fact.by] = fact.agreed
    return Outcome.touch(SessionTouch(run.id))


def delete(sheet: RunSheet, fact: facts.RecordingDeleted, at_ms: int) -> Outcome:
    """Delete what was recorded, and record no more."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    run.deleted.add(EVERYBODY if fact.person is None else fact.person)
    return Outcome.touch(SessionTouch(run.id))


def deletions(sheet: RunSheet) -> list[tuple[SessionId, PersonId]]:
    """Return each session with a person whose recordings there are to be gone; `EVERYBODY`: all of them."""
    return [(run.id, one) for run in sheet.sessions.values() for one in sorted(run.deleted)]


FOLDS: SheetFolds = {
    facts.SessionRecorded: note_recorded,
    facts.RecordingAgreed: agree,
    facts.RecordingDeleted: delete,
}
