"""Feedback: how many stars each person gave a session once it was over, and what they said of it.

A person has one rating of a session; a later one takes its place. Of comments the newest are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from . import facts
from .ids import FeedbackId, PersonId, SessionId
from .outcome import Outcome, Refusal
from .runsheet import RunSheet
from .touches import FeedbackTallyTouch, FeedbackTouch, Touch

COMMENTS_KEPT = 500  # of a session
MOST_STARS = 5
OFF = Refusal("wrong_state", "this session is not to be rated")
EARLY = Refusal("wrong_state", "a session can be rated once it is over")


class Comment(Struct, frozen=True, kw_only=True, gc=False):
    id: FeedbackId
    text: str
    said_ms: int  # wall time


class SessionFeedback(Struct, kw_only=True):
    """The feedback on one session."""

    stars: dict[PersonId, int] = field(default_factory=dict)
    tally: list[int] = field(default_factory=lambda: [0] * MOST_STARS)  # with one star first
    comments: dict[PersonId, Comment] = field(default_factory=dict)  # the oldest first

    def rate(self, person: PersonId, stars: int) -> None:
        """Have the person give so many stars, in place of what they gave before; 0: none."""
        if before := self.stars.pop(person, 0):
            self.tally[before - 1] -= 1
        if stars:
            self.stars[person] = stars
            self.tally[stars - 1] += 1


class Feedback(Struct, kw_only=True):
    """The feedback on all sessions of an event."""

    by_session: dict[SessionId, SessionFeedback] = field(default_factory=dict)

    def on(self, session: SessionId) -> SessionFeedback:
        return self.by_session.get(session) or SessionFeedback()

    def why_not(self, fact: facts.Fact, runsheet: RunSheet) -> Refusal | None:
        """Return why the state does not allow a fact of those in `FOLDS`."""
        run = runsheet.sessions.get(getattr(fact, "session", SessionId("")))
        if run is None:
            return Refusal("not_found", "there is no such session")
        if not runsheet.plan(run.id).feedback:
            return OFF
        return None if run.state == "ended" else EARLY

    def apply(self, fact: facts.Fact, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        refused = self.why_not(fact, runsheet)
        return Outcome(refused=refused) if refused else FOLDS[type(fact)](self, fact, at_ms)

    def _rate(self, fact: facts.SessionRated, at_ms: int) -> Outcome:
        person, session = fact.person, fact.session
        here = self.by_session.setdefault(session, SessionFeedback())
        here.rate(person, fact.stars)
        here.comments.pop(person, None)
        touched: set[Touch] = {FeedbackTouch(session, person, fact.feedback)}
        if fact.commented:
            here.comments[person] = Comment(id=fact.feedback, text=fact.comment, said_ms=at_ms)
            touched |= _drop_oldest(session, here)
        return Outcome(touched={*touched, FeedbackTallyTouch(session)})

    def forget(self, person: PersonId) -> Outcome:
        """Take out all that the person gave and said; they were erased."""
        touched: set[Touch] = set()
        for session, here in self.by_session.items():
            if person not in here.stars:
                continue
            here.rate(person, 0)
            touched.add(FeedbackTallyTouch(session))
            comment = here.comments.pop(person, None)
            id = comment.id if comment is not None else FeedbackId("")
            touched.add(FeedbackTouch(session, person, id))
        return Outcome(touched=touched)


def _drop_oldest(session: SessionId, here: SessionFeedback) -> set[Touch]:
    if len(here.comments) <= COMMENTS_KEPT:
        return set()
    person, comment = next(iter(here.comments.items()))
    del here.comments[person]
    return {FeedbackTouch(session, person, comment.id)}


FOLDS: dict[type[facts.Fact], Callable[[Feedback, Any, int], Outcome]] = {
    facts.SessionRated: Feedback._rate,
}
