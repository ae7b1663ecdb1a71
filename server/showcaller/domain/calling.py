"""Calling cues: the fold of what a node says is due, and what a called cue does to its session."""

from __future__ import annotations

from . import facts
from .cue_rules import makes_sense
from .cues import DOORS_OPEN, ENDED, OVERRUNNING, QA_CLOSES, STARTED, CueRun
from .outcome import CueEvent, Outcome
from .runsheet import RunSheet, SheetFolds
from .session_run import SessionRun, touches_of
from .touches import CueTouch


def call_cue(sheet: RunSheet, fact: facts.CueCalled, at_ms: int) -> Outcome:
    """Call the cue if it is due; refuse calls that are early, repeated or of an old revision."""
    run = sheet.sessions.get(fact.session)
    cue = run.cues.get(fact.cue) if run else None
    if run is None or cue is None:
        return Outcome.refuse("not_found", f"there is no cue {fact.session}/{fact.cue}")
    if cue.called_ms is not None:
        return Outcome.refuse("already_called", "this cue was called before")
    if cue.revision != fact.revision:
        return Outcome.refuse("stale_cue", f"this cue is at revision {cue.revision}")
    due_wall_ms = _callable_from(sheet, cue)
    if cue.due_ms is None or due_wall_ms is None or at_ms < due_wall_ms:
        return _refuse_early(sheet, run, fact.cue, cue)
    return _call(sheet, run, fact.cue, cue.due_ms, at_ms, due_wall_ms)


def _callable_from(sheet: RunSheet, cue: CueRun) -> int | None:
    """Return the wall time at which the cue is due; None while it waits for another or the clock is held."""
    if cue.due_ms is None or not cue.armed:
        return None
    return sheet.clock.wall_for(cue.due_ms)


def _refuse_early(sheet: RunSheet, run: SessionRun, name: str, cue: CueRun) -> Outcome:
    """Move the cue to the next revision: the key of this one is used up."""
    cue.revision += 1
    sheet.forget_due()
    outcome = Outcome.refuse("early_cue", "this cue is not due yet")
    outcome.touched.add(CueTouch(run.id, name))
    return outcome


def _call(
    sheet: RunSheet, run: SessionRun, name: str, due_ms: int, at_ms: int, due_wall_ms: int
) -> Outcome:
    show_ms = sheet.clock.show_at(at_ms)
    late_ms = at_ms - due_wall_ms
    sense = makes_sense(name, run, show_ms, late_ms)
    run.cues[name].call(at_ms, late_ms=late_ms, dropped=not sense)
    _take_effect(sheet, run, name, due_ms, at_ms, sense=sense)
    outcome = Outcome.touch(*touches_of(run))
    if sense:
        called = CueEvent(
            session=run.id, cue=name, due_ms=due_wall_ms, show_ms=due_ms, late_ms=late_ms
        )
        outcome.cues.append(called)
    sheet.refresh(sheet.plan(run.id).stage, show_ms, outcome)
    return outcome


def _take_effect(
    sheet: RunSheet, run: SessionRun, name: str, due_ms: int, at_ms: int, *, sense: bool
) -> None:
    """Do what the called cue means. A start or end by the clock counts from when it was due."""
    plan = sheet.plan(run.id)
    if name == DOORS_OPEN and sense:
        run.open_doors(plan.qa)
    elif name == STARTED:
        sheet.revision += 1
        if sense:
            sheet.stages[plan.stage].starts += 1
            run.start(plan.qa, due_ms, at_ms)
        else:
            run.miss(at_ms)
    elif name == OVERRUNNING and sense:
        run.state = "overrunning"
    elif name == ENDED:
        sheet.revision += 1
        run.end(due_ms, at_ms)
    elif name == QA_CLOSES:
        run.qa_open = False


FOLDS: SheetFolds = {facts.CueCalled: call_cue}
