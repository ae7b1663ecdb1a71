"""The run sheet: every session's times, states and cues, folded from the facts that move the clock.

Each fact is checked against the run sheet, changes what it must, and then `refresh` derives expected times,
cues and stages anew. Nothing here reads a clock: `at_ms` is the wall time the broker gave the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from . import facts, producing, publishing
from .clock import ShowClock
from .controls import Control
from .cue_rules import due_times, is_armed, makes_sense
from .cues import (
    DOORS_OPEN,
    ENDED,
    OVERRUNNING,
    QA_CLOSES,
    STARTED,
    CueRun,
    DueCue,
    cue_names,
    cue_rank,
)
from .ids import SessionId, StageId
from .outcome import CueEvent, Outcome, Refusal, Touch
from .quality import TalkQuality
from .schedule import Schedule, Session
from .session_run import SessionRun, no_session, publication_touches, touches_of
from .timeline import Shift, Span, expect


class StageRun(Struct, kw_only=True):
    """What happens on a stage."""

    generation: int = 0  # of the media worker that hosts it; 0: none yet
    showing: SessionId | None = None  # whose room it shows
    starts: int = 0  # sessions that started here, less those undone


class RunSheet(Struct, kw_only=True, dict=True):
    """`apply` folds facts; everything else reads. `revision` rises with whatever a preview rests on."""

    schedule: Schedule
    clock: ShowClock
    revision: int = 0
    sessions: dict[SessionId, SessionRun] = field(default_factory=dict)
    stages: dict[StageId, StageRun] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)  # those not undone, the last one last
    retired: dict[SessionId, int] = field(default_factory=dict)  # newest cue revision once used
    quality: dict[SessionId, TalkQuality] = field(default_factory=dict)  # of all workers together

    # Reading ------------------------------------------------------------------------------------

    @classmethod
    def start(cls, fact: facts.RunStarted, at_ms: int) -> tuple[RunSheet, Outcome]:
        """The run sheet of a run that began at wall time `at_ms`, and what came into being."""
        sheet = cls(schedule=fact.schedule, clock=ShowClock.start(fact, at_ms))
        outcome = Outcome.touch(Touch("event"), Touch("clock"))
        sheet._adopt(fact.schedule, at_ms, outcome)
        return sheet, outcome

    def plan(self, session: SessionId) -> Session:
        """The session as scheduled. Raises `KeyError` if there is none."""
        return self._plans[session]

    def on_stage(self, stage: StageId) -> list[Session]:
        """The stage's sessions in scheduled order."""
        return self._by_stage.get(stage, [])

    def due_cues(self) -> list[DueCue]:
        """The cues that the clock has still to call, in the order in which to call them.

        A cue that waits for another one (a start for the end before it) joins when that was called.
        """
        return self._due

    def preview_delay(self, session: SessionId, minutes: int, at_ms: int) -> list[Shift] | Refusal:
        """What delaying `session` at `at_ms` would move, earliest first; changes nothing."""
        return producing.preview_delay(self, session, minutes, at_ms)

    def last_control(self) -> Control | None:
        """The only control that may be undone (if it says so)."""
        return self.controls[-1] if self.controls else None

    # Folding ------------------------------------------------------------------------------------

    def apply(self, fact: facts.Fact, at_ms: int) -> Outcome:
        """Fold one fact that was appended at wall time `at_ms`. Facts that move no clock do nothing."""
        handler = _HANDLERS.get(type(fact))
        if handler is None:
            return Outcome()
        outcome = handler(self, fact, at_ms)
        if outcome.refused is None:
            producing.judge_undo(self, outcome)
        return outcome

    def _published(self, fact: facts.SchedulePublished, at_ms: int) -> Outcome:
        if refusal := self._publish_problem(fact.schedule):
            return Outcome(refused=refusal)
        outcome = Outcome.touch(Touch("event"), Touch("controls"))
        self._adopt(fact.schedule, at_ms, outcome)
        return outcome

    def _publish_problem(self, schedule: Schedule) -> Refusal | None:
        if schedule.event_id != self.schedule.event_id:
            return Refusal("bad_input", "this is another event's schedule")
        if {plan.stage for plan in schedule.sessions} - {stage.id for stage in schedule.stages}:
            return Refusal("bad_input", "a session is on a stage that the schedule does not name")
        stages = {plan.id: plan.stage for plan in schedule.sessions}
        for run in self.sessions.values():
            if run.live and stages.get(run.id) != self.plan(run.id).stage:
                return Refusal("wrong_state", f"{run.id} is live: it can't leave its stage")
        return None

    def _adopt(self, schedule: Schedule, at_ms: int, outcome: Outcome) -> None:
        """Go on by `schedule`: known sessions and stages keep their run."""
        self.schedule = schedule
        self.revision += 1
        for name in ("_plans", "_by_stage", "_due"):
            self.__dict__.pop(name, None)
        old = self.sessions
        self.sessions = {p.id: self._keep(p, old.get(p.id)) for p in schedule.sessions}
        for run in old.values():
            if run.id not in self.sessions:
                self._retire(run, outcome)
        outcome.touched.update(Touch("stage", stage) for stage in self.stages)
        self.stages = {s.id: self.stages.get(s.id, StageRun()) for s in schedule.stages}
        for run in self.sessions.values():
            outcome.touched.update(touches_of(run))
        for stage in self.stages:
            outcome.touched.add(Touch("stage", stage))
            self.refresh(stage, self.clock.show_at(at_ms), outcome)

    def _keep(self, plan: Session, run: SessionRun | None) -> SessionRun:
        if run is None:
            return SessionRun.plan(plan, self.schedule.cues, self.retired.get(plan.id, 0))
        run.pre_moderation = plan.qa.pre_moderation
        newest = max(cue.revision for cue in run.cues.values())
        for name in cue_names(self.schedule.cues):
            run.cues.setdefault(name, CueRun(revision=newest))
        return run

    def _retire(self, run: SessionRun, outcome: Outcome) -> None:
        """Forget a session, but not which keys its cues may have used up."""
        self.retired[run.id] = max(cue.revision for cue in run.cues.values())
        outcome.touched.update(touches_of(run))

    # The clock ----------------------------------------------------------------------------------

    def _held(self, fact: facts.ClockHeld, at_ms: int) -> Outcome:
        if self.clock.held:
            return Outcome.refuse("wrong_state", "the clock is held already")
        self.clock.hold(at_ms)
        return Outcome.touch(Touch("clock"))

    def _resumed(self, fact: facts.ClockResumed, at_ms: int) -> Outcome:
        if not self.clock.held:
            return Outcome.refuse("wrong_state", "the clock is not held")
        self.clock.resume(at_ms)
        return Outcome.touch(Touch("clock"))

    def _cue_called(self, fact: facts.CueCalled, at_ms: int) -> Outcome:
        run = self.sessions.get(fact.session)
        cue = run.cues.get(fact.cue) if run else None
        if run is None or cue is None:
            return Outcome.refuse("not_found", f"there is no cue {fact.session}/{fact.cue}")
        if cue.called_ms is not None:
            return Outcome.refuse("already_called", "this cue was called before")
        if cue.revision != fact.revision:
            return Outcome.refuse("stale_cue", f"this cue is at revision {cue.revision}")
        due_wall_ms = self._callable_from(cue)
        if cue.due_ms is None or due_wall_ms is None or at_ms < due_wall_ms:
            return self._refuse_early(run, fact.cue, cue)
        return self._call(run, fact.cue, cue.due_ms, at_ms, due_wall_ms)

    def _callable_from(self, cue: CueRun) -> int | None:
        """The wall time at which the cue is due; None while it waits for another or the clock is held."""
        if cue.due_ms is None or not cue.armed:
            return None
        return self.clock.wall_for(cue.due_ms)

    def _refuse_early(self, run: SessionRun, name: str, cue: CueRun) -> Outcome:
        """The key of this revision is used up: the cue goes on under the next one."""
        cue.revision += 1
        self.__dict__.pop("_due", None)
        outcome = Outcome.refuse("early_cue", "this cue is not due yet")
        outcome.touched.add(Touch("cue", f"{run.id}/{name}"))
        return outcome

    def _call(
        self, run: SessionRun, name: str, due_ms: int, at_ms: int, due_wall_ms: int
    ) -> Outcome:
        show_ms = self.clock.show_at(at_ms)
        late_ms = at_ms - due_wall_ms
        sense = makes_sense(name, run, show_ms, late_ms)
        run.cues[name].call(at_ms, late_ms=late_ms, dropped=not sense)
        self._take_effect(run, name, due_ms, at_ms, sense=sense)
        outcome = Outcome.touch(*touches_of(run))
        if sense:
            outcome.cues.append(
                CueEvent(
                    session=run.id, cue=name, due_ms=due_wall_ms, show_ms=due_ms, late_ms=late_ms
                )
            )
        self.refresh(self.plan(run.id).stage, show_ms, outcome)
        return outcome

    def _take_effect(
        self, run: SessionRun, name: str, due_ms: int, at_ms: int, *, sense: bool
    ) -> None:
        """What a called cue does. A start or end by the clock counts from when it was due."""
        plan = self.plan(run.id)
        if name == DOORS_OPEN and sense:
            run.open_doors(plan.qa)
        elif name == STARTED:
            self.revision += 1
            if sense:
                self.stages[plan.stage].starts += 1
                run.start(plan.qa, due_ms, at_ms)
            else:
                run.miss(at_ms)
        elif name == OVERRUNNING and sense:
            run.state = "overrunning"
        elif name == ENDED:
            self.revision += 1
            run.end(due_ms, at_ms)
        elif name == QA_CLOSES:
            run.qa_open = False

    # Stages and questions -----------------------------------------------------------------------

    def _hosted(self, fact: facts.StageHosted, at_ms: int) -> Outcome:
        stage = self.stages.get(fact.stage)
        if stage is None:
            return Outcome.refuse("not_found", f"there is no stage {fact.stage}")
        if fact.generation <= stage.generation:
            return Outcome.refuse("wrong_state", "a newer worker hosts this stage")
        stage.generation = fact.generation
        return Outcome.touch(Touch("stage", fact.stage))

    def _qa_opened(self, fact: facts.QaOpened, at_ms: int) -> Outcome:
        return self._set_qa(fact.session, opened=True)

    def _qa_closed(self, fact: facts.QaClosed, at_ms: int) -> Outcome:
        return self._set_qa(fact.session, opened=False)

    def _set_qa(self, session: SessionId, *, opened: bool) -> Outcome:
        run = self.sessions.get(session)
        if run is None:
            return no_session(session)
        if opened and (run.state == "skipped" or not self.plan(session).qa.enabled):
            return Outcome.refuse("wrong_state", "this session takes no questions")
        run.qa_open = opened
        return Outcome.touch(Touch("session", session))

    # Deriving -----------------------------------------------------------------------------------

    def refresh(self, stage: StageId, show_ms: int, outcome: Outcome) -> None:
        """Derive everything of one stage anew at show time `show_ms`, touching what changed."""
        self.__dict__.pop("_due", None)
        plans = self.on_stage(stage)
        spans = expect(plans, self.sessions)
        for plan in plans:
            self._set_expected(plan, spans[plan.id], show_ms, outcome)
        self._set_waiting(plans, outcome)
        self._set_cues(plans, outcome)
        self._set_showing(stage, plans, outcome)

    def _set_expected(self, plan: Session, span: Span, show_ms: int, outcome: Outcome) -> None:
        run = self.sessions[plan.id]
        if (run.expected_start_ms, run.expected_end_ms) == span:
            return
        run.expected_start_ms, run.expected_end_ms = span
        run.end_overrun(show_ms)
        outcome.touched.update(touches_of(run))

    def _set_waiting(self, plans: Iterable[Session], outcome: Outcome) -> None:
        runs = [self.sessions[plan.id] for plan in plans]
        overrunning = next((run.id for run in runs if run.state == "overrunning"), None)
        first = next((run for run in runs if run.to_come), None)
        for run in runs:
            waiting_for = overrunning if run is first else None
            if run.waiting_for != waiting_for:
                run.waiting_for = waiting_for
                outcome.touched.add(Touch("session", run.id))

    def _set_cues(self, plans: Iterable[Session], outcome: Outcome) -> None:
        runs = [self.sessions[plan.id] for plan in plans]
        overruns = any(run.state == "overrunning" for run in runs)
        free = not any(run.live for run in runs)
        first = next((run for run in runs if run.to_come), None)
        for plan, run in zip(plans, runs, strict=True):
            due = due_times(self.schedule, plan, run, stage_overruns=overruns)
            for name, cue in run.cues.items():
                cue.armed = is_armed(name, run, next_on_free_stage=free and run is first)
                if cue.move(due.get(name)):
                    outcome.touched.add(Touch("cue", f"{run.id}/{name}"))

    def _set_showing(self, stage: StageId, plans: Iterable[Session], outcome: Outcome) -> None:
        """The live session's room, else that of the next one with open doors."""
        runs = [self.sessions[plan.id] for plan in plans]
        showing = next((run.id for run in runs if run.live), None)
        if showing is None:
            showing = next((run.id for run in runs if run.state == "doors_open"), None)
        before = self.stages[stage].showing
        if before != showing:
            self.stages[stage].showing = showing
            outcome.touched.add(Touch("stage", stage))
            for run in runs:
                if run.id in (before, showing):
                    outcome.touched.update(publication_touches(run))

    @cached_property
    def _plans(self) -> dict[SessionId, Session]:
        return {plan.id: plan for plan in self.schedule.sessions}

    @cached_property
    def _by_stage(self) -> dict[StageId, list[Session]]:
        stages: dict[StageId, list[Session]] = {}
        for plan in self.schedule.sessions:
            stages.setdefault(plan.stage, []).append(plan)
        for plans in stages.values():
            plans.sort(key=lambda plan: plan.starts_at_ms)
        return stages

    @cached_property
    def _due(self) -> list[DueCue]:
        order = {stage.id: place for place, stage in enumerate(self.schedule.stages)}
        due = [
            (cue.due_ms, cue_rank(name), order[plan.stage], place, name, cue.revision)
            for place, plan in enumerate(self.schedule.sessions)
            for name, cue in self.sessions[plan.id].cues.items()
            if cue.armed and cue.due_ms is not None and cue.called_ms is None
        ]
        sessions = self.schedule.sessions
        return [DueCue(sessions[d[3]].id, d[4], d[5], d[0]) for d in sorted(due)]


_HANDLERS: dict[type[facts.Fact], Callable[[RunSheet, Any, int], Outcome]] = {
    facts.SchedulePublished: RunSheet._published,
    facts.ClockHeld: RunSheet._held,
    facts.ClockResumed: RunSheet._resumed,
    facts.CueCalled: RunSheet._cue_called,
    facts.SessionStarted: producing.start_session,
    facts.SessionEnded: producing.end_session,
    facts.SessionExtended: producing.extend_session,
    facts.SessionDelayed: producing.delay_session,
    facts.SessionSkipped: producing.skip_session,
    facts.ControlUndone: producing.undo_control,
    facts.StageHosted: RunSheet._hosted,
    facts.PublicationStarted: publishing.start_publication,
    facts.PublicationStopped: publishing.stop_publication,
    facts.SourceChosen: producing.choose_source,
    facts.TalkMeasured: publishing.measure_talk,
    facts.QaOpened: RunSheet._qa_opened,
    facts.QaClosed: RunSheet._qa_closed,
}
