"""The media playlist (draft-pantos-hls-rfc8216bis §4.4): what there is to play of a rendition. Pure.

Addresses are relative to the playlist's own, and each names the same bytes for good: `12.m4s` is a part,
`10-17.m4s` a segment, `init-3.mp4` an init section.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from .rendition import PART_TARGET_S, TARGET_S, Part, Rendition, Segment, segments_of

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


def part_address(part: int) -> str:
    return f"{part}.m4s"


def segment_address(segment: Segment) -> str:
    return f"{segment.parts[0].number}-{segment.parts[-1].number}.m4s"


def init_address(section: int) -> str:
    return f"init-{section}.mp4"


def live_playlist(
    rendition: Rendition,
    *,
    since_ms: float,
    ranges: Iterable[DateRange] = (),
    reports: Iterable[Report] = (),
    skip: bool = False,
) -> str:
    """Return what can be played from `since_ms` (server time) on, to which more will be added.

    `skip`: leave out what the player has from an earlier playlist (§6.2.5.1).
    """
    segments = _since(rendition.segments, since_ms)
    left_out = _skippable(segments) if skip else 0
    lines = [*_live_head(segments), *([_skipped(left_out)] if left_out else [])]
    for index, segment in enumerate(segments[left_out:], left_out):
        before = segments[index - 1] if index else None
        lines += _opening(segment, before, again=index == left_out)
        if segment is segments[-1]:
            lines += [_begin(segment), *map(_part, segment.parts)]
        elif segment.end_ms > segments[-1].end_ms - 1000 * PARTS_FOR_S:
            lines += [_begin(segment), *map(_part, segment.parts), _end(segment)]
        else:
            lines.append(_whole(segment))
    hint = part_address(len(rendition.parts))
    lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"')
    return "\n".join([*lines, *map(_report, reports), *map(_range, ranges), ""])


def ended_playlist(parts: Iterable[Part], ranges: Iterable[DateRange] = ()) -> str:
    """Return a playlist of exactly these parts, to which nothing will be added."""
    segments = segments_of(parts)
    lines = [
        *("#EXTM3U", f"#EXT-X-VERSION:{VERSION}"),
        f"#EXT-X-TARGETDURATION:{_target_s(segments)}",
        *("#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"),
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{segments[0].section if segments else 0}",
    ]
    for index, segment in enumerate(segments):
        before = segments[index - 1] if index else None
        lines += [*_opening(segment, before, again=index == 0), _whole(segment)]
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


def _opening(segment: Segment, before: Segment | None, *, again: bool) -> list[str]:
    """Return the tags that precede a segment. `again`: name its init section though it may be that of `before`.

    Sections are numbered like discontinuities. Of a short section another rendition may have had no part,
    so each number that is passed is one discontinuity, and the numbers agree.
    """
    passed = segment.section - before.section if before else 0
    lines = ["#EXT-X-DISCONTINUITY"] * passed
    if passed or again:
        lines.append(f'#EXT-X-MAP:URI="{init_address(segment.section)}"')
    return lines


def _whole(segment: Segment) -> str:
    """Return a segment that grows no more, without its parts: made once, for all playlists that have it."""
    if not segment.text:
        segment.text = f"{_begin(segment)}\n{_end(segment)}"
    return segment.text


def _begin(segment: Segment) -> str:
    return f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.at_ms)}"


def _end(segment: Segment) -> str:
    return f"#EXTINF:{segment.duration_s:.5f},\n{segment_address(segment)}"


def _part(part: Part) -> str:
    begins = ",INDEPENDENT=YES" if part.independent else ""
    uri = part_address(part.number)
    return f'#EXT-X-PART:DURATION={part.duration_s:.5f},URI="{uri}"{begins}'


def _report(report: Report) -> str:
    where = f"LAST-MSN={report.segment},LAST-PART={report.part}"
    return f'#EXT-X-RENDITION-REPORT:URI="../{report.name}/live.m3u8",{where}'


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
