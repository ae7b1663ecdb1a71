"""The roles that rules are made of, and which of them may follow which channel (`client_sdk/PROTOCOL.md` §4).

The roles that may give a command stand with the command (`commands`).
"""

from __future__ import annotations

from collections.abc import Callable

from ..domain.ids import StageId
from ..domain.people import ROLES, Principal, Role

EVERYBODY: frozenset[Role] = frozenset(ROLES)
ATTENDING: frozenset[Role] = EVERYBODY - {"screen"}  # those who take part, and do not look only
DESK: frozenset[Role] = frozenset({"moderator", "producer"})
PRODUCER: frozenset[Role] = frozenset({"producer"})
STAFF: frozenset[Role] = frozenset({"moderator", "producer", "ops", "stage_manager"})
CAPTIONING: frozenset[Role] = DESK  # and captioners, in their sessions or in all
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
    "backstage": DESK,  # and the session's speakers, and who manages its stage
    "chat": EVERYBODY,
    "chat_desk": DESK,
    "captions": EVERYBODY,  # in each language
    "feedback": OPS,  # and the session's speakers
    "audience": EVERYBODY,
    "people": EVERYBODY,
}


def _nowhere(session: str) -> StageId | None:
    return None


def may_follow(
    principal: Principal, channel: str, stage_of: Callable[[str], StageId | None] = _nowhere
) -> bool:
    """Tell whether `principal` may follow `channel`, by the name that clients use; False if unknown.

    `stage_of` tells the stage of a session.
    """
    if channel in _FOLLOWERS:
        return principal.has(*_FOLLOWERS[channel])
    kind, _, rest = channel.partition("/")
    id, _, part = rest.partition("/")
    if kind == "stage":
        return part == "produce" and (principal.manages(id) or principal.has(*OPS))
    if kind != "session":
        return False
    speaks = principal.has("speaker") and id in principal.sessions
    if part == "feedback" and speaks:
        return True
    if part == "backstage" and (speaks or principal.manages(stage_of(id))):
        return True
    part = part.partition("/")[0] if part.startswith("captions/") else part
    return principal.has(*_SESSION_FOLLOWERS.get(part, ()))
