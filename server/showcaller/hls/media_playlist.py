"""The media playlist (draft-pantos-hls-rfc8216bis §4.4): what there is to play of a rendition. Pure.

Addresses lead from a folder `live` or that of a talk to those of takes, and each names the same bytes for
good: in `TALK/TAKE/`, `12.m4s` is a part, `10-17.m4s` a segment, `init.mp4` the init section.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from msgspec import Struct

from .captions import NAME, Stretch, segment_name
from .rendition import PART_TARGET_S, TARGET_S, Part, Rendition, Section, Segment

VERSION = 9
HOLD_BACK_S = 3 * TARGET_S
PART_HOLD_BACK_S = 3 * PART_TARGET_S
SKIP_UNTIL_S = 6 * TARGET_S  # before the end: what is older a player may ask to be spared
PARTS_FOR_S = 3 * TARGET_S  # before the end: so far back parts are listed beside segments


class DateRange(Struct, frozen=True, kw_only=True):
    """A stretch of server time that means something (§4.4.5.1): a talk, a question while it was answered."""

    id: str
    kind: str
    start_ms: float
    end_ms: float | None = None
    title: str = ""


class Report(Struct, frozen=True):
    """The end of another rendition of the stage (§4.4.5.4), for players that turn to it."""

    name: str
    segment: int
    part: int


def live_playlist(
    rendition: Rendition,
    *,
    since_ms: float,
    ranges: Iterable[DateRange] = (),
    reports: Iterable[Report] = (),
    skip: bool = False,
    captions: str = "",
) -> str:
    """Return what can be played from `since_ms` (server time) on, to which more will be added.

    `skip`: leave out what the player has from an earlier playlist (§6.2.5.1). `captions`: those of this
    language instead, cut alike.
    """
    segments = _since(rendition.segments, since_ms)
    left_out = _skippable(segments) if skip else 0
    listed = _listing(rendition.sections, "../talks/", captions)
    lines = [*_live_head(segments), *([_skipped(left_out)] if left_out else [])]
    for index, segment in enumerate(segments[left_out:], left_out):
        before = segments[index - 1] if index else None
        lines += listed.opening(segment, before, again=index == left_out)
        if segment is segments[-1]:
            lines += [_date_of(segment), *map(listed.part, segment.parts)]
        elif segment.end_ms > segments[-1].end_ms - 1000 * PARTS_FOR_S:
            lines += [_date_of(segment), *map(listed.part, segment.parts), listed.end(segment)]
        else:
            lines.append(listed.whole(segment))
    if rendition.sections and not captions:  # whose next end nobody knows
        hint = listed.address(rendition.newest.number, f"{rendition.next_number}.m4s")
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"')
    return "\n".join([*lines, *map(_report, reports), *map(_range, ranges), ""])


def ended_playlist(
    rendition: Rendition, ranges: Iterable[DateRange] = (), *, captions: str = ""
) -> str:
    """Return a playlist of all that was written of a talk, to which nothing will be added.

    `captions`: of those of this language instead, cut alike.
    """
    segments, listed = rendition.segments, _listing(rendition.sections, "../", captions)
    lines = [
        *("#EXTM3U", f"#EXT-X-VERSION:{VERSION}"),
        f"#EXT-X-TARGETDURATION:{_target_s(segments)}",
        *("#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"),
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{segments[0].section if segments else 0}",
    ]
    for index, segment in enumerate(segments):
        before = segments[index - 1] if index else None
        lines += [*listed.opening(segment, before, again=index == 0), listed.whole(segment)]
    return "\n".join([*lines, *map(_range, ranges), "#EXT-X-ENDLIST", ""])


def _since(segments: Sequence[Segment], since_ms: float) -> Sequence[Segment]:
    """Return what ends after `since_ms`, and no less than players need to begin (§6.2.2)."""
    first = _ending_after(segments, since_ms)
    duration_s = sum(segment.duration_s for segment in segments[first:][:HOLD_BACK_S])
    while first > 0 and duration_s < HOLD_BACK_S:
        first -= 1
        duration_s += segments[first].duration_s
    return segments[first:]


def _ending_after(segments: Sequence[Segment], at_ms: float) -> int:
    """Return the place of the first one that ends after `at_ms`."""
    return bisect_right(segments, at_ms, key=lambda segment: segment.end_ms)


def _live_head(segments: Sequence[Segment]) -> list[str]:
    first = segments[0] if segments else None
    control = (
        "CAN-BLOCK-RELOAD=YES",
        f"CAN-SKIP-UNTIL={SKIP_UNTIL_S}",
        f"HOLD-BACK={HOLD_BACK_S}",
        f"PART-HOLD-BACK={PART_HOLD_BACK_S:.3f}",
    )
    return [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{TARGET_S}",
        f"#EXT-X-SERVER-CONTROL:{','.join(control)}",
        f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_S:.3f}",
        f"#EXT-X-MEDIA-SEQUENCE:{first.number if first else 0}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{first.section if first else 0}",
    ]


def _target_s(segments: Iterable[Segment]) -> int:
    """Return the longest duration, rounded: a source with very few frames has longer parts than others."""
    return max((TARGET_S, *(int(one.duration_s + 0.5) for one in segments)))


def _skippable(segments: Sequence[Segment]) -> int:
    if not segments:
        return 0
    return _ending_after(segments, segments[-1].end_ms - 1000 * SKIP_UNTIL_S)


def _skipped(count: int) -> str:
    return f"#EXT-X-SKIP:SKIPPED-SEGMENTS={count}"


class _Listing:
    """The lines about segments and parts; `to_talks` leads to the folder that holds the talks' folders."""

    def __init__(self, sections: Mapping[int, Section], to_talks: str) -> None:
        self._sections = sections
        self._to_talks = to_talks

    def address(self, section: int, name: str) -> str:
        at = self._sections[section]
        return f"{self._to_talks}{quote(at.session, safe='')}/{quote(at.take, safe='')}/{name}"

    def opening(self, segment: Segment, before: Segment | None, *, again: bool) -> list[str]:
        """Return the tags that precede a segment; `again`: name an init section that `before` had too.

        Sections are numbered like discontinuities. Of a short section another rendition may have had no
        part, so each number that is passed is one discontinuity, and the numbers agree.
        """
        passed = _passed(segment, before)
        lines = ["#EXT-X-DISCONTINUITY"] * passed
        if passed or again:
            lines.append(f'#EXT-X-MAP:URI="{self.address(segment.section, "init.mp4")}"')
        return lines

    def whole(self, segment: Segment) -> str:
        """Return a segment that grows no more, without its parts: made once, for all live playlists."""
        if not segment.text:
            segment.text = f"{_date_of(segment)}\n{self.end(segment)}"
        return segment.text

    def end(self, segment: Segment) -> str:
        return f"#EXTINF:{segment.duration_s:.5f},\n{self.segment(segment)}"

    def segment(self, segment: Segment) -> str:
        name = f"{segment.parts[0].number}-{segment.parts[-1].number}.m4s"
        return self.address(segment.section, name)

    def part(self, part: Part) -> str:
        begins = ",INDEPENDENT=YES" if part.independent else ""
        uri = self.address(part.section, f"{part.number}.m4s")
        return f'#EXT-X-PART:DURATION={part.duration_s:.5f},URI="{uri}"{begins}'


