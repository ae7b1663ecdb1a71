"""One source's picture or sound, written as takes: a new one wherever another init section begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ...recording import layout
from ...recording.layout import Gap
from ...recording.muxer import Muxer
from ...recording.part import InitSection, MadePart, Sample, Take
from .outbox import Outbox

GAP_MS = 250.0  # between two takes, or within one; a shorter one is only a late frame
SHARED_BASE_MS = 5_000.0  # tracks of a publication that begin so near to each other have one base
STILL_AFTER_MS = 1_500.0  # without a sample, what is pending is written


class About(NamedTuple):
    """The source that is written, and where."""

    folder: str  # of its session
    session: str
    publication: str
    person: str
    source: str
    kind: str

    @property
    def place(self) -> tuple[str, str]:
        return self.publication, self.kind


class TakeWriter:
    """The writer of one source's picture or sound.

    `base_of` is given the time of a take's first sample and returns its base. `unique` makes folders of takes
    that are no other recorder's; `noted` is told of gaps.
    """

    def __init__(
        self,
        about: About,
        outbox: Outbox,
        base_of: Callable[[float], int],
        unique: Callable[[], str],
        noted: Callable[[Gap], None],
        *,
        ended_ms: float | None = None,
    ) -> None:
        """Go on from a take that ended at `ended_ms` by no will of ours: what lies between is a gap."""
        self.about = about
        self.parts = 0
        self.parts_lost = 0
        self.ended_ms = ended_ms  # server time up to which there is something
        self._outbox = outbox
        self._base_of = base_of
        self._unique = unique
        self._noted = noted
        self._reason = "recorder"
        self._init: InitSection | None = None
        self._take: Take | None = None
        self._muxer: Muxer | None = None
        self._lost_from_ms: float | None = None

    def add(self, sample: Sample, init: InitSection) -> None:
        """Write the next sample; pictures begin with a keyframe."""
        if init != self._init:
            if not sample.keyframe:
                return
            self.close(sample.time_ms)
            self._begin(sample, init)
        assert self._muxer is not None
        if (made := self._muxer.add(sample)) is not None:
            self._put(made)

    def flush_if_still(self, now_ms: float) -> None:
        """Write what has waited for its next sample for long: slides, or somebody who fell silent."""
        if self._muxer is None or self._muxer.newest_ms is None:
            return
        if now_ms - self._muxer.newest_ms > STILL_AFTER_MS:
            self._flush(now_ms)

    def close(self, at_ms: float) -> None:
        """End the take, whose last sample lasts until then at most."""
        if self._muxer is not None and self._muxer.newest_ms is not None:
            self._flush(min(at_ms, self._muxer.newest_ms + STILL_AFTER_MS))
        self._init = self._take = self._muxer = None

    def _flush(self, until_ms: float) -> None:
        assert self._muxer is not None
        if (made := self._muxer.flush(until_ms)) is not None:
            self._put(made)

    def _begin(self, sample: Sample, init: InitSection) -> None:
        if self.ended_ms is not None:
            self._note_gap(self.ended_ms, sample.time_ms, self._reason)
        about, began_ms = self.about, int(sample.time_ms)
        of = about.folder, began_ms, about.source, about.kind
        folder = layout.take_folder(*of, self._unique())
        take = layout.take_of(
            init,
            folder=folder,
            session=about.session,
            publication=about.publication,
            person=about.person,
            source=about.source,
            base_ms=self._base_of(sample.time_ms),
        )
        self._outbox.put(f"{folder}/{layout.TAKE}", msgspec.json.encode(take), needed=True)
        self._outbox.put(layout.init_name(folder, init.container), init.data, needed=True)
        self._init, self._take, self._muxer = init, take, Muxer(take)

    def _put(self, made: MadePart) -> None:
        assert self._take is not None
        part = made.part
        end_ms = part.time_ms + part.duration_ms(self._take.timescale)
        if self._outbox.put(part.name, made.data):
            self.parts += 1
            self._note_stored_again(part.time_ms)
            self.ended_ms = end_ms
            return
        self.parts_lost += 1
        if self._lost_from_ms is None:
            self._lost_from_ms = part.time_ms

    def _note_stored_again(self, from_ms: float) -> None:
        if self._lost_from_ms is not None:
            self._note_gap(self._lost_from_ms, from_ms, "storage")
            self._lost_from_ms = None

    def _note_gap(self, from_ms: float, to_ms: float, reason: str) -> None:
        if to_ms - from_ms > GAP_MS:
            about = self.about
            self._noted(Gap(round(from_ms), round(to_ms), about.source, about.kind, reason))
