"""Renditions for tests, made at once from a few numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..hls.rendition import Part, Rendition, Section

START_MS = 1_770_000_000_000.0


def section(number: int = 0) -> Section:
    """Return a section of H.264."""
    return Section(number=number, codecs="avc1.64001f")


def rendition(
    durations_s: Sequence[float],
    *,
    keyframes: Collection[int] | None = None,
    changes: Collection[int] = (),
) -> Rendition:
    """Return a rendition of parts with these durations; a section begins at each part of `changes`.

    Without `keyframes` each part begins with one.
    """
    made, at_ms, number = Rendition(), START_MS, 0
    made.add(section())
    for index, duration_s in enumerate(durations_s):
        if index in changes:
            number += 1
            made.add(section(number))
        made.add(
            Part(
                number=index,
                section=number,
                at_ms=at_ms,
                duration_s=duration_s,
                independent=keyframes is None or index in keyframes or index in changes,
                size_bytes=1000,
            )
        )
        at_ms += 1000 * duration_s
    return made


def first_parts(whole: Rendition, count: int) -> Rendition:
    """Return the rendition as it was when it had so many parts."""
    before = Rendition()
    for one in whole.sections.values():
        before.add(one)
    for part in whole.parts[:count]:
        before.add(part)
    return before
