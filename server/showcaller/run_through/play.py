"""Plays a day by a script: the fold of its facts, from one instant at which something happens to the next.

Nothing waits: the clock is the schedule's own, so a day takes milliseconds. The fold is that of a live event,
so it can't behave otherwise than one.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import NamedTuple

from msgspec import Struct, field

from ..domain import facts
from ..domain.cues import STARTED
from ..domain.favourites import lead_ms
from ..domain.ids import EventId, PersonId, QuestionId, SessionId, SpeakerId
from ..domain.outcome import Outcome
from ..domain.runsheet import RunSheet
from ..domain.schedule import MINUTE_MS, Schedule, Session
from ..domain.state import State
from .script import Script

FOREVER_MS = 24 * 60 * MINUTE_MS  # a day after the last planned end nothing more is waited for
ASKED_AT = 0.5  # of a talk's length


class Reminded(NamedTuple):
    """People who were told that a session starts soon, when, and what they were told."""

    session: SessionId
    at_ms: int
    starts_at_ms: int
    people: int


class Asked(NamedTuple):
    """A question of an attendee's. `refused`: the code; "" if it was taken."""

    session: SessionId
    at_ms: int
    refused: str


class Played(Struct, kw_only=True):
    """The day as it went. All times are show time."""

    sheet: RunSheet
    reminded: list[Reminded] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    cut: dict[SessionId, int] = field(default_factory=dict)  # ms that its speaker still had to say
    facts: int = 0


class _Due(NamedTuple):
    at_ms: int
    number: int  # of those at the same instant the one that was planned first goes first
    what: str
    session: SessionId


def play(schedule: Schedule, script: Script) -> Played:
    """Return how the day goes by the script, from before its first doors until all is over."""
    return _Play(schedule, script).through()


class _Play:
    def __init__(self, schedule: Schedule, script: Script) -> None:
        self._script = script
        self._numbers = count()
        self._due: list[_Due] = []
        self._state = State(EventId(schedule.event_id))
        first_ms = min(plan.starts_at_ms for plan in schedule.sessions)
        lead = max(schedule.cues.doors_open_min * MINUTE_MS, lead_ms(schedule)) + MINUTE_MS
        self._now_ms = first_ms - lead
        start = facts.RunStarted(
            run="run-through",
            salt="salt",
            schedule=schedule,
            mode="rehearsal",
            from_ms=self._now_ms,
        )
        self._fold(start)
        self._played = Played(sheet=self._sheet)
        for person, session in script.starred(schedule):
            self._fold(facts.SessionStarred(person=person, session=session, on=True))
        for plan in schedule.sessions:
            self._plan(self._remind_ms(plan.id), "remind", plan.id)

    @property
    def _sheet(self) -> RunSheet:
        assert self._state.runsheet is not None
        return self._state.runsheet

    def through(self) -> Played:
        end_ms = max(plan.ends_at_ms for plan in self._sheet.schedule.sessions) + FOREVER_MS
        while (at_ms := self._next_ms()) is not None and at_ms <= end_ms:
            self._now_ms = max(self._now_ms, at_ms)
            self._step()
        self._played.facts = self._state.folded
        return self._played

    def _next_ms(self) -> int | None:
        cue = next(iter(self._sheet.due_cues()), None)
        instants = [cue.due_ms] if cue is not None else []
        return min([*instants, *(due.at_ms for due in self._due[:1])], default=None)

    def _step(self) -> None:
        """Do what people do now, else what the clock does: somebody still speaks at the very end."""
        if self._due and self._due[0].at_ms <= self._now_ms:
            self._act(heapq.heappop(self._due))
            return
        cue = self._sheet.due_cues()[0]
        outcome = self._fold(facts.CueCalled(**cue._asdict()))
        for called in outcome.cues:
            if called.cue == STARTED:
                self._begin(self._sheet.plan(SessionId(called.session)))

    def _plan(self, at_ms: int, what: str, session: SessionId) -> None:
        heapq.heappush(self._due, _Due(at_ms, next(self._numbers), what, session))

    def _begin(self, plan: Session) -> None:
        """Plan what people will do in a session that has begun."""
        if plan.kind == "break":
            return
        length_ms = plan.ends_at_ms - plan.starts_at_ms
        self._plan(self._now_ms + round(length_ms * ASKED_AT), "ask", plan.id)
        if plan.speakers and plan.id not in self._script.absent:
            comes_ms = self._now_ms + self._script.late_ms(plan)
            self._plan(comes_ms, "come", plan.id)
            self._plan(comes_ms + length_ms + self._script.over_ms(plan), "leave", plan.id)

    def _act(self, due: _Due) -> None:
        plan = self._sheet.plan(due.session)
        if due.what == "remind":
            self._remind(plan.id)
        elif due.what == "ask":
            self._ask(plan)
        else:
            for speaker in plan.speakers:
                self._publish(plan.id, speaker, comes=due.what == "come")

    def _publish(self, session: SessionId, speaker: SpeakerId, *, comes: bool) -> None:
        run, publication = self._sheet.sessions[session], f"{session}/{speaker}"
        if comes:
            by = PersonId(speaker)
            self._fold(facts.PublicationStarted(session=session, publication=publication, by=by))
        elif publication in run.publications:
            if run.over and run.actual_end_ms is not None:
                self._played.cut[session] = self._now_ms - run.actual_end_ms
            self._fold(facts.PublicationStopped(session=session, publication=publication))

    def _ask(self, plan: Session) -> None:
        fact = facts.QuestionAsked(
            question=QuestionId(f"question-{plan.id}"),
            session=plan.id,
            person=self._script.people()[0] if self._script.attendees else PersonId("nobody"),
            text="Why?",
        )
        refused = self._fold(fact).refused
        self._played.asked.append(Asked(plan.id, self._now_ms, refused.code if refused else ""))

    def _remind(self, session: SessionId) -> None:
        """Remind whom a node would remind now; of a session that has moved, when that is due."""
        run, due_ms = self._sheet.sessions[session], self._remind_ms(session)
        if not run.to_come:
            return
        if due_ms > self._now_ms:
            self._plan(due_ms, "remind", session)
            return
        starred = [
            person for person, one in self._script.starred(self._sheet.schedule) if one == session
        ]
        claim = facts.RemindersClaimed(
            session=session, reminder="soon", people=tuple(starred), node="run-through"
        )
        reminded = self._fold(claim).reminded
        if reminded:
            told = Reminded(session, self._now_ms, run.expected_start_ms, len(reminded))
            self._played.reminded.append(told)

    def _remind_ms(self, session: SessionId) -> int:
        run = self._sheet.sessions[session]
        return run.expected_start_ms - lead_ms(self._sheet.schedule)

    def _fold(self, fact: facts.Fact) -> Outcome:
        return self._state.apply(self._state.folded + 1, self._now_ms, fact)
