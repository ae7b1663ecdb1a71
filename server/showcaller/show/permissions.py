"""Who may follow which channel and give which command (`client_sdk/PROTOCOL.md` §4 and §6)."""

from __future__ import annotations

from ..domain.ids import SessionId
from ..domain.people import ROLES, Principal, Role

_EVERYBODY: frozenset[Role] = frozenset(ROLES)
_DESK: frozenset[Role] = frozenset({"moderator", "producer"})
_PRODUCER: frozenset[Role] = frozenset({"producer"})
_STAFF: frozenset[Role] = frozenset({"moderator", "producer", "ops"})
_OPS: frozenset[Role] = frozenset({"producer", "ops"})

_FOLLOWERS: dict[str, frozenset[Role]] = {
    "agenda": _EVERYBODY,
    "announcements": _EVERYBODY,
    "me": _EVERYBODY,
    "produce": _OPS,
    "audience": _STAFF,
}
_SESSION_FOLLOWERS: dict[str, frozenset[Role]] = {
    "": _EVERYBODY,
    "questions": _EVERYBODY,
    "moderation": _DESK,
    "audience": _EVERYBODY,
}
_COMMANDERS: dict[str, frozenset[Role]] = {
    "question.ask": _EVERYBODY,
    "question.edit": _EVERYBODY,
    "question.withdraw": _EVERYBODY,
    "question.vote": _EVERYBODY,
    "reaction.send": _EVERYBODY,
    "question.approve": _DESK,
    "question.reject": _DESK,
    "question.push": _DESK,
    "question.pull": _DESK,
    "question.answered": _DESK,
    "question.reply": _DESK,
    "question.erase": _DESK,
    "qa.open": _DESK,
    "qa.close": _DESK,
    "announcement.make": _DESK,
    "announcement.cancel": _DESK,
    "clock.hold": _PRODUCER,
    "clock.resume": _PRODUCER,
    "session.start": _PRODUCER,
    "session.end": _PRODUCER,
    "session.skip": _PRODUCER,
    "session.extend": _PRODUCER,
    "session.delay": _PRODUCER,
    "session.preview_delay": _PRODUCER,
    "source.choose": _PRODUCER,
    "control.undo": _PRODUCER,
    "person.ban": _DESK,
    "person.unban": _DESK,
    "person.erase": _PRODUCER,
    "token.revoke": _OPS,
}
_SPEAKERS_MAY = frozenset({"question.reply"})  # in their own sessions


def may_follow(principal: Principal, channel: str) -> bool:
    """Whether `principal` may follow `channel`, by the name that clients use; False if unknown."""
    if channel in _FOLLOWERS:
        return principal.has(*_FOLLOWERS[channel])
    kind, _, rest = channel.partition("/")
    _, _, part = rest.partition("/")
    return kind == "session" and principal.has(*_SESSION_FOLLOWERS.get(part, ()))


def may_command(principal: Principal, name: str, session: SessionId | None = None) -> bool:
    """Whether `principal` may give the command `name`, where it matters in `session`."""
    if principal.has(*_COMMANDERS.get(name, ())):
        return True
    return name in _SPEAKERS_MAY and principal.has("speaker") and session in principal.sessions
