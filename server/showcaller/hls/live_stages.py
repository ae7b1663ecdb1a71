"""The stages that are written now: their renditions, and who waits for what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import takewhile

from msgspec.structs import replace

from ..recording import layout
from .captions import language_of
from .media_playlist import DateRange, Report, live_playlist
from .multivariant import PICTURE, SOUND, Variant, multivariant_playlist
from .rendition import Part, Rendition, Section, Told, Unwritten

MEASURED_SEGMENTS = 20
LEAST_BITS_S = 8_000
MISSING_S = 5.0  # so much a rendition may lack, and still be offered
KEPT_MS = 30_000.0  # of the talk before
COUNTED_SINCE_S = 1_700_000_000  # November 2023: numbers stay short


class LiveRendition:
    """A rendition that grows."""

    def __init__(self, first_number: int = 0) -> None:
        self.written = Rendition(first_number)
        self.since_ms = 0.0  # server time at which its newest talk begins
        self.objects: dict[tuple[str, int], str] = {}  # in the store, by take and number
        self._session = ""
        self._news = asyncio.Event()

    def add(self, written: Section | Part) -> None:
        """Add what was written, and wake who waits for it. Raises `ValueError` where it does not follow."""
        self.written.add(written)
        section = self.written.newest
        if isinstance(written, Part):
            self.objects[section.take, written.number] = written.object
            if section.session != self._session:
                self._session, self.since_ms = section.session, written.at_ms
                self._forget_before(written.at_ms - KEPT_MS)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _forget_before(self, at_ms: float) -> None:
        """Forget an earlier talk, but for what players need who are just behind."""
        written = self.written
        written.forget_before(at_ms)
        self.objects = {
            (written.sections[part.section].take, part.number): part.object
            for part in written.parts
        }

    async def has(self, segment: int, part: int | None) -> None:
        """Return once that part is there, or without `part` that whole segment."""
        while not self.written.has(segment, part):
            await self._news.wait()

    async def has_part(self, take: str, number: int) -> str | None:
        """Return the object of the take's next part once it is there; None for another part or take."""
        written = self.written
        while written.sections and (written.newest.take, written.next_number) == (take, number):
            await self._news.wait()
        return self.objects.get((take, number))


class LiveStage:
    """The renditions of one stage by name."""

    def __init__(self) -> None:
        self.renditions: dict[str, LiveRendition] = {}
        self.unwritten = ""  # the session of which there is no HLS

    @property
    def session(self) -> str:
        """Return the session that was written last; "" if none was."""
        newest = [one.written.newest for one in self.renditions.values() if one.written.parts]
        return max(newest, key=lambda section: section.number).session if newest else ""

    @property
    def sections(self) -> int:
        """Return how many there have been of any rendition."""
        return max((one.written.newest.number + 1 for one in self.renditions.values()), default=0)

    def find(self, name: str) -> LiveRendition | None:
        """Return a rendition; of captions the one along which they are cut."""
        if language_of(name) is not None:
            return self.renditions.get(PICTURE) or self.renditions.get(SOUND)
        return self.renditions.get(name)

    def playlist(
        self, name: str, one: LiveRendition, ranges: Iterable[DateRange], *, skip: bool
    ) -> str:
        """Return the media playlist of a rendition that was found."""
        return live_playlist(
            one.written,
            since_ms=one.since_ms,
            ranges=ranges,
            reports=self._reports(name),
            skip=skip,
            captions=language_of(name) or "",
        )

    def multivariant(self, languages: Iterable[str] = ()) -> str:
        written = {n: r.written for n, r in self.renditions.items()}
        newest = max((one.newest.number for one in written.values() if one.parts), default=0)
        return multivariant_playlist(variants(written, since=newest), languages)

    def _reports(self, name: str) -> Iterable[Report]:
        for other, one in self.renditions.items():
            segment, part = one.written.end
            if other != name and one.written.parts:
                yield Report(other, segment, max(0, part - 1))


class LiveStages:
    """All stages of an event that are written here."""

    def __init__(self) -> None:
        self._stages: dict[str, LiveStage] = {}
        self._first: dict[str, int] = {}  # number of the first section that is this recorder's

    def get(self, stage: str) -> LiveStage | None:
        return self._stages.get(stage)

    def add(self, told: Told) -> None:
        """Take what a recorder tells. Raises `ValueError` where it does not follow."""
        stage = self._stages.setdefault(told.stage, LiveStage())
        if isinstance(told.written, Unwritten):
            stage.unwritten = told.written.session
            return
        if told.rendition not in stage.renditions and isinstance(told.written, Part):
            raise ValueError(f"rendition {told.rendition!r} has no section yet")
        written = _later(told.written, self._first.get(told.stage, 0))
        if told.rendition not in stage.renditions and isinstance(told.written, Section):
            stage.renditions[told.rendition] = LiveRendition(_count_from(told.written))
        stage.renditions[told.rendition].add(written)

    def begin_anew(self) -> None:
        """Learn that another recorder writes, which counts sections from 0: for players they go on."""
        self._first = {n: stage.sections for n, stage in self._stages.items() if stage.sections}


def _count_from(section: Section) -> int:
    """Return the number to count segments from: the seconds until the section began.

    Segments last longer, so whoever goes on later, on this node or another one, counts from higher numbers,
    and players go on. Sections count from 0: players keep lists by their numbers.
    """
    began_ms = layout.began_ms(section.take) or 0
    return max(0, began_ms // 1000 - COUNTED_SINCE_S)


def _later(written: Section | Part, sections: int) -> Section | Part:
    """Return it as written so many sections later."""
    if isinstance(written, Section):
        return replace(written, number=written.number + sections)
    return replace(written, section=written.section + sections)


def variants(renditions: dict[str, Rendition], since: int = 0) -> list[Variant]:
    """Return what players choose from: renditions that have what the longest has, from section `since` on.

    A speaker who sends several sizes at times only leaves holes in the small one.
    """
    lengths_s = {name: _length_s(one, since) for name, one in renditions.items()}
    longest_s = max((s for name, s in lengths_s.items() if name != SOUND), default=0.0)
    return [
        Variant(
            name=name,
            codecs=one.newest.codecs,
            bits_s=peak_bits_s(one),
            width=one.newest.width,
            height=one.newest.height,
        )
        for name, one in renditions.items()
        if one.parts and (name == SOUND or lengths_s[name] > longest_s - MISSING_S)
    ]


def _length_s(rendition: Rendition, since: int) -> float:
    newest = reversed(rendition.parts)
    return sum(p.duration_s for p in takewhile(lambda part: part.section >= since, newest))


def peak_bits_s(rendition: Rendition) -> int:
    """Return the most that one of the newest segments takes."""
    newest = rendition.segments[-MEASURED_SEGMENTS:]
    long_enough = [one for one in newest if one.duration_s > 0.5] or newest
    rates = (int(8 * one.size_bytes / max(one.duration_s, 0.1)) for one in long_enough)
    return max(LEAST_BITS_S, *rates)
