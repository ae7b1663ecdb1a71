"""The talk of a rendition as a stretch of time that its playlists name. Pure."""

from __future__ import annotations

from .media_playlist import DateRange
from .rendition import Rendition


def talk_range(written: Rendition, title: str, *, ended: bool = False) -> list[DateRange]:
    """Return the newest talk's stretch; without its end while more may come."""
    if not written.parts:
        return []
    session = written.newest.session
    first = next(p for p in written.parts if written.sections[p.section].session == session)
    return [
        DateRange(
            id=session,
            kind="talk",
            start_ms=first.at_ms,
            end_ms=written.parts[-1].end_ms if ended else None,
            title=title,
        )
    ]
