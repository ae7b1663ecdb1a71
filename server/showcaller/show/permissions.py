"""The roles that rules are made of, and which of them may follow which channel (`client_sdk/PROTOCOL.md` §4).

The roles that may give a command stand with the command (`commands`).
"""

from __future__ import annotations

from ..domain.people import ROLES, Principal, Role

EVERYBODY: frozenset[Role] = frozenset(ROLES)
ATTENDING: frozenset[Role] = EVERYBODY - {"screen"}  # those who take part, and do not look only
DESK: frozenset[Role] = frozenset({"moderator", "producer"})
PRODUCER: frozenset[Role] = frozenset({"producer"})
STAFF: frozenset[Role] = frozenset({"moderator", "producer", "ops"})
OPS: frozenset[Role] = frozenset({"producer", "ops"})

_FOLLOWERS: dict[str, frozenset[Role]] = {
    "agenda": EVERYBODY,
    "announcements": EVERYBODY,
    "me": EVERYBODY,
    "produce": OPS,
    "desk": DESK,
    "audience": STAFF,
}
_SESSION_FOLLOWERS: dict[str, frozenset[Role]] = {
    "": EVERYBODY,
    "questions": EVERYBODY,
    "moderation": DESK,
    "polls": EVERYBODY,
    "poll_desk": DESK,
    "backstage": DESK,  # and the session's speakers
    "audience": EVERYBODY,
}


def may_follow(principal: Principal, channel: str) -> bool:
    """Tell whether `principal` may follow `channel`, by the name that clients use; False if unknown."""
    if channel in _FOLLOWERS:
        return principal.has(*_FOLLOWERS[channel])
    kind, _, rest = channel.partition("/")
    session, _, part = rest.partition("/")
    if kind != "session":
        return False
    speaks = part == "backstage" and principal.has("speaker") and session in principal.sessions
    return speaks or principal.has(*_SESSION_FOLLOWERS.get(part, ()))