class _CaptionListing(_Listing):
    """The lines about segments of captions: they have no init section, and each can be begun with."""

    def __init__(self, sections: Mapping[int, Section], to_talks: str, language: str) -> None:
        super().__init__(sections, to_talks)
        self._language = language

    def opening(self, segment: Segment, before: Segment | None, *, again: bool) -> list[str]:
        return super().opening(segment, before, again=again)[: _passed(segment, before)]

    def whole(self, segment: Segment) -> str:
        return f"{_date_of(segment)}\n{self.end(segment)}"

    def segment(self, segment: Segment) -> str:
        return self._stretch(segment.section, segment.at_ms, segment.end_ms)

    def part(self, part: Part) -> str:
        uri = self._stretch(part.section, part.at_ms, part.end_ms)
        return f'#EXT-X-PART:DURATION={part.duration_s:.5f},URI="{uri}",INDEPENDENT=YES'

    def _stretch(self, section: int, from_ms: float, to_ms: float) -> str:
        at = self._sections[section]
        name = segment_name(Stretch(at.base_ms, round(from_ms), round(to_ms)))
        return f"{self._to_talks}{quote(at.session, safe='')}/{NAME}{self._language}/{name}.vtt"


def _listing(sections: Mapping[int, Section], to_talks: str, captions: str) -> _Listing:
    if captions:
        return _CaptionListing(sections, to_talks, captions)
    return _Listing(sections, to_talks)


def _passed(segment: Segment, before: Segment | None) -> int:
    """Return how many discontinuities stand before a segment."""
    return segment.section - before.section if before else 0


def _date_of(segment: Segment) -> str:
    return f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.at_ms)}"


def _report(report: Report) -> str:
    where = f"LAST-MSN={report.segment},LAST-PART={report.part}"
    return f'#EXT-X-RENDITION-REPORT:URI="{report.name}.m3u8",{where}'


def _range(one: DateRange) -> str:
    found = {"ID": one.id, "CLASS": f"showcaller.{one.kind}", "START-DATE": _date(one.start_ms)}
    if one.end_ms is not None:
        found["END-DATE"] = _date(one.end_ms)
    if one.title:
        found["X-TITLE"] = one.title
    attributes = (f'{name}="{_quotable(text)}"' for name, text in found.items())
    return f"#EXT-X-DATERANGE:{','.join(attributes)}"


def _quotable(text: str) -> str:
    """Return the text as a quoted string may hold it (§4.2): on one line, with other quotes."""
    return " ".join(text.replace('"', "”").split())


def _date(at_ms: float) -> str:
    instant = datetime.fromtimestamp(at_ms / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
