"""The folds of the run sheet: which function folds each kind of fact that moves it."""

from __future__ import annotations

from . import calling, controlling, editing, facts, producing, publishing, recording
from .ids import SessionId
from .outcome import Outcome, Refusal
from .runsheet import RunSheet, SheetFolds
from .schedule import Schedule
from .schedule_diff import offer_id
from .session_run import SessionRun, no_session
from .timeline import SessionShift
from .touches import ClockTouch, ControlsTouch, EventTouch, SessionTouch


def apply(sheet: RunSheet, fact: facts.Fact, at_ms: int) -> Outcome:
    """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
    outcome = FOLDS[type(fact)](sheet, fact, at_ms)
    if outcome.refused is None:
        controlling.judge_undo(sheet, outcome)
    sheet.mark_changes(outcome, at_ms)
    return outcome


def publish_schedule(sheet: RunSheet, fact: facts.SchedulePublished, at_ms: int) -> Outcome:
    """Go on by another schedule of the same event; what is live keeps its stage."""
    if refusal := _publish_problem(sheet, fact.schedule):
        return Outcome(refused=refusal)
    outcome = Outcome.touch(EventTouch(), ControlsTouch())
    sheet.adopt(fact.schedule, at_ms, outcome)
    return outcome


def offer_schedule(sheet: RunSheet, fact: facts.ScheduleOffered, at_ms: int) -> Outcome:
    """Keep an edited schedule for a producer to accept; one that says what counts already ends the offer."""
    if fact.schedule.event_id != sheet.schedule.event_id:
        return Outcome.refuse("bad_input", "this is another event's schedule")
    sheet.offered = fact.schedule if fact.schedule != sheet.schedule else None
    sheet.offers += 1
    return Outcome.touch(ControlsTouch())


def accept_schedule(sheet: RunSheet, fact: facts.ScheduleAccepted, at_ms: int) -> Outcome:
    """Go on by the schedule that was offered."""
    offered = sheet.offered
    if offered is None or offer_id(offered) != fact.offer:
        return Outcome.refuse("stale_preview", "the schedule has been edited since")
    if controlling.is_stale(sheet, fact.if_revision):
        return controlling.stale_preview()
    return publish_schedule(sheet, facts.SchedulePublished(schedule=offered, by=fact.by), at_ms)


def _publish_problem(sheet: RunSheet, schedule: Schedule) -> Refusal | None:
    if schedule.event_id != sheet.schedule.event_id:
        return Refusal("bad_input", "this is another event's schedule")
    if {plan.stage for plan in schedule.sessions} - {stage.id for stage in schedule.stages}:
        return Refusal("bad_input", "a session is on a stage that the schedule does not name")
    for run in sheet.sessions.values():
        if run.live and not _keeps_stage(sheet, run, schedule):
            return Refusal("wrong_state", f"{run.id} is live: it can't leave its stage")
    return None


def _keeps_stage(sheet: RunSheet, run: SessionRun, schedule: Schedule) -> bool:
    stage = sheet.plan(run.id).stage
    if run.id not in sheet.breaks and all(run.id != plan.id for plan in schedule.sessions):
        return False
    if run.place is not None:
        return any(one.id == stage for one in schedule.stages)
    return any(plan.id == run.id and plan.stage == stage for plan in schedule.sessions)


def preview(sheet: RunSheet, fact: facts.Fact, at_ms: int) -> list[SessionShift] | Refusal:
    """Return what the fact would move at wall time `at_ms`, earliest first; changes nothing."""
    twin = sheet.twin()
    outcome = FOLDS[type(fact)](twin, fact, at_ms)
    return outcome.refused or controlling.shifts_between(sheet, twin)


def hold_clock(sheet: RunSheet, fact: facts.ClockHeld, at_ms: int) -> Outcome:
    """Stop show time."""
    if sheet.clock.held:
        return Outcome.refuse("wrong_state", "the clock is held already")
    sheet.clock.hold(at_ms)
    return Outcome.touch(ClockTouch())


def resume_clock(sheet: RunSheet, fact: facts.ClockResumed, at_ms: int) -> Outcome:
    """Let show time go on."""
    if not sheet.clock.held:
        return Outcome.refuse("wrong_state", "the clock is not held")
    sheet.clock.resume(at_ms)
    return Outcome.touch(ClockTouch())


def switch_catch_up(sheet: RunSheet, fact: facts.CatchUpSwitched, at_ms: int) -> Outcome:
    """Have late talks give time by the schedule's rule, or no more; those that run stay as they are."""
    if not sheet.schedule.catch_up.talks_give_min:
        return Outcome.refuse("wrong_state", "the schedule has no rule of catching up")
    if sheet.catches_up == fact.on:
        return Outcome.refuse("wrong_state", f"catching up is {'on' if fact.on else 'off'} already")
    sheet.catches_up = fact.on
    sheet.revision += 1
    outcome = Outcome.touch(ControlsTouch())
    for stage in sheet.stages:
        sheet.refresh(stage, sheet.clock.show_at(at_ms), outcome)
    return outcome


def open_qa(sheet: RunSheet, fact: facts.QaOpened, at_ms: int) -> Outcome:
    """Take questions in a session."""
    return _set_qa(sheet, fact.session, opened=True)


def close_qa(sheet: RunSheet, fact: facts.QaClosed, at_ms: int) -> Outcome:
    """Take no more questions in a session."""
    return _set_qa(sheet, fact.session, opened=False)


def _set_qa(sheet: RunSheet, session: SessionId, *, opened: bool) -> Outcome:
    run = sheet.sessions.get(session)
    if run is None:
        return no_session(session)
    if opened and (run.state == "skipped" or not sheet.plan(session).qa.enabled):
        return Outcome.refuse("wrong_state", "this session takes no questions")
    run.qa_open = opened
    return Outcome.touch(SessionTouch(session))


FOLDS: SheetFolds = {
    **calling.FOLDS,
    **producing.FOLDS,
    **editing.FOLDS,
    **publishing.FOLDS,
    facts.ControlUndone: controlling.undo_control,
    **recording.FOLDS,
    facts.SchedulePublished: publish_schedule,
    facts.ScheduleOffered: offer_schedule,
    facts.ScheduleAccepted: accept_schedule,
    facts.CatchUpSwitched: switch_catch_up,
    facts.ClockHeld: hold_clock,
    facts.ClockResumed: resume_clock,
    facts.QaOpened: open_qa,
    facts.QaClosed: close_qa,
}
