"""Catching up: how much of its length each late talk gives, so that a stage is back in its times.

Breaks and gaps come first: a talk gives only what is left of its lateness when all of those after it on the
same day have given theirs. What the producer has lengthened or shortened by hand gives nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .ids import SessionId
from .lengths import end_of, least_break_ms
from .schedule import MINUTE_MS, CatchUpPolicy, Session
from .session_run import SessionRun


class CatchingUp:
    """The rule for one stage's sessions, given in planned order. `policy` None: nobody catches up."""

    def __init__(
        self,
        policy: CatchUpPolicy | None,
        plans: Sequence[Session],
        runs: Mapping[SessionId, SessionRun],
    ) -> None:
        self._policy = policy
        self._slack_ms = _slack_after(plans, runs) if policy is not None else {}

    def gives_ms(self, plan: Session, run: SessionRun, start_ms: int) -> int:
        """Return by how much a session that starts at `start_ms` is to be shortened."""
        if self._policy is None or plan.kind != "talk" or run.length_by_hand:
            return 0
        late_ms = start_ms - (plan.starts_at_ms + run.delay_ms)
        left_ms = late_ms - self._slack_ms[plan.id]
        return max(0, min(left_ms, _may_give_ms(self._policy, plan, run)))

    def given_ms(self, plan: Session, run: SessionRun, start_ms: int) -> int:
        """Return by how much a session that has begun is shortened: that was settled when it began."""
        return self.gives_ms(plan, run, start_ms) if run.given_ms is None else run.given_ms


def _may_give_ms(policy: CatchUpPolicy, plan: Session, run: SessionRun) -> int:
    keep_min = policy.talks_keep_min if plan.min_duration_min is None else plan.min_duration_min
    length_ms = end_of(plan, plan.starts_at_ms, run.extension_ms) - plan.starts_at_ms
    return min(policy.talks_give_min * MINUTE_MS, length_ms - keep_min * MINUTE_MS)


def _slack_after(
    plans: Sequence[Session], runs: Mapping[SessionId, SessionRun]
) -> dict[SessionId, int]:
    """Return, for each session, how much of a delay the gaps and breaks after it on its day absorb."""
    kept = [plan for plan in plans if runs[plan.id].state != "skipped"]
    slack: dict[SessionId, int] = dict.fromkeys((plan.id for plan in plans), 0)
    for plan, after in reversed(list(pairwise(kept))):
        if plan.day == after.day:
            slack[plan.id] = slack[after.id] + _absorbs_ms(plan, after, runs)
    return slack


def _absorbs_ms(plan: Session, after: Session, runs: Mapping[SessionId, SessionRun]) -> int:
    """Return what the gap between two sessions absorbs, and the second one, if it is a break."""
    run, next_run = runs[plan.id], runs[after.id]
    if not next_run.to_come:
        return 0
    start_ms = after.starts_at_ms + next_run.delay_ms
    ends_ms = end_of(plan, plan.starts_at_ms + run.delay_ms, run.extension_ms)
    gap_ms = max(0, start_ms - ends_ms)
    if after.kind != "break":
        return gap_ms
    length_ms = end_of(after, start_ms, next_run.extension_ms) - start_ms
    least_ms = least_break_ms(after, next_run.extension_ms)
    return gap_ms + max(0, length_ms - least_ms)
