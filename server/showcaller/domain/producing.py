"""The producer's controls: start, end, extend, delay, skip, reopen, source, and undoing the last of them."""

from __future__ import annotations

from collections.abc import Mapping

from . import facts
from .controls import Before, Control, ControlName
from .cues import ENDED, ENDING_SOON, OVERRUNNING, QA_CLOSES, STARTED
from .ids import SessionId
from .outcome import CueEvent, Outcome, Refusal
from .runsheet import RunSheet, SheetFolds
from .schedule import MINUTE_MS, Session
from .session_run import SessionRun, no_session, touches_of
from .timeline import (
    SessionShift,
    Span,
    end_of,
    expect,
    extension_until,
    shifts_between,
    side_by_side,
)
from .touches import ControlsTouch

REOPENED_FOR_MS = 5 * MINUTE_MS  # at least: else the clock would end it again at once


def start_session(sheet: RunSheet, fact: facts.SessionStarted, at_ms: int) -> Outcome:
    """Start it now, whatever the schedule says; what is live on the stage ends.

    What was planned side by side with it goes on.
    """
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if not run.to_come:
        return Outcome(refused=_not_to_come(run))
    plan = sheet.plan(run.id)
    predecessors = _live_before(sheet, plan)
    control = _begin(sheet, fact, "start", at_ms, run, *predecessors)
    outcome = Outcome()
    for predecessor in predecessors:
        _end_now(sheet, predecessor, at_ms, outcome)
    run.start(plan.qa, sheet.clock.show_at(at_ms), at_ms)
    sheet.stages[plan.stage].starts += 1
    _call_now(sheet, run, STARTED, at_ms, outcome)
    return _done(sheet, control, at_ms, outcome)


def _not_to_come(run: SessionRun) -> Refusal:
    said = "is over: reopen it first" if run.over else "has started"
    return Refusal("wrong_state", f"this session {said}")


def _live_before(sheet: RunSheet, plan: Session) -> list[SessionRun]:
    others = (other for other in sheet.on_stage(plan.stage) if not side_by_side(plan, other))
    return [run for other in others if (run := sheet.sessions[other.id]).live]


def end_session(sheet: RunSheet, fact: facts.SessionEnded, at_ms: int) -> Outcome:
    """End it now."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if not run.live:
        return Outcome.refuse("wrong_state", "this session is not live")
    return _end_by_control(sheet, fact, "end", at_ms, run)


def skip_session(sheet: RunSheet, fact: facts.SessionSkipped, at_ms: int) -> Outcome:
    """Leave it out; if it is live, end it."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if run.over:
        return Outcome.refuse("wrong_state", "this session is over: reopen it first")
    if run.live:
        return _end_by_control(sheet, fact, "skip", at_ms, run)
    control = _begin(sheet, fact, "skip", at_ms, run)
    run.skip(at_ms)
    return _done(sheet, control, at_ms, Outcome())


def reopen_session(sheet: RunSheet, fact: facts.SessionReopened, at_ms: int) -> Outcome:
    """Take its end back: before its start it is to come again, afterwards it is live again.

    In the latter case what is live on the stage ends, as by a start.
    """
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if not run.over:
        return Outcome.refuse("wrong_state", "this session is not over")
    plan = sheet.plan(run.id)
    if plan.starts_at_ms + run.delay_ms <= sheet.clock.show_at(at_ms):
        return _reopen_live(sheet, fact, at_ms, run, plan)
    control = _begin(sheet, fact, "reopen", at_ms, run)
    control.before[0].take_back(run, run.cues)
    run.come_again()
    return _done(sheet, control, at_ms, Outcome())


def _reopen_live(
    sheet: RunSheet, fact: facts.ControlFact, at_ms: int, run: SessionRun, plan: Session
) -> Outcome:
    predecessors = _live_before(sheet, plan)
    control = _begin(sheet, fact, "reopen", at_ms, run, *predecessors)
    outcome, show_ms = Outcome(), sheet.clock.show_at(at_ms)
    for predecessor in predecessors:
        _end_now(sheet, predecessor, at_ms, outcome)
    control.before[0].take_back(run, (ENDING_SOON, OVERRUNNING, ENDED, QA_CLOSES))
    if run.actual_start_ms is None:
        control.before[0].take_back(run, (STARTED,))
        run.start(plan.qa, show_ms, at_ms)
        _call_now(sheet, run, STARTED, at_ms, outcome)
    run.go_on(plan.qa)
    sheet.stages[plan.stage].starts += 1
    _last_at_least(run, plan, show_ms + REOPENED_FOR_MS)
    return _done(sheet, control, at_ms, outcome)


