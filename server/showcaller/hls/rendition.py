"""The rendition of a stage: the parts that have been written, and the segments that they make up. Pure.

A **rendition** is one encoding of what a stage shows: its picture in one size, or its sound. It is written in
**sections**, one a take (docs/recording.md), each of parts that are numbered through: so the address of the
next one is known before it is there. All renditions of a stage begin a new section at the same moment: when
another source is shown, or the codec or size of any of them changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

# No part is longer, and one that is not its segment's last has 85 % of it at least. Parts of 0.34 s at most,
# ended at a frame, keep to both for sound and at 10 to 60 frames a second, give or take 10 ms.
PART_TARGET_S = 0.35
PART_LEAST_S = 0.85 * PART_TARGET_S
PART_S = 0.34
TARGET_S = 4  # no segment is longer, rounded to seconds
SEGMENT_MIN_S = 2.0  # from then on a segment ends at the next keyframe
SEGMENT_MAX_S = TARGET_S + 0.5 - PART_TARGET_S  # and from then on without one


class Section(Struct, frozen=True, kw_only=True, tag="section"):
    """Consecutive parts with one init section. `number` is the same for all renditions of the stage."""

    number: int
    session: str
    take: str  # the last step of the take's folder
    codecs: str  # RFC 6381
    width: int = 0  # of a picture, in pixels
    height: int = 0
    base_ms: int = 0  # server time of its media's tick 0


class Part(Struct, frozen=True, kw_only=True, tag="part"):
    """One fragment of MP4. `at_ms` is server time of its first sample."""

    section: int
    number: int  # from 0 in each section
    at_ms: float
    duration_s: float
    independent: bool  # a decoder can begin with it
    size_bytes: int
    object: str = ""  # its name in the store of recordings

    @property
    def end_ms(self) -> float:
        """Server time at which the next one begins."""
        return self.at_ms + 1000 * self.duration_s


class Unwritten(Struct, frozen=True, tag="unwritten"):
    """A session of which there is no HLS, since its picture is sent in VP8."""

    session: str


Written: TypeAlias = Section | Part


class Told(Struct, frozen=True, kw_only=True, tag="told"):
    """A message of whoever writes: what was written of a stage's rendition."""

    stage: str
    rendition: str = ""
    written: Section | Part | Unwritten


class Segment:
    """Consecutive parts of one section; the last segment of a live rendition still grows."""

    __slots__ = ("duration_s", "number", "parts", "size_bytes", "text")

    def __init__(self, number: int, first: Part) -> None:
        self.number = number  # its media sequence number
        self.parts: list[Part] = []
        self.duration_s = 0.0
        self.size_bytes = 0
        self.text = ""  # as playlists have it, once it is whole
        self.add(first)

    def add(self, part: Part) -> None:
        """Add the part that follows."""
        self.parts.append(part)
        self.duration_s += part.duration_s
        self.size_bytes += part.size_bytes

    @property
    def section(self) -> int:
        return self.parts[0].section

    @property
    def at_ms(self) -> float:
        return self.parts[0].at_ms

    @property
    def end_ms(self) -> float:
        return self.parts[-1].end_ms

    def goes_on_with(self, part: Part) -> bool:
        """Tell whether a part belongs to it still: a segment ends at a keyframe, if one comes in time."""
        last = self.parts[-1]
        if (part.section, part.number) != (last.section, last.number + 1):
            return False
        if (
            part.independent and last.duration_s < PART_LEAST_S
        ):  # a keyframe came early and cut it short
            return False
        return self.duration_s < (SEGMENT_MIN_S if part.independent else SEGMENT_MAX_S)


def segments_of(parts: Iterable[Part]) -> list[Segment]:
    """Group consecutive parts into segments."""
    found: list[Segment] = []
    for part in parts:
        _add(found, part, 0)
    return found


def _add(segments: list[Segment], part: Part, first_number: int) -> None:
    if segments and segments[-1].goes_on_with(part):
        segments[-1].add(part)
    else:
        number = segments[-1].number + 1 if segments else first_number
        segments.append(Segment(number, part))


class Rendition:
    """All that has been written of one rendition; its segments are numbered from `first_number` on."""

    def __init__(self, first_number: int = 0) -> None:
        self._first_number = first_number
        self.sections: dict[int, Section] = {}
        self.parts: list[Part] = []
        self.segments: list[Segment] = []  # the last one still grows

    def add(self, written: Written) -> None:
        """Add what was written next. Raises `ValueError` for anything that does not follow."""
        if isinstance(written, Section):
            if self.sections and written.number <= self.newest.number:
                raise ValueError(f"section {written.number} does not follow")
            self.sections[written.number] = written
            return
        if not self.sections or written.section != self.newest.number or self._is_old(written):
            raise ValueError(f"part {written.number} of section {written.section} does not follow")
        self.parts.append(written)
        _add(self.segments, written, self._first_number)

    def forget_before(self, at_ms: float) -> None:
        """Forget segments that ended before then, but for the last one."""
        while len(self.segments) > 1 and self.segments[0].end_ms < at_ms:
            gone = self.segments.pop(0)
            del self.parts[: len(gone.parts)]
        if self.segments:
            oldest = self.segments[0].section
            self.sections = {n: one for n, one in self.sections.items() if n >= oldest}

    @property
    def newest(self) -> Section:
        """Return the section that is being written; there must be one."""
        return self.sections[next(reversed(self.sections))]

    @property
    def next_number(self) -> int:
        """Return the number that the next part of the newest section has."""
        last = self.parts[-1] if self.parts else None
        return last.number + 1 if last and last.section == self.newest.number else 0

    def _is_old(self, part: Part) -> bool:
        return part.number < self.next_number

    @property
    def end(self) -> tuple[int, int]:
        """Return the numbers of the growing segment, and of the part that it has next."""
        if not self.segments:
            return self._first_number, 0
        return self.segments[-1].number, len(self.segments[-1].parts)

    def has(self, segment: int, part: int | None) -> bool:
        """Tell whether that part of the segment is there; without `part`, whether the segment is whole.

        A part beyond a segment's last one is the first one of the next (RFC 8216bis §6.2.5.2).
        """
        last, next_part = self.end
        if segment < last:
            return True
        return part is not None and segment == last and part < next_part
