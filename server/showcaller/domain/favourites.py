"""Favourites: the sessions that each person has starred, and which reminders of them are taken.

A reminder belongs to whoever claims it first, by a fact; so nobody is reminded twice, however many nodes run
and however often they start. Claims are looked at again when they are folded: of what was moved away,
skipped or has long begun nobody is reminded, whatever a node thought when it claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct, field

from . import facts
from .facts import Reminder
from .ids import PersonId, SessionId
from .outcome import Outcome
from .runsheet import RunSheet
from .schedule import MINUTE_MS, Schedule
from .session_run import SessionRun, no_session
from .touches import FavouriteTouch

BEGUN_WITHIN_MS = 2 * MINUTE_MS  # after its start nobody is told that a session begins
STARRED = (
    1  # bits of what is known of a person and a session; the others: reminders that were claimed
)
CLAIMED: dict[Reminder, int] = {"soon": 2, "begun": 4}


class DueReminder(NamedTuple):
    """A reminder of one session that is due, and those whom nobody has reminded yet."""

    session: SessionId
    reminder: Reminder
    people: list[PersonId]


class Favourites(Struct, kw_only=True):
    """The stars of everybody, by session and person, and how often each took a new calendar link."""

    known: dict[SessionId, dict[PersonId, int]] = field(default_factory=dict)
    renewals: dict[PersonId, int] = field(default_factory=dict)

    def of(self, person: PersonId) -> list[SessionId]:
        """Return the sessions that the person has starred, also those that left the schedule."""
        return [id for id, people in self.known.items() if people.get(person, 0) & STARRED]

    def has(self, person: PersonId, session: SessionId) -> bool:
        return bool(self.known.get(session, {}).get(person, 0) & STARRED)

    def due(self, sheet: RunSheet, show_ms: int) -> Iterator[DueReminder]:
        """Yield what is due at show time `show_ms` and was not claimed."""
        for session, people in self.known.items():
            for reminder in due_reminders(sheet, session, show_ms):
                left = [one for one, bits in people.items() if _is_open(bits, reminder)]
                if left:
                    yield DueReminder(session, reminder, left)

    def apply(self, fact: facts.Fact, at_ms: int, sheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        return FOLDS[type(fact)](self, fact, at_ms, sheet)

    def forget(self, person: PersonId) -> Outcome:
        """Forget all about the person."""
        outcome = Outcome()
        for session, people in self.known.items():
            if people.pop(person, 0):
                outcome.touched.add(FavouriteTouch(person, session))
        self.renewals.pop(person, None)
        return outcome

    def _star(self, fact: facts.SessionStarred, at_ms: int, sheet: RunSheet) -> Outcome:
        if not fact.person:  # they were erased since
            return Outcome()
        if fact.on and fact.session not in sheet.sessions:
            return no_session(fact.session)
        people = self.known.setdefault(fact.session, {})
        bits = people.get(fact.person, 0) & ~STARRED | (STARRED if fact.on else 0)
        people[fact.person] = bits
        if not bits:
            del people[fact.person]
        return Outcome.touch(FavouriteTouch(fact.person, fact.session))

    def _renew(self, fact: facts.CalendarRenewed, at_ms: int, sheet: RunSheet) -> Outcome:
        if fact.person:
            self.renewals[fact.person] = self.renewals.get(fact.person, 0) + 1
        return Outcome()

    def _claim(self, fact: facts.RemindersClaimed, at_ms: int, sheet: RunSheet) -> Outcome:
        people, outcome = self.known.get(fact.session, {}), Outcome()
        if fact.reminder in due_reminders(sheet, fact.session, sheet.clock.show_at(at_ms)):
            for person in fact.people:
                if _is_open(people.get(person, 0), fact.reminder):
                    people[person] |= CLAIMED[fact.reminder]
                    outcome.reminded.append(person)
        return outcome


def _is_open(bits: int, reminder: Reminder) -> bool:
    """Tell whether a session is starred and this reminder of it is nobody's yet."""
    return bits & (STARRED | CLAIMED[reminder]) == STARRED


def lead_ms(schedule: Schedule) -> int:
    """Return how long before a start people are reminded: at the first *starting soon*; 0: they are not."""
    return max(schedule.cues.starting_soon_min, default=0) * MINUTE_MS


def due_reminders(sheet: RunSheet, session: SessionId, show_ms: int) -> Iterator[Reminder]:
    """Yield the reminders of the session that make sense at show time `show_ms`."""
    run = sheet.sessions.get(session)
    if run is None:
        return
    if run.to_come and 0 < run.expected_start_ms - show_ms <= lead_ms(sheet.schedule):
        yield "soon"
    if run.live and _began_lately(run, show_ms):
        yield "begun"


def _began_lately(run: SessionRun, show_ms: int) -> bool:
    return run.actual_start_ms is not None and show_ms < run.actual_start_ms + BEGUN_WITHIN_MS


FOLDS: dict[type[facts.Fact], Callable[[Favourites, Any, int, RunSheet], Outcome]] = {
    facts.SessionStarred: Favourites._star,
    facts.CalendarRenewed: Favourites._renew,
    facts.RemindersClaimed: Favourites._claim,
}
