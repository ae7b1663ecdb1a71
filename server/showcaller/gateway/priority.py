"""The priorities of channels: which is written first, and which is dropped first for a slow consumer."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """The lower, the more it matters."""

    CONTROL = 0  # the clock, the run sheet, announcements, what is one's own
    QUESTIONS = 1
    AUDIENCE = 2  # presence and reactions


_PRIORITIES = {
    "questions": Priority.QUESTIONS,
    "moderation": Priority.QUESTIONS,
    "polls": Priority.QUESTIONS,
    "poll_desk": Priority.QUESTIONS,
    "chat": Priority.QUESTIONS,
    "chat_desk": Priority.QUESTIONS,
    "captions": Priority.QUESTIONS,
    "audience": Priority.AUDIENCE,
    "people": Priority.AUDIENCE,
}
_SHARE_OF_LIMIT = {Priority.QUESTIONS: 1 / 2, Priority.AUDIENCE: 1 / 8}


def priority_of(channel: str) -> Priority:
    """The priority of all messages of a channel, so that they stay in order."""
    kind, _, rest = channel.partition("/")
    _, _, part = rest.partition("/") if kind == "session" else ("", "", kind)
    return _PRIORITIES.get(part.partition("/")[0], Priority.CONTROL)


def is_shed(priority: Priority, backlog_bytes: int, limit_bytes: int) -> bool:
    """Tell whether messages of the priority are dropped at such a backlog. Control never is."""
    share = _SHARE_OF_LIMIT.get(priority)
    return share is not None and backlog_bytes > limit_bytes * share
