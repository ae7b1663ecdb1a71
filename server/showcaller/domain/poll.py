"""A poll: what a session's audience is asked, how they choose, and when the clock opens and closes it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .cues import DOORS_OPEN
from .ids import PersonId, PollId, SessionId, VoterId, derive_id
from .poll_draft import PollDraft, PollPlan
from .runsheet import RunSheet
from .schedule import MINUTE_MS
from .session_run import SessionRun

PollState = Literal["draft", "open", "closed", "deleted"]


class Poll(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One poll as it is now: when it changes, another one takes its place."""

    id: PollId
    number: int  # its place in the order of making
    session: SessionId
    draft: PollDraft
    made_ms: int  # wall time, as are all but `ends_ms`
    state: PollState = "draft"
    plan: PollPlan | None = None
    revision: int = 1  # of the key under which the clock opens or closes it
    opened_ms: int | None = None
    ends_ms: int | None = None  # show time at which its timer ends
    closed_ms: int | None = None
    shown_ms: int | None = None  # since when everybody may see the results; None: nobody may
    hidden: tuple[str, ...] = ()  # words that nobody is to see

    @property
    def public(self) -> bool:
        """Tell whether everybody may see it."""
        return self.state in ("open", "closed")

    @property
    def told(self) -> bool:
        """Tell whether everybody may see how people voted."""
        return self.public and self.shown_ms is not None


def voter_of(poll: Poll, person: PersonId, salt: str) -> VoterId:
    """Return whom the log names for a person's vote: of an anonymous poll nobody who is known elsewhere.

    It tells who that is only to whoever knows the run's secret salt, which no export holds.
    """
    if not poll.draft.anonymous:
        return VoterId(person)
    return VoterId(derive_id("v", salt, f"voter:{poll.id}:{len(person)}:{person}"))


def due_ms(poll: Poll, sheet: RunSheet) -> int | None:
    """Return the show time at which the clock is to open or close it; None while nothing says so."""
    if poll.state == "open":
        return poll.ends_ms
    run = sheet.sessions.get(poll.session)
    if poll.state != "draft" or poll.plan is None or run is None:
        return None
    begin_ms = _ANCHORS[poll.plan.anchor](run, poll.plan.minutes < 0)
    return None if begin_ms is None else begin_ms + poll.plan.minutes * MINUTE_MS


def _doors_open_ms(run: SessionRun, before: bool) -> int | None:
    return None if run.state == "upcoming" or run.over else run.cues[DOORS_OPEN].due_ms


def _started_ms(run: SessionRun, before: bool) -> int | None:
    """Return when it started; what comes before that goes by when it is expected to."""
    if run.over:
        return None
    return run.expected_start_ms if before and run.to_come else run.actual_start_ms


def _ended_ms(run: SessionRun, before: bool) -> int | None:
    if run.state == "ended":
        return None if before else run.actual_end_ms
    return run.expected_end_ms if before and run.live else None


_ANCHORS = {"doors_open": _doors_open_ms, "started": _started_ms, "ended": _ended_ms}