def _last_at_least(run: SessionRun, plan: Session, until_ms: int) -> None:
    assert run.actual_start_ms is not None
    if end_of(plan, run.actual_start_ms, run.extension_ms) < until_ms:
        run.extension_ms = extension_until(plan, run.actual_start_ms, until_ms)


def extend_session(sheet: RunSheet, fact: facts.SessionExtended, at_ms: int) -> Outcome:
    """Move its expected end; that of a session which overruns counts from now."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if run.over:
        return Outcome.refuse("wrong_state", "this session is over: reopen it first")
    if _is_stale(sheet, fact.if_revision):
        return _stale_preview()
    show_ms = sheet.clock.show_at(at_ms)
    from_ms = max(run.expected_end_ms, show_ms) if run.live else run.expected_end_ms
    end_ms = from_ms + fact.minutes * MINUTE_MS
    if end_ms <= run.expected_start_ms or (run.live and end_ms < show_ms):
        return Outcome.refuse("wrong_state", "it would end before now or before its start")
    control = _begin(sheet, fact, "extend", at_ms, run, minutes=fact.minutes)
    run.extension_ms = extension_until(sheet.plan(run.id), run.expected_start_ms, end_ms)
    return _done(sheet, control, at_ms, Outcome())


def delay_session(sheet: RunSheet, fact: facts.SessionDelayed, at_ms: int) -> Outcome:
    """Move its start, from where it is expected now; what follows is pushed as far as it must."""
    refusal = _delay_problem(sheet, fact.session, fact.minutes, sheet.clock.show_at(at_ms))
    if refusal:
        return Outcome(refused=refusal)
    if _is_stale(sheet, fact.if_revision):
        return _stale_preview()
    run = sheet.sessions[fact.session]
    control = _begin(sheet, fact, "delay", at_ms, run, minutes=fact.minutes)
    run.delay_ms = _new_delay_ms(sheet, run, fact.minutes)
    return _done(sheet, control, at_ms, Outcome())


def preview_delay(
    sheet: RunSheet, session: SessionId, minutes: int, at_ms: int
) -> list[SessionShift] | Refusal:
    """Return what delaying `session` at `at_ms` would move, earliest first; changes nothing."""
    if refusal := _delay_problem(sheet, session, minutes, sheet.clock.show_at(at_ms)):
        return refusal
    before = _expect(sheet, session)
    return shifts_between(before, _expect_delayed(sheet, session, minutes))


def choose_source(sheet: RunSheet, fact: facts.SourceChosen, at_ms: int) -> Outcome:
    """Put one of its publications on the stage, now or when it has the stage; "": none in particular."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if run.over:
        return Outcome.refuse("wrong_state", "this session is over: reopen it first")
    if fact.publication and fact.publication not in run.publications:
        return Outcome.refuse("not_found", "there is no such publication in this session")
    if fact.publication == run.chosen:
        return Outcome.refuse("wrong_state", "this was chosen already")
    control = _begin(sheet, fact, "source", at_ms, run)
    control.chosen = run.chosen = fact.publication
    return _done(sheet, control, at_ms, Outcome())


def _delay_problem(
    sheet: RunSheet, session: SessionId, minutes: int, show_ms: int
) -> Refusal | None:
    run = sheet.sessions.get(session)
    if run is None:
        return no_session(session).refused
    if not run.to_come:
        return _not_to_come(run)
    if minutes < 0 and _expect_delayed(sheet, session, minutes)[session].start_ms < show_ms:
        return Refusal("wrong_state", "it would start in the past: start it now instead")
    return None


def _expect_delayed(sheet: RunSheet, session: SessionId, minutes: int) -> Mapping[SessionId, Span]:
    delay_ms = _new_delay_ms(sheet, sheet.sessions[session], minutes)
    return _expect(sheet, session, {session: delay_ms})


def _expect(
    sheet: RunSheet, session: SessionId, delays_ms: Mapping[SessionId, int] | None = None
) -> Mapping[SessionId, Span]:
    return expect(sheet.on_stage(sheet.plan(session).stage), sheet.sessions, delays_ms)


def _new_delay_ms(sheet: RunSheet, run: SessionRun, minutes: int) -> int:
    """Return the delay that counts from where others push the session to."""
    pushed_ms = run.expected_start_ms - sheet.plan(run.id).starts_at_ms
    return pushed_ms + minutes * MINUTE_MS


