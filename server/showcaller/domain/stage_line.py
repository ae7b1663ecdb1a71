"""The line at a stage: which sessions may start now, which wait for whom, and which one is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .ids import SessionId
from .schedule import Session
from .session_run import SessionRun
from .timeline import side_by_side


class StageLine:
    """One stage's sessions as they stand. `plans` are in scheduled order."""

    def __init__(self, plans: Sequence[Session], runs: Mapping[SessionId, SessionRun]) -> None:
        both = [(plan, runs[plan.id]) for plan in plans]
        self._live = [(plan, run) for plan, run in both if run.live]
        self._doors_open = [run for _, run in both if run.state == "doors_open"]
        to_come = (plan for plan, run in both if run.to_come)
        self._first = min(to_come, key=lambda plan: plan.ends_at_ms, default=None)

    def may_start(self, plan: Session) -> bool:
        """Tell whether its turn has come: nobody whom it waits for is live or to come."""
        return self._is_next(plan) and not any(self._live_ahead(plan))

    def overrunning_ahead(self, plan: Session) -> SessionId | None:
        """Return the session that overruns and that this one waits for."""
        overrunning = (run.id for run in self._live_ahead(plan) if run.state == "overrunning")
        return next(overrunning, None)

    def waits_for(self, plan: Session) -> SessionId | None:
        """Return what `overrunning_ahead` does if this session is next; else None."""
        return self.overrunning_ahead(plan) if self._is_next(plan) else None

    def showing(self) -> SessionId | None:
        """Return the session whose room the stage shows: a live one, else one with open doors.

        Of several live ones one to which somebody publishes, and of those the last that started.
        """
        live = [run for _, run in self._live]
        if live:
            best = max(live, key=lambda run: (bool(run.publications), run.actual_start_ms or 0))
            return best.id
        return self._doors_open[0].id if self._doors_open else None

    def _is_next(self, plan: Session) -> bool:
        """Tell whether nothing that is to come was planned to be over before it starts."""
        first = self._first
        return first is not None and (plan is first or plan.starts_at_ms < first.ends_at_ms)

    def _live_ahead(self, plan: Session) -> Iterator[SessionRun]:
        return (run for other, run in self._live if not side_by_side(plan, other))
