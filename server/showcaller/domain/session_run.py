"""A session as it really runs: its state, its three kinds of time, its cues, and what changes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from .cues import (
    DOORS_OPEN,
    ENDED,
    OVERRUNNING,
    QA_CLOSES,
    STARTING_SOON,
    CueRun,
    cue_kind,
    cue_names,
)
from .facts import Source
from .ids import PersonId, SessionId, SpeakerId, StageId
from .outcome import Outcome
from .schedule import CuePolicy, QaPolicy, Session
from .touches import CueTouch, PublicationTouch, SessionTouch, Touch

SessionState = Literal["upcoming", "doors_open", "live", "overrunning", "ended", "skipped"]
PREFERRED: tuple[Source, ...] = ("main", "slides", "spare")


class PublicationRun(Struct, frozen=True):
    """One publication of a session."""

    by: PersonId
    source: Source


class Place(Struct, frozen=True, kw_only=True):
    """The slot on a stage in which a producer put a session: what it comes after, and before.

    An empty slot (`ends_at_ms` = `starts_at_ms`) stands between two others; the session pushes what follows.
    """

    stage: StageId
    starts_at_ms: int
    ends_at_ms: int
    stretch_ms: int = 0  # by how much the session is longer than the slot
    planned_ms: int  # when it is to start, if nothing pushes it
    order: float = 0.5  # among empty slots of the same time; between 0 and 1


class SessionRun(Struct, kw_only=True):
    """One session's run. All times but those of `cues` are show time.

    A session that was missed (nothing ran while it should have) is `ended` without actual times.
    """

    id: SessionId
    expected_start_ms: int
    expected_end_ms: int
    cues: dict[str, CueRun]
    pre_moderation: bool
    state: SessionState = "upcoming"
    delay_ms: int = 0  # from the scheduled start, by the producer
    extension_ms: int = 0  # of the scheduled duration, by the producer
    actual_start_ms: int | None = None
    actual_end_ms: int | None = None
    waiting_for: SessionId | None = None  # the session that overruns on the same stage
    qa_open: bool = False
    publications: dict[str, PublicationRun] = field(default_factory=dict)  # the oldest first
    chosen: str = ""  # the publication that a producer put on the stage; "": the stage picks
    unpublished_ms: int | None = None  # when the last publication stopped
    place: Place | None = None  # by the producer; None: as scheduled
    speakers: tuple[SpeakerId, ...] | None = None  # by the producer; None: as scheduled
    note: str = ""  # why it was delayed or cancelled; "": nobody said
    recorders: set[str] = field(default_factory=set)  # nodes that say that they record
    was_recorded: bool = False  # by some node, at some time
    agreed: dict[PersonId, bool] = field(default_factory=dict)  # to be recorded
    deleted: set[PersonId] = field(default_factory=set)  # whose recordings are; `EVERYBODY`: all
    length_by_hand: bool = False  # the producer has set its length: it gives nothing to catch up
    given_ms: int | None = None  # what it gives to catch up; None: it has just begun

    @classmethod
    def plan(cls, plan: Session, policy: CuePolicy, revision: int) -> SessionRun:
        """Return a session to come, whose cues have used up `revision`."""
        return cls(
            id=plan.id,
            expected_start_ms=plan.starts_at_ms,
            expected_end_ms=plan.ends_at_ms,
            cues={name: CueRun(revision=revision) for name in cue_names(policy)},
            pre_moderation=plan.qa.pre_moderation,
        )

    def twin(self) -> SessionRun:
        """Return a copy that shares nothing which changes."""
        cues = {name: replace(cue) for name, cue in self.cues.items()}
        return replace(self, cues=cues, publications=dict(self.publications))

    @property
    def to_come(self) -> bool:
        return self.state in ("upcoming", "doors_open")

    @property
    def live(self) -> bool:
        """Tell whether it holds the stage, overrunning or not."""
        return self.state in ("live", "overrunning")

    @property
    def over(self) -> bool:
        return self.state in ("ended", "skipped")

    @property
    def on_stage(self) -> bool:
        """Tell whether what is published goes to the audience: from its start on, or once one was chosen.

        Before that its publications are in the green room.
        """
        return self.live or bool(self.chosen)

    @property
    def shown(self) -> str:
        """The publication for its stage: the chosen one, else the oldest main, slides or spare.

        "" if there is none. While one is silent, the worker shows another.
        """
        return self.chosen or next(iter(self._by_rank()), "")

    @property
    def heard(self) -> str:
        """The publication whose sound goes out: the shown one, or with slides a speaker's."""
        if not self.shown or self._source(self.shown) != "slides":
            return self.shown
        speakers = (id for id in self._by_rank() if self._source(id) != "slides")
        return next(speakers, self.shown)

    def _by_rank(self) -> list[str]:
        return sorted(self.publications, key=lambda id: PREFERRED.index(self._source(id)))

    def _source(self, publication: str) -> Source:
        return self.publications[publication].source

    @property
    def ended_ms(self) -> int:
        """The time at which it ended, or was to end."""
        return self.expected_end_ms if self.actual_end_ms is None else self.actual_end_ms

    def open_doors(self, qa: QaPolicy) -> None:
        self.state = "doors_open"
        self.qa_open = self.qa_open or (qa.enabled and qa.opens == "doors_open")

    def start(self, qa: QaPolicy, show_ms: int, at_ms: int) -> None:
        """Go live as of `show_ms`. Cues before the start that were not called by `at_ms` are dropped."""
        if self.cues[DOORS_OPEN].called_ms is None:
            self.open_doors(qa)
        self.qa_open = self.qa_open or (qa.enabled and qa.opens == "started")
        self.state = "live"
        self.actual_start_ms = show_ms
        self.given_ms = None
        before = (n for n in self.cues if cue_kind(n) in (DOORS_OPEN, STARTING_SOON))
        self._drop(before, at_ms)

    def end(self, show_ms: int, at_ms: int) -> None:
        """End as of `show_ms`. Cues that were not called by `at_ms` are dropped."""
        self.state = "ended"
        self.actual_end_ms = max(show_ms, self.actual_start_ms or show_ms)
        self._drop((n for n in self.cues if n not in (ENDED, QA_CLOSES)), at_ms)

    def go_on(self, qa: QaPolicy) -> None:
        """Be live again after an end that was none."""
        self.state = "live"
        self.note = ""
        self.actual_end_ms = None
        self.qa_open = self.qa_open or qa.enabled

    def come_again(self) -> None:
        """Be to come again."""
        self.state = "upcoming"
        self.note = ""
        self.actual_start_ms = self.actual_end_ms = None
        self.qa_open = False

    def miss(self, at_ms: int) -> None:
        """End without ever having started: its time went by while nothing ran."""
        self.state = "ended"
        self._drop(self.cues, at_ms)
        self.cues[ENDED].call(at_ms, dropped=True)
        if not self.qa_open:
            self.cues[QA_CLOSES].call(at_ms, dropped=True)

    def leave_place(self) -> None:
        """Be planned as scheduled again."""
        if self.place is not None:
            self.extension_ms -= self.place.stretch_ms
            self.place, self.delay_ms = None, 0

    def skip(self, at_ms: int, note: str = "") -> None:
        """Be left out; `note` says why, if it was cancelled."""
        self.state = "skipped"
        self.note = note
        self.qa_open = False
        self._drop(self.cues, at_ms)

    def end_overrun(self, show_ms: int) -> None:
        """Go back to live if the expected end lies ahead again; a new overrun will be a new call."""
        if self.state == "overrunning" and self.expected_end_ms > show_ms:
            self.state = "live"
            self.cues[OVERRUNNING].take_back()

    def _drop(self, names: Iterable[str], at_ms: int) -> None:
        for name in names:
            if self.cues[name].pending:
                self.cues[name].call(at_ms, dropped=True)


def touches_of(run: SessionRun) -> list[Touch]:
    """Return everything that shows a session."""
    cues = (CueTouch(run.id, name) for name in run.cues)
    return [SessionTouch(run.id), *cues, *publication_touches(run)]


def publication_touches(run: SessionRun) -> list[PublicationTouch]:
    """Return everything that shows one of its publications."""
    return [PublicationTouch(one.by, id) for id, one in run.publications.items()]


def no_session(session: SessionId) -> Outcome:
    return Outcome.refuse("not_found", f"there is no session {session}")
