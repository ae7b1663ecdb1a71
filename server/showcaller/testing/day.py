"""A day of an event, told in minutes of show time: folds facts and calls cues as one prompt node would."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..domain import facts, runsheet_folds
from ..domain.cues import CueRun, DueCue
from ..domain.facts import Source
from ..domain.ids import ControlId, PersonId, SessionId
from ..domain.outcome import Outcome, Refusal
from ..domain.runsheet import RunSheet
from ..domain.schedule import MINUTE_MS, Schedule
from ..domain.timeline import SessionShift
from .schedules import schedule, session

SCHEDULE = schedule(
    session("opening", 540, 545, kind="opening"),
    session("a", 545, 565),
    session("b", 565, 585),
    session("pause", 585, 600, kind="break"),
    session("c", 600, 620),
)

CONTROLS = {
    "start": facts.SessionStarted,
    "end": facts.SessionEnded,
    "skip": facts.SessionSkipped,
    "reopen": facts.SessionReopened,
    "delay": facts.SessionDelayed,
    "extend": facts.SessionExtended,
    "source": facts.SourceChosen,
    "move": facts.SessionMoved,
    "swap": facts.SessionsSwapped,
    "cancel": facts.SessionCancelled,
    "speaker": facts.SpeakerReplaced,
    "break": facts.BreakInserted,
}


class Told(NamedTuple):
    """One cue that the audience was told. `due_min` is show time."""

    session: str
    cue: str
    due_min: float
    late_ms: int


class Day:
    """A run sheet at wall time `now_ms`, and everything that the audience was told so far."""

    def __init__(self, plan: Schedule = SCHEDULE, at_min: int = 520, **run: Any) -> None:
        self.plan = plan
        self.now_ms = at_min * MINUTE_MS
        fact = facts.RunStarted(run="r", salt="s", schedule=plan, **run)
        self.sheet, self.started = RunSheet.start(fact, self.now_ms)
        self.told: list[Told] = []
        self._controls = 0

    def fold(self, fact: facts.Fact) -> Outcome:
        outcome = runsheet_folds.apply(self.sheet, fact, self.now_ms)
        for event in outcome.cues:
            told = Told(event.session, event.cue, event.show_ms / MINUTE_MS, event.late_ms)
            self.told.append(told)
        return outcome

    def call(self, due: DueCue) -> Outcome:
        return self.fold(facts.CueCalled(**due._asdict()))

    def run_until(self, minute: float) -> Day:
        """Call each cue at its due time, or at once if that is past. `minute` is wall time."""
        end_ms = int(minute * MINUTE_MS)
        while (due := next(iter(self.sheet.due_cues()), None)) is not None:
            wall_ms = self.sheet.clock.wall_for(due.due_ms)
            if wall_ms is None or wall_ms > end_ms:
                break
            self.now_ms = max(self.now_ms, wall_ms)
            assert self.call(due).refused is None
        self.now_ms = max(self.now_ms, end_ms)
        return self

    def wait(self, minutes: float) -> None:
        """Let time pass while nothing runs."""
        self.now_ms += int(minutes * MINUTE_MS)

    # What people do -------------------------------------------------------------------------------

    def control(self, name: str, session: str, **more: Any) -> Outcome:
        """One of `CONTROLS`; the controls are named k1, k2…"""
        self._controls += 1
        control = ControlId(f"k{self._controls}")
        kind: Any = CONTROLS[name]
        return self.fold(kind(session=session, control=control, by="p", **more))

    def preview(self, name: str, session: str, **more: Any) -> list[SessionShift] | Refusal:
        """Return what `control` would move now."""
        kind: Any = CONTROLS[name]
        fact = kind(session=session, control=ControlId("preview"), by="p", **more)
        return runsheet_folds.preview(self.sheet, fact, self.now_ms)

    def undo(self, control: str | None = None) -> Outcome:
        """Undo `control`, else the last one."""
        if control is None:
            last = self.sheet.last_control()
            control = "none" if last is None else last.id
        return self.fold(facts.ControlUndone(control=ControlId(control), by=PersonId("p")))

    def catch_up(self, on: bool = True) -> Outcome:
        """Switch the schedule's rule of catching up."""
        return self.fold(facts.CatchUpSwitched(on=on, by=PersonId("p")))

    def hold(self) -> Outcome:
        return self.fold(facts.ClockHeld(by=PersonId("p")))

    def resume(self) -> Outcome:
        return self.fold(facts.ClockResumed(by=PersonId("p")))

    def publish_media(
        self, session: str, publication: str = "m", source: Source = "main"
    ) -> Outcome:
        fact = facts.PublicationStarted(
            session=SessionId(session), publication=publication, by=PersonId("s"), source=source
        )
        return self.fold(fact)

    def stop_media(self, session: str, publication: str = "m") -> Outcome:
        fact = facts.PublicationStopped(session=SessionId(session), publication=publication)
        return self.fold(fact)

    def open_qa(self, session: str) -> Outcome:
        return self.fold(facts.QaOpened(session=SessionId(session), by=PersonId("m")))

    def close_qa(self, session: str) -> Outcome:
        return self.fold(facts.QaClosed(session=SessionId(session), by=PersonId("m")))

    # What became of it ----------------------------------------------------------------------------

    def state(self, session: str) -> str:
        return self.sheet.sessions[SessionId(session)].state

    def states(self) -> list[str]:
        return [run.state for run in self.sheet.sessions.values()]

    def expected(self, session: str) -> tuple[float, float]:
        """Return when the session is expected to start and end, in minutes."""
        run = self.sheet.sessions[SessionId(session)]
        return run.expected_start_ms / MINUTE_MS, run.expected_end_ms / MINUTE_MS

    def cue(self, session: str, cue: str) -> CueRun:
        return self.sheet.sessions[SessionId(session)].cues[cue]

    def due_min(self, session: str, cue: str) -> float | None:
        due_ms = self.cue(session, cue).due_ms
        return None if due_ms is None else due_ms / MINUTE_MS

    def told_of(self, session: str) -> list[str]:
        return [told.cue for told in self.told if told.session == session]
