"""Renditions for tests, made at once from a few numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..hls.rendition import Part, Rendition, Section

START_MS = 1_770_000_000_000.0


def section(number: int = 0) -> Section:
    """Return a section of H.264."""
    return Section(number=number, session="opening", take=f"take{number}", codecs="avc1.64001f")


def rendition(
    durations_s: Sequence[float],
    *,
    keyframes: Collection[int] | None = None,
    changes: Collection[int] = (),
) -> Rendition:
    """Return a rendition of parts with these durations; a section begins at each part of `changes`.

    Without `keyframes` each part begins with one.
    """
    made, at_ms = Rendition(), START_MS
    made.add(section())
    for index, duration_s in enumerate(durations_s):
        if index in changes:
            made.add(section(made.newest.number + 1))
        made.add(
            Part(
                number=made.next_number,
                section=made.newest.number,
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
    for part in whole.parts[:count]:
        if part.section not in before.sections:
            before.add(whole.sections[part.section])
        before.add(part)
    return before
