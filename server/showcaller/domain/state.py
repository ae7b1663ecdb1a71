"""The state of an event: the fold of its facts, in order.

Invariant: `apply` is a function of the state and the entry alone. It reads no clock and no randomness,
so every node that folds the same log holds the same state and gives the same verdicts.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct, field

from . import facts
from .announcements import Announcements
from .ids import EventId
from .outcome import Outcome, Refusal
from .people import People
from .questions import Questions
from .runsheet import RunSheet

REFUSALS_KEPT = 10_000  # newest verdicts kept for commands that are sent again

_RUN_SHEET_FACTS = (
    facts.SchedulePublished,
    facts.ClockHeld,
    facts.ClockResumed,
    facts.CueCalled,
    facts.SessionStarted,
    facts.SessionEnded,
    facts.SessionExtended,
    facts.SessionDelayed,
    facts.SessionSkipped,
    facts.ControlUndone,
    facts.StageHosted,
    facts.PublicationStarted,
    facts.PublicationStopped,
    facts.QaOpened,
    facts.QaClosed,
)
_QUESTION_FACTS = (
    facts.QuestionAsked,
    facts.QuestionEdited,
    facts.QuestionWithdrawn,
    facts.QuestionApproved,
    facts.QuestionRejected,
    facts.QuestionPushed,
    facts.QuestionPulled,
    facts.QuestionAnswered,
    facts.QuestionReplied,
    facts.QuestionErased,
    facts.VotesCast,
)
_ANNOUNCEMENT_FACTS = (
    facts.AnnouncementMade,
    facts.AnnouncementCalled,
    facts.AnnouncementCancelled,
)


class State(Struct, kw_only=True):
    """Everything that follows from an event's log up to offset `folded`."""

    event_id: EventId
    run: str = ""
    salt: str = ""
    runsheet: RunSheet | None = None  # until the run has started
    questions: Questions = field(default_factory=Questions)
    announcements: Announcements = field(default_factory=Announcements)
    people: People = field(default_factory=People)
    folded: int = 0
    refusals: dict[int, Refusal] = field(default_factory=dict)  # newest, by offset

    def apply(self, offset: int, at_ms: int, fact: facts.Fact) -> Outcome:
        """Fold the fact at `offset`, appended at wall time `at_ms`. A fact folded before does nothing.

        Raises `ValueError` when an offset was left out: the caller read the log wrongly.
        """
        if offset <= self.folded:
            return Outcome()
        if offset != self.folded + 1:
            raise ValueError(
                f"fact {offset} can't follow {self.folded}: the log was read with a gap"
            )
        outcome = self._fold(fact, at_ms)
        self.folded = offset
        if outcome.refused is not None:
            self._remember_refusal(offset, outcome.refused)
        return outcome

    def skip(self, offset: int, reason: str) -> Outcome:
        """Pass over a fact that this release can't read: it counts as refused."""
        outcome = Outcome.refuse("unknown_fact", reason)
        self.folded = offset
        self._remember_refusal(offset, Refusal("unknown_fact", reason))
        return outcome

    def _fold(self, fact: facts.Fact, at_ms: int) -> Outcome:
        if isinstance(fact, facts.RunStarted):
            return self._start_run(fact, at_ms)
        if self.runsheet is None:
            return Outcome.refuse("wrong_state", "the event's run has not started")
        if isinstance(fact, _QUESTION_FACTS):
            return self.questions.apply(fact, at_ms, self.runsheet)
        if isinstance(fact, _RUN_SHEET_FACTS):
            return self.runsheet.apply(fact, at_ms)
        if isinstance(fact, _ANNOUNCEMENT_FACTS):
            return self.announcements.apply(fact, at_ms, self.runsheet)
        return self._fold_person(fact, at_ms)

    def _start_run(self, fact: facts.RunStarted, at_ms: int) -> Outcome:
        if self.runsheet is not None:
            return Outcome.refuse("wrong_state", "the event's run has started already")
        self.run, self.salt = fact.run, fact.salt
        self.runsheet, outcome = RunSheet.start(fact, at_ms)
        return outcome

    def _fold_person(self, fact: facts.Fact, at_ms: int) -> Outcome:
        outcome = self.people.apply(fact, at_ms)
        if isinstance(fact, facts.PersonErased):
            outcome.touched |= self.questions.touch_all_of(fact.person)
        return outcome

    def _remember_refusal(self, offset: int, refusal: Refusal) -> None:
        self.refusals[offset] = refusal
        if len(self.refusals) > REFUSALS_KEPT:
            del self.refusals[next(iter(self.refusals))]

    def dump(self) -> bytes:
        """The state as a snapshot that `load` reads."""
        return msgspec.msgpack.encode(self)

    def digest(self) -> str:
        """128 bits that are the same for the same facts, whether or not their run's salt is known."""
        known = msgspec.structs.replace(self, event_id=EventId(""), salt="", refusals={})
        parts = (known, list(self.refusals.items()))  # deterministic maps have texts for keys
        data = msgspec.msgpack.encode(parts, order="deterministic")
        return hashlib.blake2b(data, digest_size=16).hexdigest()

    @classmethod
    def load(cls, data: bytes) -> State:
        """The state that `dump` wrote under the same `FOLD_VERSION`."""
        return msgspec.msgpack.decode(data, type=cls)
