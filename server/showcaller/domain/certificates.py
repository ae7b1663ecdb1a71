"""Certificates of attendance: how many minutes of an event somebody attended, and whether that is enough.

A minute counts if somebody was at a session (but for breaks) while it was live, once however many they were
at. Minutes are whole ones since 1970, in server time, as those of stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .cues import ENDED, STARTED
from .runsheet import RunSheet
from .schedule import MINUTE_MS, CertificatePolicy
from .stays import Stay


class Span(NamedTuple):
    """The minutes in which a session was live: from `from_min` until before `until_min`."""

    session: str
    from_min: int
    until_min: int


class Attended(NamedTuple):
    """The minutes that somebody attended, of so many in which something was on."""

    minutes: int
    of_minutes: int

    def is_enough(self, policy: CertificatePolicy, *, over: bool) -> bool:
        """Tell whether it earns a certificate. A share is known once the event is over."""
        if policy.min_minutes:
            return self.minutes >= policy.min_minutes
        return over and self.minutes * 100 >= max(1, self.of_minutes * policy.min_percent)


def spans_of(sheet: RunSheet, now_ms: int) -> list[Span]:
    """Return when sessions have been live until wall time `now_ms`; breaks are none."""
    found = []
    for plan in sheet.schedule.sessions:
        run = sheet.sessions.get(plan.id)
        if run is None or plan.kind == "break" or run.actual_start_ms is None:
            continue
        began, ended = run.cues[STARTED].called_ms, run.cues[ENDED].called_ms
        if began is not None:
            until_ms = now_ms if ended is None else ended
            found.append(Span(plan.id, began // MINUTE_MS, -(-until_ms // MINUTE_MS)))
    return found


def attended(stays: Iterable[Stay], spans: Iterable[Span]) -> Attended:
    """Return how much of these sessions somebody with these stays attended."""
    on: dict[str, range] = {one.session: range(one.from_min, one.until_min) for one in spans}
    there: set[int] = set()
    for stay in stays:
        live = on.get(stay.session, range(0))
        first, until = max(stay.from_min, live.start), min(stay.until_min, live.stop)
        there.update(range(first, until))
    return Attended(len(there), len(set().union(*on.values())))


def is_over(sheet: RunSheet) -> bool:
    """Tell whether all sessions of the event are over."""
    return all(run.over for run in sheet.sessions.values())
