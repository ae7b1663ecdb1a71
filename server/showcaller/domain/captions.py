"""Captions of talks, where the schedule wants them: lines of what is said, by language, with their times.

A talk keeps its newest lines, all talks together so many. They are what was said on a stage: a talk whose
recording is deleted for everybody has none any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from msgspec import Struct, field

from . import facts
from .ids import CaptionId, SessionId
from .outcome import Outcome, Refusal
from .recording import EVERYBODY
from .runsheet import RunSheet
from .touches import CaptionsTouch

KEPT_A_TALK = 3_000  # lines, in all its languages
KEPT_IN_ALL = 20_000
LIVE = 20  # the newest lines of a language, which are shown live
READ_MS = 7_000  # so long a line is shown whose end nobody said

NO_CAPTIONS = Refusal(
    "no_captions", "the schedule has no captions of this session in this language"
)
EARLY = Refusal("wrong_state", "nothing is said here yet")
DELETED = Refusal("wrong_state", "what was said here was deleted")
GONE = Refusal("not_found", "this line is not there any more")


class Caption(Struct, frozen=True, kw_only=True, gc=False):
    """A line. Its times are server time."""

    id: CaptionId
    text: str
    from_ms: int
    to_ms: int


Lines = dict[CaptionId, Caption]  # as they came, the oldest first


class TalkCaptions(Struct, kw_only=True):
    """The captions of one talk, by language."""

    lines: dict[str, Lines] = field(default_factory=dict)
    said_ms: int = 0  # wall time at which the last one came

    @property
    def count(self) -> int:
        return sum(map(len, self.lines.values()))


class Captions(Struct, kw_only=True):
    """The captions of an event's talks."""

    talks: dict[SessionId, TalkCaptions] = field(default_factory=dict)

    def lines(self, session: SessionId, language: str) -> Lines:
        talk = self.talks.get(session)
        return talk.lines.get(language, {}) if talk is not None else {}

    def live(self, session: SessionId, language: str) -> Iterator[Caption]:
        """Yield the newest lines, the newest first."""
        return islice(reversed(self.lines(session, language).values()), LIVE)

    def why_not(self, fact: facts.Fact, runsheet: RunSheet) -> Refusal | None:
        """Return why the state does not allow a fact of those in `FOLDS`."""
        run = runsheet.sessions.get(getattr(fact, "session", SessionId("")))
        if run is None:
            return Refusal("not_found", "there is no such session")
        if isinstance(fact, facts.CaptionCorrected):
            return None if fact.caption in self.lines(run.id, fact.language) else GONE
        assert isinstance(fact, facts.CaptionSaid)
        if fact.language not in runsheet.plan(run.id).captions:
            return NO_CAPTIONS
        if EVERYBODY in run.deleted:
            return DELETED
        if run.state in ("upcoming", "skipped"):
            return EARLY
        known = fact.caption in self.lines(run.id, fact.language)
        return Refusal("wrong_state", "this line came already") if known else None

    def apply(self, fact: facts.Fact, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        refused = self.why_not(fact, runsheet)
        return Outcome(refused=refused) if refused else FOLDS[type(fact)](self, fact, at_ms)

    def _say(self, fact: facts.CaptionSaid, at_ms: int) -> Outcome:
        talk = self.talks.setdefault(fact.session, TalkCaptions())
        from_ms = fact.from_ms or at_ms
        talk.lines.setdefault(fact.language, {})[fact.caption] = Caption(
            id=fact.caption,
            text=fact.text,
            from_ms=from_ms,
            to_ms=fact.to_ms or from_ms + READ_MS,
        )
        talk.said_ms = at_ms
        return Outcome(
            touched={CaptionsTouch(fact.session, fact.language), *self._drop(fact.session)}
        )

    def _drop(self, session: SessionId) -> set[CaptionsTouch]:
        """Drop what is too much: of the talk, then of the one that has been silent for longest."""
        dropped: set[CaptionsTouch] = set()
        if self.talks[session].count > KEPT_A_TALK:
            dropped |= self._drop_oldest(session)
        if sum(one.count for one in self.talks.values()) > KEPT_IN_ALL:
            told = (id for id, one in self.talks.items() if one.count)
            silent = min(told, key=lambda id: (self.talks[id].said_ms, id))
            dropped |= self._drop_oldest(silent)
        return dropped

    def _drop_oldest(self, session: SessionId) -> set[CaptionsTouch]:
        """Drop the oldest line of the language that has most."""
        by_language = self.talks[session].lines
        language = max(by_language, key=lambda one: (len(by_language[one]), one))
        del by_language[language][next(iter(by_language[language]))]
        return {CaptionsTouch(session, language)}

    def _correct(self, fact: facts.CaptionCorrected, at_ms: int) -> Outcome:
        lines = self.talks[fact.session].lines[fact.language]
        if fact.removed:
            del lines[fact.caption]
        else:
            was = lines[fact.caption]
            lines[fact.caption] = Caption(
                id=was.id, text=fact.text, from_ms=was.from_ms, to_ms=was.to_ms
            )
        return Outcome.touch(CaptionsTouch(fact.session, fact.language))

    def forget(self, session: SessionId) -> Outcome:
        """Take out all that was said in the session; its recording was deleted."""
        talk = self.talks.get(session, TalkCaptions())
        for lines in talk.lines.values():
            lines.clear()
        return Outcome(touched={CaptionsTouch(session, language) for language in talk.lines})


FOLDS: dict[type[facts.Fact], Callable[[Captions, Any, int], Outcome]] = {
    facts.CaptionSaid: Captions._say,
    facts.CaptionCorrected: Captions._correct,
}
