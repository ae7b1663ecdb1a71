"""Lanes: whose messages are written first, and whose are dropped first for a client that does not keep up."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """The lower, the more it matters."""

    CONTROL = 0  # the clock, the run sheet, announcements, what is one's own
    QUESTIONS = 1
    AUDIENCE = 2  # presence and reactions


_LANES = {
    "questions": Lane.QUESTIONS,
    "moderation": Lane.QUESTIONS,
    "audience": Lane.AUDIENCE,
}
_SHARE_OF_LIMIT = {Lane.QUESTIONS: 1 / 2, Lane.AUDIENCE: 1 / 8}


def lane_of(channel: str) -> Lane:
    """The lane of all messages of a channel, so that they stay in order."""
    kind, _, rest = channel.partition("/")
    _, _, part = rest.partition("/") if kind == "session" else ("", "", kind)
    return _LANES.get(part, Lane.CONTROL)


def is_shed(lane: Lane, backlog_bytes: int, limit_bytes: int) -> bool:
    """Whether messages of the lane are dropped for who has so much unsent. Control never is."""
    share = _SHARE_OF_LIMIT.get(lane)
    return share is not None and backlog_bytes > limit_bytes * share
