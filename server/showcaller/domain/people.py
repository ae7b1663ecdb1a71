"""Who somebody is to an event: roles, and what a token grants."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .ids import PersonId, SessionId

Role = Literal["attendee", "speaker", "moderator", "producer", "ops"]
ROLES: tuple[Role, ...] = ("attendee", "speaker", "moderator", "producer", "ops")


class Principal(Struct, frozen=True, kw_only=True):
    """A verified token: `person` may act in `roles`; a speaker on `sessions` (empty: on none)."""

    person: PersonId
    roles: frozenset[Role]
    token: str  # the JWT's `jti`
    expires_at_ms: int
    sessions: frozenset[SessionId] = frozenset()
    name: str = ""

    def has(self, *roles: Role) -> bool:
        """Whether at least one of `roles` is held."""
        return not self.roles.isdisjoint(roles)
