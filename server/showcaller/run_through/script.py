"""The script of a run-through: how late speakers come, how long they talk, and how many people watch."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ..domain.ids import PersonId, SessionId
from ..domain.schedule import MINUTE_MS, Schedule, Session

ATTENDEES = 10


class Script(Struct, frozen=True, kw_only=True):
    """The ways in which the day differs from its plan; all else goes as planned."""

    overrun_min: Mapping[SessionId, float] = {}  # by how much each talk is longer than planned
    usual_overrun_min: float = 0  # of all talks that are not named there
    late_min: Mapping[SessionId, float] = {}  # how long after its start its speakers come
    absent: frozenset[SessionId] = frozenset()  # sessions whose speakers never come
    attendees: int = ATTENDEES

    def over_ms(self, plan: Session) -> int:
        usual_min = self.usual_overrun_min if plan.kind == "talk" else 0
        return round(self.overrun_min.get(plan.id, usual_min) * MINUTE_MS)

    def late_ms(self, plan: Session) -> int:
        return round(self.late_min.get(plan.id, 0) * MINUTE_MS)

    def people(self) -> list[PersonId]:
        return [PersonId(f"attendee-{number}") for number in range(1, self.attendees + 1)]

    def starred(self, schedule: Schedule) -> list[tuple[PersonId, SessionId]]:
        """Return who has starred what: everybody every third session, each beginning elsewhere."""
        sessions = [plan.id for plan in schedule.sessions if plan.kind != "break"]
        return [
            (person, session)
            for number, person in enumerate(self.people())
            for session in sessions[number % 3 :: 3]
        ]
