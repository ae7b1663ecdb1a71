"""The common part of all controls: each is noted with what undoes it, and the last can be undone."""

from __future__ import annotations

from collections.abc import Iterable

from . import facts
from .controls import EDITS, Before, Control, ControlName
from .ids import StageId
from .outcome import Outcome, Refusal
from .runsheet import RunSheet
from .session_run import SessionRun, touches_of
from .timeline import SessionShift
from .touches import ControlsTouch, EventTouch


def begin(
    sheet: RunSheet,
    fact: facts.ControlFact,
    name: ControlName,
    at_ms: int,
    *runs: SessionRun,
    minutes: int | None = None,
) -> Control:
    """Note how `runs` are before the control changes them; the first is the one it names."""
    return Control(
        id=fact.control,
        name=name,
        session=fact.session,
        minutes=minutes,
        at_ms=at_ms,
        by=fact.by,
        stage=sheet.plan(fact.session).stage,
        before=[Before.of(run) for run in runs],
    )


def done(sheet: RunSheet, control: Control, at_ms: int, outcome: Outcome) -> Outcome:
    """Note what the control did, and derive what follows from it."""
    stages = _stages(sheet, control)
    sheet.replan()
    for before in control.before:
        before.close(sheet.sessions[before.session], sheet.plan(before.session).stage)
    control.starts = sheet.stages[control.stage].starts
    if (last := sheet.last_control()) is not None:
        last.undoable = False
    sheet.controls.append(control)
    return _changed(sheet, control, at_ms, outcome, stages)


def is_stale(sheet: RunSheet, if_revision: int | None) -> bool:
    """Tell whether the run sheet is another than the one that a preview was made from."""
    return if_revision is not None and if_revision != sheet.revision


def stale_preview() -> Outcome:
    return Outcome.refuse("stale_preview", "the run sheet has changed since the preview")


def not_to_come(run: SessionRun) -> Refusal:
    said = "is over: reopen it first" if run.over else "has started"
    return Refusal("wrong_state", f"this session {said}")


def shifts_between(before: RunSheet, after: RunSheet) -> list[SessionShift]:
    """Return the sessions of both run sheets whose times or stages differ, earliest first."""
    both = [run for id, run in before.sessions.items() if id in after.sessions]
    shifts = [_shift(before, after, run) for run in both]
    moved = [one for one in shifts if one is not None]
    return sorted(moved, key=lambda one: (one.before_ms, one.before_end_ms, one.session))


def _shift(before: RunSheet, after: RunSheet, was: SessionRun) -> SessionShift | None:
    now = after.sessions[was.id]
    stages = before.plan(was.id).stage, after.plan(was.id).stage
    times = was.expected_start_ms, was.expected_end_ms
    if stages[0] == stages[1] and times == (now.expected_start_ms, now.expected_end_ms):
        return None
    return SessionShift(
        session=was.id,
        before_ms=was.expected_start_ms,
        after_ms=now.expected_start_ms,
        before_end_ms=was.expected_end_ms,
        after_end_ms=now.expected_end_ms,
        before_stage=stages[0],
        after_stage=stages[1],
    )


def _stages(sheet: RunSheet, control: Control) -> set[StageId]:
    """Return the stages that the control's sessions are on."""
    here = (before.session for before in control.before if before.session in sheet.sessions)
    return {control.stage, *(sheet.plan(session).stage for session in here)}


def _changed(
    sheet: RunSheet,
    control: Control,
    at_ms: int,
    outcome: Outcome,
    before: Iterable[StageId],
) -> Outcome:
    """Derive what follows on the stages that the control's sessions are on, and were on `before`."""
    sheet.revision += 1
    outcome.touched.add(ControlsTouch())
    for one in control.before:
        if one.session in sheet.sessions:
            outcome.touched.update(touches_of(sheet.sessions[one.session]))
    for stage in sorted({*before, *_stages(sheet, control)}):
        sheet.refresh(stage, sheet.clock.show_at(at_ms), outcome)
    return outcome


# Undoing ------------------------------------------------------------------------------------------


def undo_control(sheet: RunSheet, fact: facts.ControlUndone, at_ms: int) -> Outcome:
    """Take the last control back; the one before it becomes the last."""
    control = sheet.last_control()
    if control is None or control.id != fact.control:
        return Outcome.refuse("cannot_undo", "this is not the last control")
    if not _can_undo(sheet, control):
        return Outcome.refuse("cannot_undo", "something was built upon this control")
    sheet.controls.pop()
    outcome, stages = Outcome(), _stages(sheet, control)
    for before in control.before:
        _restore(sheet, control.name, before, outcome)
    sheet.replan()
    return _changed(sheet, control, at_ms, outcome, stages)


def judge_undo(sheet: RunSheet, outcome: Outcome) -> None:
    """Keep `undoable` of the last control true to what has happened since."""
    control = sheet.last_control()
    if control is not None and control.undoable != (undoable := _can_undo(sheet, control)):
        control.undoable = undoable
        outcome.touched.add(ControlsTouch())


def _can_undo(sheet: RunSheet, control: Control) -> bool:
    if not all(_is_left(sheet, before) for before in control.before):
        return False  # another schedule was published
    run = sheet.sessions[control.session]
    if control.name == "speaker" or control.name == "extend":
        return not run.over
    if control.name == "delay" or control.name in EDITS:
        return all(sheet.sessions[before.session].to_come for before in control.before)
    if control.name == "source":
        back_to = control.before[0].chosen
        possible = not back_to or back_to in run.publications
        return possible and not run.over and run.chosen == control.chosen
    nothing_started_since = sheet.stages[control.stage].starts == control.starts
    if control.name == "reopen":
        return nothing_started_since and not run.over
    return nothing_started_since and (control.name != "start" or run.live)


def _is_left(sheet: RunSheet, before: Before) -> bool:
    run = sheet.sessions.get(before.session)
    if run is None or not before.is_left(run, sheet.plan(run.id).stage):
        return False
    return before.place is None or sheet.has_stage(before.place.stage)


def _restore(sheet: RunSheet, name: ControlName, before: Before, outcome: Outcome) -> None:
    run = sheet.sessions[before.session]
    if name == "break":
        _remove_break(sheet, run, outcome)
    elif name == "delay":
        run.delay_ms, run.note = before.delay_ms, before.note
    elif name in EDITS:
        before.put_back(run)
        sheet.forget_guests(outcome)
    elif name == "extend":
        before.shorten(run)
    elif name == "source":
        run.chosen = before.chosen
    else:
        if run.live:
            sheet.stages[sheet.plan(run.id).stage].starts -= 1
        if before.was_over:
            before.reclose(run)
        else:
            before.restore(run)


def _remove_break(sheet: RunSheet, run: SessionRun, outcome: Outcome) -> None:
    sheet.retire(run, outcome)
    del sheet.sessions[run.id], sheet.breaks[run.id]
    outcome.touched.add(EventTouch())
