"""The stretches of time that playlists and chapters name: a talk, and its questions while on air. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.question import Question
from .media_playlist import DateRange
from .rendition import Rendition

TITLE_CHARS = 200


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


def question_ranges(questions: Iterable[Question], session: str) -> list[DateRange]:
    """Return each stretch in which a question of the session was on air, in order; of public ones alone."""
    found = [
        DateRange(
            id=f"{question.id}.{number}",
            kind="question",
            start_ms=from_ms,
            end_ms=until_ms,
            title=question.text[:TITLE_CHARS],
        )
        for question in questions
        if question.session == session and question.public
        for number, (from_ms, until_ms) in enumerate(question.aired)
    ]
    return sorted(found, key=lambda one: one.start_ms)


def within(ranges: Iterable[DateRange], start_ms: float, end_ms: float) -> list[DateRange]:
    """Return those that overlap a stretch of server time."""
    return [
        one
        for one in ranges
        if one.start_ms < end_ms and (one.end_ms is None or one.end_ms > start_ms)
    ]
