"""The producer's controls of a running day: start, end, extend, delay, skip, reopen, source."""

from __future__ import annotations

from msgspec.structs import replace

from . import facts
from .controlling import begin, done, is_stale, not_to_come, stale_preview
from .controls import ControlName
from .cues import ENDED, ENDING_SOON, OVERRUNNING, QA_CLOSES, STARTED
from .ids import SessionId
from .lengths import end_of, extension_until
from .outcome import CueEvent, Outcome, Refusal
from .runsheet import RunSheet, SheetFolds
from .schedule import MINUTE_MS, Session
from .session_run import SessionRun, no_session
from .timeline import expect, side_by_side

REOPENED_FOR_MS = 5 * MINUTE_MS  # at least: else the clock would end it again at once


def start_session(sheet: RunSheet, fact: facts.SessionStarted, at_ms: int) -> Outcome:
    """Start it now, whatever the schedule says; what is live on the stage ends.

    What was planned side by side with it goes on.
    """
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if not run.to_come:
        return Outcome(refused=not_to_come(run))
    plan = sheet.plan(run.id)
    predecessors = _live_before(sheet, plan)
    control = begin(sheet, fact, "start", at_ms, run, *predecessors)
    outcome = Outcome()
    for predecessor in predecessors:
        _end_now(sheet, predecessor, at_ms, outcome)
    run.start(plan.qa, sheet.clock.show_at(at_ms), at_ms)
    sheet.stages[plan.stage].starts += 1
    _call_now(sheet, run, STARTED, at_ms, outcome)
    return done(sheet, control, at_ms, outcome)


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
    control = begin(sheet, fact, "skip", at_ms, run)
    run.skip(at_ms)
    return done(sheet, control, at_ms, Outcome())


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
    control = begin(sheet, fact, "reopen", at_ms, run)
    control.before[0].take_back(run, run.cues)
    run.come_again()
    return done(sheet, control, at_ms, Outcome())


def _reopen_live(
    sheet: RunSheet, fact: facts.ControlFact, at_ms: int, run: SessionRun, plan: Session
) -> Outcome:
    predecessors = _live_before(sheet, plan)
    control = begin(sheet, fact, "reopen", at_ms, run, *predecessors)
    outcome, show_ms = Outcome(), sheet.clock.show_at(at_ms)
    for predecessor in predecessors:
        _end_now(sheet, predecessor, at_ms, outcome)
    control.before[0].take_back(run, (ENDING_SOON, OVERRUNNING, ENDED, QA_CLOSES))
    if run.actual_start_ms is None:
        control.before[0].take_back(run, (STARTED,))
        run.start(plan.qa, show_ms, at_ms)
        _call_now(sheet, run, STARTED, at_ms, outcome)
    run.go_on(plan.qa)
    run.given_ms = 0
    sheet.stages[plan.stage].starts += 1
    _last_at_least(run, plan, show_ms + REOPENED_FOR_MS)
    return done(sheet, control, at_ms, outcome)


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
    if is_stale(sheet, fact.if_revision):
        return stale_preview()
    show_ms = sheet.clock.show_at(at_ms)
    from_ms = max(run.expected_end_ms, show_ms) if run.live else run.expected_end_ms
    end_ms = from_ms + fact.minutes * MINUTE_MS
    if end_ms <= run.expected_start_ms or (run.live and end_ms < show_ms):
        return Outcome.refuse("wrong_state", "it would end before now or before its start")
    control = begin(sheet, fact, "extend", at_ms, run, minutes=fact.minutes)
    run.extension_ms = extension_until(sheet.plan(run.id), run.expected_start_ms, end_ms)
    run.length_by_hand, run.given_ms = True, 0
    return done(sheet, control, at_ms, Outcome())


def delay_session(sheet: RunSheet, fact: facts.SessionDelayed, at_ms: int) -> Outcome:
    """Move its start, from where it is expected now; what follows is pushed as far as it must."""
    refusal = _delay_problem(sheet, fact.session, fact.minutes, sheet.clock.show_at(at_ms))
    if refusal:
        return Outcome(refused=refusal)
    if is_stale(sheet, fact.if_revision):
        return stale_preview()
    run = sheet.sessions[fact.session]
    control = begin(sheet, fact, "delay", at_ms, run, minutes=fact.minutes)
    run.delay_ms = _new_delay_ms(sheet, run, fact.minutes)
    run.note = fact.note or run.note
    return done(sheet, control, at_ms, Outcome())


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
    control = begin(sheet, fact, "source", at_ms, run)
    control.chosen = run.chosen = fact.publication
    return done(sheet, control, at_ms, Outcome())


def _delay_problem(
    sheet: RunSheet, session: SessionId, minutes: int, show_ms: int
) -> Refusal | None:
    run = sheet.sessions.get(session)
    if run is None:
        return no_session(session).refused
    if not run.to_come:
        return not_to_come(run)
    if minutes < 0 and _start_if_delayed(sheet, run, minutes) < show_ms:
        return Refusal("wrong_state", "it would start in the past: start it now instead")
    return None


def _start_if_delayed(sheet: RunSheet, run: SessionRun, minutes: int) -> int:
    delayed = replace(run, delay_ms=_new_delay_ms(sheet, run, minutes))
    plans = sheet.on_stage(sheet.plan(run.id).stage)
    return expect(plans, {**sheet.sessions, run.id: delayed}, sheet.catch_up)[run.id].start_ms


def _new_delay_ms(sheet: RunSheet, run: SessionRun, minutes: int) -> int:
    """Return the delay that counts from where others push the session to."""
    pushed_ms = run.expected_start_ms - sheet.plan(run.id).starts_at_ms
    return pushed_ms + minutes * MINUTE_MS


def _end_by_control(
    sheet: RunSheet,
    fact: facts.ControlFact,
    name: ControlName,
    at_ms: int,
    run: SessionRun,
) -> Outcome:
    control = begin(sheet, fact, name, at_ms, run)
    outcome = Outcome()
    _end_now(sheet, run, at_ms, outcome)
    return done(sheet, control, at_ms, outcome)


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


FOLDS: SheetFolds = {
    facts.SessionStarted: start_session,
    facts.SessionEnded: end_session,
    facts.SessionExtended: extend_session,
    facts.SessionDelayed: delay_session,
    facts.SessionSkipped: skip_session,
    facts.SessionReopened: reopen_session,
    facts.SourceChosen: choose_source,
}
