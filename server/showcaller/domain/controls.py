"""A producer's controls of the run sheet, each with what is needed to undo it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from .cues import OVERRUNNING, QA_CLOSES, CueRun
from .ids import ControlId, PersonId, SessionId, SpeakerId, StageId
from .session_run import Place, SessionRun, SessionState

ControlName = Literal[
    "start", "end", "extend", "delay", "skip", "reopen", "source",
    "move", "swap", "cancel", "speaker", "break",
]  # fmt: skip
EDITS: frozenset[ControlName] = frozenset({"move", "swap", "speaker", "break"})


class Left(NamedTuple):
    """The place in which a control left a session, and who was to speak then."""

    stage: StageId
    place: Place | None
    speakers: tuple[SpeakerId, ...] | None


class Before(Struct, kw_only=True):
    """One session as it was before a control, and the cues that the control called or dropped."""

    session: SessionId
    state: SessionState
    delay_ms: int
    extension_ms: int
    actual_start_ms: int | None
    actual_end_ms: int | None
    qa_open: bool
    overrun: CueRun | None  # the call, if it was overrunning
    cues: list[str]
    chosen: str  # the publication
    place: Place | None
    speakers: tuple[SpeakerId, ...] | None
    note: str
    length_by_hand: bool
    given_ms: int | None
    left: Left | None = None
    taken_back: dict[str, CueRun] = field(default_factory=dict)  # by a control that reopened it

    @classmethod
    def of(cls, run: SessionRun) -> Before:
        """Return how `run` is now. Until `close`, `cues` are those that are still to be called."""
        return cls(
            session=run.id,
            state=run.state,
            delay_ms=run.delay_ms,
            extension_ms=run.extension_ms,
            actual_start_ms=run.actual_start_ms,
            actual_end_ms=run.actual_end_ms,
            qa_open=run.qa_open,
            overrun=replace(run.cues[OVERRUNNING]) if run.state == "overrunning" else None,
            cues=[name for name, cue in run.cues.items() if cue.called_ms is None],
            chosen=run.chosen,
            place=run.place,
            speakers=run.speakers,
            note=run.note,
            length_by_hand=run.length_by_hand,
            given_ms=run.given_ms,
        )

    def close(self, run: SessionRun, stage: StageId) -> None:
        """Note what the control did to `run`, which is on `stage` now."""
        self.cues = [name for name in self.cues if run.cues[name].called_ms is not None]
        self.left = Left(stage, run.place, run.speakers)

    def is_left(self, run: SessionRun, stage: StageId) -> bool:
        """Tell whether `run` is still where the control left it: no other schedule moved it."""
        return self.left == Left(stage, run.place, run.speakers)

    def put_back(self, run: SessionRun) -> None:
        """Plan a session that was edited as it was planned before."""
        run.place, run.speakers = self.place, self.speakers
        run.delay_ms, run.extension_ms = self.delay_ms, self.extension_ms

    def take_back(self, run: SessionRun, names: Iterable[str]) -> None:
        """Make cues of `run` uncalled, as the control does."""
        for name in names:
            if run.cues[name].called_ms is not None:
                self.taken_back[name] = replace(run.cues[name])
                run.cues[name].take_back()

    def shorten(self, run: SessionRun) -> None:
        """Take an extension back; an overrun that it had ended goes on, without another call."""
        run.extension_ms = self.extension_ms
        run.length_by_hand, run.given_ms = self.length_by_hand, self.given_ms
        if self.overrun is not None and run.state == "live":
            run.state = "overrunning"
            run.cues[OVERRUNNING].call_as(self.overrun)

    def restore(self, run: SessionRun) -> None:
        """Make a session that was started, ended or skipped what it was before."""
        for name in self.cues:
            run.cues[name].take_back()
        self._restore_qa(run)
        run.state, run.note = self.state, self.note
        run.given_ms = self.given_ms
        run.actual_start_ms = self.actual_start_ms
        run.actual_end_ms = self.actual_end_ms

    def reclose(self, run: SessionRun) -> None:
        """Make a session that was reopened as over as it was before."""
        for name, call in self.taken_back.items():
            run.cues[name].call_as(call)
        run.state, run.note = self.state, self.note
        run.given_ms = self.given_ms
        run.delay_ms, run.extension_ms = self.delay_ms, self.extension_ms
        run.actual_start_ms, run.actual_end_ms = self.actual_start_ms, self.actual_end_ms
        run.qa_open = self.qa_open

    @property
    def was_over(self) -> bool:
        return self.state in ("ended", "skipped")

    def _restore_qa(self, run: SessionRun) -> None:
        """Open questions as before; what a moderator closed by hand since then stays closed."""
        if run.state == "skipped":
            run.qa_open = self.qa_open
        elif run.live:
            run.qa_open = run.qa_open and self.qa_open
        elif (closes := run.cues[QA_CLOSES]).called_ms is not None:
            run.qa_open = run.qa_open or not closes.dropped
            closes.take_back()


class Control(Struct, kw_only=True):
    """One control. `at_ms` is wall time; `undoable` tells of the last one whether it may be undone."""

    id: ControlId
    name: ControlName
    session: SessionId
    minutes: int | None
    at_ms: int
    by: PersonId
    stage: StageId
    before: list[Before]
    starts: int = 0  # how many sessions had started on the stage when it was done
    undoable: bool = True
    chosen: str = ""  # the publication, by `source`
    other: SessionId | None = None  # by `swap`
