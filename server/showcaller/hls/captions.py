"""Captions as renditions: WebVTT beside the pictures, cut where they are cut. Pure.

A segment's address says what it is of: the section's tick 0 and its own beginning and end, in server time. So
whoever knows what was said can answer, and needs no look at what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from ..domain.captions import Caption, Captions
from ..domain.ids import SessionId
from ..domain.runsheet import RunSheet
from ..show.web_vtt import vtt_of

NAME = "captions-"  # begins a rendition's name, and is followed by its language
# Local time 0 is tick 0 of the section's media (RFC 8216 §3.5).
_MAP = "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"
_STRETCH = re.compile(r"(\d{1,14})-(\d{1,14})-(\d{1,14})", re.ASCII)


class Stretch(Struct, frozen=True):
    """A stretch of server time, and that of tick 0 of the media beside it."""

    base_ms: int
    from_ms: int
    to_ms: int


def stretch_of(name: str) -> Stretch | None:
    """Return the stretch that a segment's name says; None: it is none."""
    found = _STRETCH.fullmatch(name)
    return Stretch(*map(int, found.groups())) if found else None


def segment_name(stretch: Stretch) -> str:
    return f"{stretch.base_ms}-{stretch.from_ms}-{stretch.to_ms}"


def language_of(rendition: str) -> str | None:
    """Return the language of a rendition of captions by its name; None: it is another one."""
    return rendition.removeprefix(NAME) if rendition.startswith(NAME) else None


def segment_text(lines: Iterable[Caption], stretch: Stretch) -> str:
    """Return the lines that are shown in a stretch as WebVTT; players know a line again by its times."""
    shown = (x for x in lines if x.from_ms < stretch.to_ms and x.to_ms > stretch.from_ms)
    return vtt_of(in_order(shown), stretch.base_ms, _MAP)


def in_order(lines: Iterable[Caption]) -> list[Caption]:
    return sorted(lines, key=lambda one: (one.from_ms, one.id))


def languages_of_stage(sheet: RunSheet, stage: str) -> list[str]:
    """Return the languages in which any session of a stage has captions: who watches live stays for all."""
    return sorted(
        {
            language
            for id in sheet.sessions
            if (plan := sheet.plan(id)).stage == stage
            for language in plan.captions
        }
    )


def languages_of_talk(sheet: RunSheet, captions: Captions, session: SessionId) -> list[str]:
    """Return the languages in which a talk has captions, or might have had."""
    talk = captions.talks.get(session)
    said = [one for one, lines in talk.lines.items() if lines] if talk else []
    return sorted({*sheet.plan(session).captions, *said})
