"""People and the event: roles, what a token grants, and who was shut out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct, field

from . import facts
from .ids import PersonId, SessionId
from .outcome import Outcome
from .touches import PersonTouch

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
        """Tell whether at least one of `roles` is held."""
        return not self.roles.isdisjoint(roles)


class People(Struct, kw_only=True):
    """Persons and tokens that were shut out, and persons whose record was deleted."""

    banned: set[PersonId] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)  # `jti` of tokens
    erased: set[PersonId] = field(default_factory=set)

    def shuts_out(self, principal: Principal) -> bool:
        """Tell whether the person is banned or this token revoked."""
        return principal.person in self.banned or principal.token in self.revoked

    def apply(self, fact: facts.Fact) -> Outcome:
        """Fold one fact of those in `FOLDS`; saying a thing twice is allowed and changes nothing."""
        return FOLDS[type(fact)](self, fact)

    def _ban(self, fact: facts.PersonBanned) -> Outcome:
        self.banned.add(fact.person)
        return Outcome(banned=[fact.person], touched={PersonTouch(fact.person)})

    def _unban(self, fact: facts.PersonUnbanned) -> Outcome:
        self.banned.discard(fact.person)
        return Outcome.touch(PersonTouch(fact.person))

    def _erase(self, fact: facts.PersonErased) -> Outcome:
        self.erased.add(fact.person)
        return Outcome.touch(PersonTouch(fact.person))

    def _revoke(self, fact: facts.TokenRevoked) -> Outcome:
        self.revoked.add(fact.token)
        return Outcome(revoked=[fact.token])


FOLDS: dict[type[facts.Fact], Callable[[People, Any], Outcome]] = {
    facts.PersonBanned: People._ban,
    facts.PersonUnbanned: People._unban,
    facts.PersonErased: People._erase,
    facts.TokenRevoked: People._revoke,
}
