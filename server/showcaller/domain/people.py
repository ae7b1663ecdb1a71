"""Who somebody is to an event: roles, what a token grants, and who was shut out."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from . import facts
from .ids import PersonId, SessionId
from .outcome import Outcome, Touch

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


class People(Struct, kw_only=True):
    """Persons and tokens that were shut out, and persons whose record was deleted."""

    banned: set[PersonId] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)  # `jti` of tokens
    erased: set[PersonId] = field(default_factory=set)

    def shuts_out(self, principal: Principal) -> bool:
        """Whether the person is banned or this token revoked."""
        return principal.person in self.banned or principal.token in self.revoked

    def apply(self, fact: facts.Fact, at_ms: int) -> Outcome:
        """Fold one fact about people; saying a thing twice is allowed and changes nothing."""
        match fact:
            case facts.PersonBanned(person=person):
                self.banned.add(person)
                return Outcome(banned=[person], touched={Touch("person", person)})
            case facts.PersonUnbanned(person=person):
                self.banned.discard(person)
                return Outcome.touch(Touch("person", person))
            case facts.PersonErased(person=person):
                self.erased.add(person)
                return Outcome.touch(Touch("person", person))
            case facts.TokenRevoked(token=token):
                self.revoked.add(token)
                return Outcome(revoked=[token])
        raise TypeError(f"not a fact about people: {fact!r}")