def _is_stale(sheet: RunSheet, if_revision: int | None) -> bool:
    return if_revision is not None and if_revision != sheet.revision


def _stale_preview() -> Outcome:
    return Outcome.refuse("stale_preview", "the run sheet has changed since the preview")


def _begin(
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


def _done(sheet: RunSheet, control: Control, at_ms: int, outcome: Outcome) -> Outcome:
    """Note what the control did, and derive what follows from it."""
    runs = [sheet.sessions[before.session] for before in control.before]
    control.close(runs, sheet.stages[control.stage].starts)
    if (last := sheet.last_control()) is not None:
        last.undoable = False
    sheet.controls.append(control)
    return _changed(sheet, control, at_ms, outcome)


def _changed(sheet: RunSheet, control: Control, at_ms: int, outcome: Outcome) -> Outcome:
    sheet.revision += 1
    outcome.touched.add(ControlsTouch())
    for before in control.before:
        outcome.touched.update(touches_of(sheet.sessions[before.session]))
    sheet.refresh(control.stage, sheet.clock.show_at(at_ms), outcome)
    return outcome


def _end_by_control(
    sheet: RunSheet,
    fact: facts.ControlFact,
    name: ControlName,
    at_ms: int,
    run: SessionRun,
) -> Outcome:
    control = _begin(sheet, fact, name, at_ms, run)
    outcome = Outcome()
    _end_now(sheet, run, at_ms, outcome)
    return _done(sheet, control, at_ms, outcome)


def _end_now(sheet: RunSheet, run: SessionRun, at_ms: int, outcome: Outcome) -> None:
    run.end(sheet.clock.show_at(at_ms), at_ms)
    _call_now(sheet, run, ENDED, at_ms, outcome)


def _call_now(sheet: RunSheet, run: SessionRun, name: str, at_ms: int, outcome: Outcome) -> None:
    """Call the cue by a control: on time by definition."""
    show_ms = sheet.clock.show_at(at_ms)
    run.cues[name].due_ms = show_ms
    run.cues[name].call(at_ms)
    outcome.cues.append(
        CueEvent(session=run.id, cue=name, due_ms=at_ms, show_ms=show_ms, late_ms=0)
    )


def undo_control(sheet: RunSheet, fact: facts.ControlUndone, at_ms: int) -> Outcome:
    """Take the last control back; the one before it becomes the last."""
    control = sheet.last_control()
    if control is None or control.id != fact.control:
        return Outcome.refuse("cannot_undo", "this is not the last control")
    if not _can_undo(sheet, control):
        return Outcome.refuse("cannot_undo", "something was built upon this control")
    sheet.controls.pop()
    for before in control.before:
        _restore(sheet, control.name, before)
    return _changed(sheet, control, at_ms, Outcome())


def judge_undo(sheet: RunSheet, outcome: Outcome) -> None:
    """Keep `undoable` of the last control true to what has happened since."""
    control = sheet.last_control()
    if control is not None and control.undoable != (undoable := _can_undo(sheet, control)):
        control.undoable = undoable
        outcome.touched.add(ControlsTouch())


def _can_undo(sheet: RunSheet, control: Control) -> bool:
    runs = [sheet.sessions.get(before.session) for before in control.before]
    if not all(run and sheet.plan(run.id).stage == control.stage for run in runs):
        return False  # the schedule was published without them
    run = sheet.sessions[control.session]
    if control.name == "delay":
        return run.to_come
    if control.name == "extend":
        return not run.over
    if control.name == "source":
        back_to = control.before[0].chosen
        possible = not back_to or back_to in run.publications
        return possible and not run.over and run.chosen == control.chosen
    nothing_started_since = sheet.stages[control.stage].starts == control.starts
    if control.name == "reopen":
        return nothing_started_since and not run.over
    return nothing_started_since and (control.name != "start" or run.live)


def _restore(sheet: RunSheet, name: ControlName, before: Before) -> None:
    run = sheet.sessions[before.session]
    if name == "delay":
        run.delay_ms = before.delay_ms
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


FOLDS: SheetFolds = {
    facts.SessionStarted: start_session,
    facts.SessionEnded: end_session,
    facts.SessionExtended: extend_session,
    facts.SessionDelayed: delay_session,
    facts.SessionSkipped: skip_session,
    facts.SessionReopened: reopen_session,
    facts.SourceChosen: choose_source,
    facts.ControlUndone: undo_control,
}
