"""The run sheet: every session's times, states and cues, and what is derived from them.

`runsheet_folds` changes it, fact by fact; then `refresh` derives expected times, cues and stages anew.
Nothing here reads a clock: `at_ms` is the wall time the broker gave the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from . import facts
from .calendar_marks import CalendarMark, mark_changes
from .catching_up import CatchingUp
from .check_items import CheckItem, scheduled_items
from .clock import ShowClock
from .controls import Control
from .cue_rules import due_times, is_armed
from .cues import CueRun, DueCue, cue_names, cue_rank
from .ids import CheckId, SessionId, SpeakerId, StageId
from .outcome import Outcome
from .quality import TalkQuality
from .schedule import CatchUpPolicy, Day, Schedule, Session, Speaker
from .session_run import SessionRun, publication_touches, touches_of
from .stage_line import StageLine
from .timeline import Span, expect
from .touches import ClockTouch, CueTouch, EventTouch, SessionTouch, StageTouch


class StageRun(Struct, kw_only=True):
    """The state of a stage."""

    generation: int = 0  # of the media worker that hosts it; 0: none yet
    showing: SessionId | None = None  # whose room it shows
    starts: int = 0  # sessions that started here, less those undone


class RunSheet(Struct, kw_only=True, dict=True):
    """The run of a schedule. `revision` rises with whatever a preview rests on."""

    schedule: Schedule
    clock: ShowClock
    revision: int = 0
    sessions: dict[SessionId, SessionRun] = field(default_factory=dict)
    stages: dict[StageId, StageRun] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)  # those not undone, the last one last
    retired: dict[SessionId, int] = field(default_factory=dict)  # newest cue revision once used
    quality: dict[SessionId, TalkQuality] = field(default_factory=dict)  # of all workers together
    calendar_marks: dict[SessionId, CalendarMark] = field(
        default_factory=dict
    )  # also of retired ones
    breaks: dict[SessionId, Session] = field(default_factory=dict)  # that the producer inserted
    guests: dict[SpeakerId, Speaker] = field(default_factory=dict)  # whom no schedule names
    catches_up: bool = False  # by the schedule's rule
    offered: Schedule | None = None  # an edited file's, which nobody has accepted yet
    offers: int = 0  # made so far

    # Reading ------------------------------------------------------------------------------------

    @classmethod
    def start(cls, fact: facts.RunStarted, at_ms: int) -> tuple[RunSheet, Outcome]:
        """Return the run sheet of a run that began at wall time `at_ms`, and what came into being."""
        sheet = cls(
            schedule=fact.schedule,
            clock=ShowClock.start(fact, at_ms),
            catches_up=fact.schedule.catch_up.at_first,
        )
        outcome = Outcome.touch(EventTouch(), ClockTouch())
        sheet.adopt(fact.schedule, at_ms, outcome)
        sheet.mark_changes(outcome, at_ms)
        return sheet, outcome

    def scheduled(self, session: SessionId) -> Session:
        """Return the session as scheduled, whatever became of it. Raises `KeyError` if there is none."""
        return self._scheduled[session]

    def plan(self, session: SessionId) -> Session:
        """Return the session as planned now, edits included. Raises `KeyError` if there is none."""
        return self._plans[session]

    def on_stage(self, stage: StageId) -> list[Session]:
        """Return the stage's sessions in planned order."""
        return self._by_stage.get(stage, [])

    @cached_property
    def check_items(self) -> dict[CheckId, CheckItem]:
        """The check list's items that stand in the schedule, by their ids."""
        return {one.id: one for one in scheduled_items(self.schedule)}

    def due_cues(self) -> list[DueCue]:
        """Return the cues that the clock has still to call, in the order in which to call them.

        A cue that waits for another one (a start for the end before it) joins when that was called.
        """
        return self._due

    def twin(self) -> RunSheet:
        """Return a copy that may be changed to see what would be."""
        return RunSheet(
            schedule=self.schedule,
            clock=replace(self.clock),
            revision=self.revision,
            sessions={id: run.twin() for id, run in self.sessions.items()},
            stages={id: replace(run) for id, run in self.stages.items()},
            retired=dict(self.retired),
            breaks=dict(self.breaks),
            guests=dict(self.guests),
            catches_up=self.catches_up,
            offered=self.offered,
        )

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """All who speak: the schedule's, and guests whom it does not name."""
        return (*self.schedule.speakers, *self.guests.values())

    def last_control(self) -> Control | None:
        """Return the only control that may be undone (if it says so)."""
        return self.controls[-1] if self.controls else None

    # The schedule -------------------------------------------------------------------------------

    def adopt(self, schedule: Schedule, at_ms: int, outcome: Outcome) -> None:
        """Go on by `schedule`: known sessions and stages keep their run, and edits that still fit."""
        was = self._scheduled if self.sessions else {}
        self.schedule, self.offered = schedule, None
        self.__dict__.pop("check_items", None)
        self.revision += 1
        self.replan()
        old = self.sessions
        self.breaks = {id: one for id, one in self.breaks.items() if self._fits(old[id], one)}
        self.__dict__.pop("_scheduled", None)
        self.sessions = {
            id: self._keep(plan, old.get(id), was.get(id)) for id, plan in self._scheduled.items()
        }
        for run in old.values():
            if run.id not in self.sessions:
                self.retire(run, outcome)
        outcome.touched.update(StageTouch(stage) for stage in self.stages)
        self.stages = {s.id: self.stages.get(s.id, StageRun()) for s in schedule.stages}
        self.forget_guests(outcome)
        for run in self.sessions.values():
            outcome.touched.update(touches_of(run))
        for stage in self.stages:
            outcome.touched.add(StageTouch(stage))
            self.refresh(stage, self.clock.show_at(at_ms), outcome)

    def _fits(self, run: SessionRun, one: Session) -> bool:
        """Tell whether an inserted break still has a stage, and its id to itself."""
        stage = run.place.stage if run.place else one.stage
        return self.has_stage(stage) and all(one.id != plan.id for plan in self.schedule.sessions)

    def has_stage(self, stage: StageId) -> bool:
        return any(stage == one.id for one in self.schedule.stages)

    def _keep(self, plan: Session, run: SessionRun | None, was: Session | None) -> SessionRun:
        if run is None:
            return SessionRun.plan(plan, self.schedule.cues, self.retired.get(plan.id, 0))
        run.pre_moderation = plan.qa.pre_moderation
        self._keep_edits(plan, run, was)
        newest = max(cue.revision for cue in run.cues.values())
        for name in cue_names(self.schedule.cues):
            run.cues.setdefault(name, CueRun(revision=newest))
        return run

    def forget_guests(self, outcome: Outcome) -> None:
        """Forget guests who speak nowhere any more."""
        speaking = {id for run in self.sessions.values() for id in run.speakers or ()}
        if gone := self.guests.keys() - speaking:
            self.guests = {id: one for id, one in self.guests.items() if id not in gone}
            outcome.touched.add(EventTouch())

    def _keep_edits(self, plan: Session, run: SessionRun, was: Session | None) -> None:
        """Drop a producer's edit of what the new schedule says otherwise than the one before."""
        if was is None or not run.to_come:
            return
        moved = _slot(was) != _slot(plan)
        if run.place is not None and (moved or not self.has_stage(run.place.stage)):
            run.leave_place()
        if was.speakers != plan.speakers:
            run.speakers = None

    def retire(self, run: SessionRun, outcome: Outcome) -> None:
        """Forget a session that is none any more, but not which keys its cues may have used up."""
        self.retired[run.id] = max(cue.revision for cue in run.cues.values())
        outcome.touched.update(touches_of(run))

    # Deriving -----------------------------------------------------------------------------------

    def refresh(self, stage: StageId, show_ms: int, outcome: Outcome) -> None:
        """Derive everything of one stage anew at show time `show_ms`, touching what changed."""
        self.forget_due()
        plans = self.on_stage(stage)
        spans = expect(plans, self.sessions, self.catch_up)
        self._set_given(plans, spans)
        for plan in plans:
            self._set_expected(plan, spans[plan.id], show_ms, outcome)
        line = StageLine(plans, self.sessions)
        self._set_waiting(plans, line, outcome)
        self._set_cues(plans, line, outcome)
        self._set_showing(stage, line, outcome)

    def mark_changes(self, outcome: Outcome, at_ms: int) -> None:
        """Count what the outcome changed of sessions as calendars show them."""
        touched = {it.session for it in outcome.touched if isinstance(it, SessionTouch)}
        known = [(self._plans[id], self.sessions[id]) for id in touched if id in self.sessions]
        if known:
            mark_changes(self.calendar_marks, self.schedule, self.speakers, known, at_ms)

    def forget_due(self) -> None:
        """Have `due_cues` looked up again: a cue has changed."""
        self.__dict__.pop("_due", None)

    @property
    def catch_up(self) -> CatchUpPolicy | None:
        """The rule by which late talks give time; None: there is none, or it is switched off."""
        policy = self.schedule.catch_up
        return policy if self.catches_up and policy.talks_give_min else None

    def _set_given(self, plans: Sequence[Session], spans: Mapping[SessionId, Span]) -> None:
        catching_up = CatchingUp(self.catch_up, plans, self.sessions)
        given = {
            plan.id: catching_up.gives_ms(plan, run, spans[plan.id].start_ms)
            for plan in plans
            if (run := self.sessions[plan.id]).to_come or (run.live and run.given_ms is None)
        }
        for id, given_ms in given.items():
            self.sessions[id].given_ms = given_ms

    def _set_expected(self, plan: Session, span: Span, show_ms: int, outcome: Outcome) -> None:
        run = self.sessions[plan.id]
        if (run.expected_start_ms, run.expected_end_ms) == span:
            return
        run.expected_start_ms, run.expected_end_ms = span
        run.end_overrun(show_ms)
        outcome.touched.update(touches_of(run))

    def _set_waiting(self, plans: Iterable[Session], line: StageLine, outcome: Outcome) -> None:
        for plan in plans:
            run = self.sessions[plan.id]
            waiting_for = line.waits_for(plan) if run.to_come else None
            if run.waiting_for != waiting_for:
                run.waiting_for = waiting_for
                outcome.touched.add(SessionTouch(run.id))

    def _set_cues(self, plans: Iterable[Session], line: StageLine, outcome: Outcome) -> None:
        for plan in plans:
            run = self.sessions[plan.id]
            overruns = run.to_come and line.overrunning_ahead(plan) is not None
            due = due_times(self.schedule, plan, run, overruns_ahead=overruns)
            may_start = run.to_come and line.may_start(plan)
            for name, cue in run.cues.items():
                cue.armed = is_armed(name, run, may_start=may_start)
                if cue.move(due.get(name)):
                    outcome.touched.add(CueTouch(run.id, name))

    def _set_showing(self, stage: StageId, line: StageLine, outcome: Outcome) -> None:
        before, showing = self.stages[stage].showing, line.showing()
        if before != showing:
            self.stages[stage].showing = showing
            outcome.touched.add(StageTouch(stage))
            for id in (before, showing):
                if id is not None and id in self.sessions:
                    outcome.touched.update(publication_touches(self.sessions[id]))

    def replan(self) -> None:
        """Have everything that follows from schedule and edits looked up again."""
        for name in ("_scheduled", "_plans", "_by_stage", "_due"):
            self.__dict__.pop(name, None)

    @cached_property
    def _scheduled(self) -> dict[SessionId, Session]:
        return {plan.id: plan for plan in self.schedule.sessions} | self.breaks

    @cached_property
    def _plans(self) -> dict[SessionId, Session]:
        days = self.schedule.days
        return {id: edited(plan, self.sessions[id], days) for id, plan in self._scheduled.items()}

    @cached_property
    def _by_stage(self) -> dict[StageId, list[Session]]:
        stages: dict[StageId, list[Session]] = {}
        for plan in self._plans.values():
            stages.setdefault(plan.stage, []).append(plan)
        for plans in stages.values():
            plans.sort(key=self._turn)
        return stages

    def _turn(self, plan: Session) -> tuple[int, float]:
        """Return what orders a stage's sessions: an empty slot is before what starts at its time."""
        is_empty = plan.ends_at_ms == plan.starts_at_ms
        place = self.sessions[plan.id].place
        return plan.starts_at_ms, place.order if is_empty and place is not None else 1

    @cached_property
    def _due(self) -> list[DueCue]:
        order = {stage.id: place for place, stage in enumerate(self.schedule.stages)}
        sessions = list(self._plans.values())
        due = [
            (cue.due_ms, cue_rank(name), order[plan.stage], place, name, cue.revision)
            for place, plan in enumerate(sessions)
            for name, cue in self.sessions[plan.id].cues.items()
            if cue.armed and cue.due_ms is not None and cue.called_ms is None
        ]
        return [DueCue(sessions[d[3]].id, d[4], d[5], d[0]) for d in sorted(due)]


def edited(plan: Session, run: SessionRun, days: Iterable[Day]) -> Session:
    """Return a scheduled session as the producer's edits have it."""
    place, speakers = run.place, run.speakers
    if place is not None:
        plan = replace(
            plan,
            stage=place.stage,
            starts_at_ms=place.starts_at_ms,
            ends_at_ms=place.ends_at_ms,
            day=_day_at(place.planned_ms, days) or plan.day,
        )
    return plan if speakers is None else replace(plan, speakers=speakers)


def _day_at(at_ms: int, days: Iterable[Day]) -> date | None:
    return next((day.date for day in days if day.starts_at_ms <= at_ms < day.ends_at_ms), None)


def _slot(plan: Session) -> tuple[StageId, int, int]:
    return plan.stage, plan.starts_at_ms, plan.ends_at_ms


# How the kinds of facts that one module folds change a run sheet, at the wall time of each.
SheetFolds = Mapping[type[facts.Fact], Callable[[RunSheet, Any, int], Outcome]]
