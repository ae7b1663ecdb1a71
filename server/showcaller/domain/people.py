"""People and the event: roles, what a token grants, and who was shut out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from . import facts
from .ids import PersonId, SessionId, StageId
from .outcome import Outcome, Refusal
from .touches import PersonTouch

RegistrationMode = Literal["open", "invite", "closed"]
# A screen shows what everybody may see, and gives no commands: a stage's own, or OBS's.
# A stage manager runs the sessions of some stages, and nothing of the whole event.
Role = Literal[
    "attendee", "speaker", "moderator", "producer", "ops", "screen", "stage_manager", "captioner"
]
ROLES: tuple[Role, ...] = get_args(Role)
LEADING: frozenset[Role] = frozenset({"producer", "ops"})  # whom moderators can't shut out
NOBODY = PersonId("")  # in the place of whoever did something: a node did it
ACTS_KEPT = 2_000
TOKENS_KEPT = 20  # of a person on the staff
MAX_GUESTS = 200  # links that nobody has used yet


class Principal(Struct, frozen=True, kw_only=True):
    """A verified token: `person` may act in `roles`.

    A speaker may on `sessions`, a stage manager on `stages` (empty: on none).
    """

    person: PersonId
    roles: frozenset[Role]
    token: str  # the JWT's `jti`
    expires_at_ms: int
    issued_ms: int = (
        0  # when the first of the tokens was made that this one renews; 0: it doesn't say
    )
    sessions: frozenset[SessionId] = frozenset()
    stages: frozenset[StageId] = frozenset()
    name: str = ""

    def manages(self, stage: str | None) -> bool:
        """Tell whether this is a token of the stage's manager."""
        return "stage_manager" in self.roles and stage in self.stages

    def has(self, *roles: Role) -> bool:
        """Tell whether at least one of `roles` is held."""
        return not self.roles.isdisjoint(roles)

    @property
    def is_staff(self) -> bool:
        """Tell whether this is more than an attendee's token."""
        return not self.roles <= {"attendee"}


class StaffToken(Struct, frozen=True, kw_only=True):
    """A token of somebody's who is more than an attendee, as it was when it was first used."""

    token: str
    roles: tuple[Role, ...]
    sessions: tuple[SessionId, ...]
    issued_ms: int
    expires_at_ms: int
    seen_ms: int  # wall time of its first use
    stages: tuple[StageId, ...] = ()


class Guest(Struct, frozen=True, kw_only=True):
    """A link for a guest who speaks in one session, which nobody has used yet."""

    token: str
    person: PersonId
    session: SessionId
    by: PersonId
    invited_ms: int
    expires_at_ms: int


class Act(Struct, frozen=True, kw_only=True):
    """Something that was done about people, for the audit. `by`: who did it, "" for a node."""

    at_ms: int
    what: str  # the fact's name
    person: PersonId | None = None
    by: str = ""
    token: str = ""
    roles: tuple[Role, ...] = ()


class Term(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ban or a silence: why, by whom, and until which wall time (None: until it is lifted)."""

    by: PersonId
    reason: str = ""
    until_ms: int | None = None


class People(Struct, kw_only=True):
    """Persons and tokens that were shut out, the staff that came, and persons whose record was deleted."""

    banned: dict[PersonId, Term] = field(default_factory=dict)
    silenced: dict[PersonId, Term] = field(default_factory=dict)
    unbanned: set[PersonId] = field(default_factory=set)  # those whose ban was lifted
    revoked: set[str] = field(default_factory=set)  # `jti` of tokens
    signed_out_ms: dict[PersonId, int] = field(default_factory=dict)  # tokens made until then
    erased: set[PersonId] = field(default_factory=set)
    staff: dict[PersonId, list[StaffToken]] = field(default_factory=dict)  # newest last
    acts: list[Act] = field(default_factory=list)  # newest last
    guests: dict[str, Guest] = field(default_factory=dict)  # by `jti`, the oldest first

    def shuts_out(self, principal: Principal) -> bool:
        """Tell whether the person is banned or this token revoked, by itself or with all of the person's."""
        person = principal.person
        return (
            person in self.banned
            or principal.token in self.revoked
            or self.is_signed_out(person, principal.issued_ms)
        )

    def is_signed_out(self, person: PersonId, issued_ms: int) -> bool:
        """Tell whether all of the person's tokens of then were revoked. Tokens tell whole seconds."""
        until_ms = self.signed_out_ms.get(person)
        return until_ms is not None and issued_ms // 1000 <= until_ms // 1000

    def knows(self, principal: Principal) -> bool:
        """Tell whether this token of somebody's on the staff has been noted, with all its roles."""
        return any(
            one.token == principal.token
            and principal.roles == set(one.roles)
            and principal.sessions == set(one.sessions)
            and principal.stages == set(one.stages)
            for one in self.staff.get(principal.person, ())
        )

    def is_revoked(self, person: PersonId, one: StaffToken) -> bool:
        """Tell whether a staff token was revoked, by itself or with all of the person's."""
        return one.token in self.revoked or self.is_signed_out(person, one.issued_ms)

    def leads(self, person: PersonId) -> bool:
        """Tell whether the person came as producer or ops, with a token that was not revoked since."""
        return any(
            not LEADING.isdisjoint(one.roles) and not self.is_revoked(person, one)
            for one in self.staff.get(person, ())
        )

    def _why_not_invite(self, fact: facts.GuestInvited, at_ms: int) -> Refusal | None:
        """Return why no more guests can be invited at wall time `at_ms`."""
        if fact.token in self.guests:
            return Refusal("wrong_state", "this guest was invited already")
        waiting = sum(guest.expires_at_ms > at_ms for guest in self.guests.values())
        if waiting < MAX_GUESTS:
            return None
        return Refusal(
            "too_many", f"{MAX_GUESTS} links wait to be used: revoke some on Access first"
        )

    def apply(self, fact: facts.Fact, at_ms: int = 0) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`.

        Saying a thing twice is allowed and changes nothing.
        """
        outcome = FOLDS[type(fact)](self, fact, at_ms)
        if outcome.refused is None:
            self.acts.append(_act(fact, at_ms))
            del self.acts[:-ACTS_KEPT]
        return outcome

    def _ban(self, fact: facts.PersonBanned, at_ms: int) -> Outcome:
        if self._is_above(fact):
            return Outcome.refuse("forbidden", "producers and ops can be banned by producers only")
        self.banned[fact.person] = _term(fact)
        self.unbanned.discard(fact.person)
        return Outcome(banned=[fact.person], touched={PersonTouch(fact.person)})

    def _silence(self, fact: facts.PersonSilenced, at_ms: int) -> Outcome:
        if self._is_above(fact):
            return Outcome.refuse("forbidden", "producers and ops are silenced by producers only")
        self.silenced[fact.person] = _term(fact)
        return Outcome.touch(PersonTouch(fact.person))

    def _is_above(self, fact: facts.PersonBanned | facts.PersonSilenced) -> bool:
        """Tell whether the person leads, and who does this to them does not."""
        by_a_leader = fact.by == NOBODY or self.leads(fact.by)
        return self.leads(fact.person) and not by_a_leader

    def _unban(self, fact: facts.PersonUnbanned, at_ms: int) -> Outcome:
        term = self.banned.get(fact.person)
        if _is_early(fact.by, term, at_ms):
            return Outcome.refuse("wrong_state", "the ban lasts longer")
        if term is not None:
            del self.banned[fact.person]
            self.unbanned.add(fact.person)
        return Outcome.touch(PersonTouch(fact.person))

    def _unsilence(self, fact: facts.PersonUnsilenced, at_ms: int) -> Outcome:
        if _is_early(fact.by, self.silenced.get(fact.person), at_ms):
            return Outcome.refuse("wrong_state", "the silence lasts longer")
        self.silenced.pop(fact.person, None)
        return Outcome.touch(PersonTouch(fact.person))

    def _erase(self, fact: facts.PersonErased, at_ms: int) -> Outcome:
        self.erased.add(fact.person)
        for terms in (self.banned, self.silenced):
            if fact.person in terms:
                terms[fact.person] = replace(terms[fact.person], reason="")
        return Outcome.touch(PersonTouch(fact.person))

    def _revoke(self, fact: facts.TokenRevoked, at_ms: int) -> Outcome:
        self.revoked.add(fact.token)
        self.guests.pop(fact.token, None)
        return Outcome(revoked=[fact.token])

    def _sign_out(self, fact: facts.PersonSignedOut, at_ms: int) -> Outcome:
        until_ms = at_ms if fact.until_ms is None else fact.until_ms
        self._forget_guests(lambda guest: guest.person == fact.person)
        self.signed_out_ms[fact.person] = max(until_ms, self.signed_out_ms.get(fact.person, 0))
        return Outcome(banned=[fact.person])

    def _staff_came(self, fact: facts.StaffCame, at_ms: int) -> Outcome:
        came = StaffToken(
            token=fact.token,
            roles=tuple(role for role in ROLES if role in fact.roles),
            sessions=fact.sessions,
            stages=fact.stages,
            issued_ms=fact.issued_ms,
            expires_at_ms=fact.expires_at_ms,
            seen_ms=at_ms,
        )
        others = [one for one in self.staff.get(fact.person, ()) if one.token != fact.token]
        self.staff[fact.person] = [*others, came][-TOKENS_KEPT:]
        self.guests.pop(fact.token, None)
        return Outcome()

    def _invite(self, fact: facts.GuestInvited, at_ms: int) -> Outcome:
        if refused := self._why_not_invite(fact, at_ms):
            return Outcome(refused=refused)
        self._forget_guests(lambda guest: guest.expires_at_ms <= at_ms)
        self.guests[fact.token] = Guest(
            token=fact.token,
            person=fact.person,
            session=fact.session,
            by=fact.by,
            invited_ms=at_ms,
            expires_at_ms=fact.expires_at_ms,
        )
        return Outcome()

    def _forget_guests(self, which: Callable[[Guest], bool]) -> None:
        for token in [token for token, guest in self.guests.items() if which(guest)]:
            del self.guests[token]


def _term(fact: facts.PersonBanned | facts.PersonSilenced) -> Term:
    return Term(by=fact.by, reason=fact.reason, until_ms=fact.until_ms)


def _is_early(by: PersonId, term: Term | None, at_ms: int) -> bool:
    """Tell whether a node ends a term whose end is still to come: it was set anew meanwhile."""
    return by == NOBODY and (term is None or term.until_ms is None or at_ms < term.until_ms)


def _act(fact: facts.Fact, at_ms: int) -> Act:
    roles = fact.roles if isinstance(fact, facts.StaffCame) else ()
    return Act(
        at_ms=at_ms,
        what=facts.name_of(fact),
        person=getattr(fact, "person", None),
        by=getattr(fact, "by", ""),
        token=getattr(fact, "token", ""),
        roles=tuple(role for role in ROLES if role in roles),
    )


FOLDS: dict[type[facts.Fact], Callable[[People, Any, int], Outcome]] = {
    facts.PersonBanned: People._ban,
    facts.PersonUnbanned: People._unban,
    facts.PersonSilenced: People._silence,
    facts.PersonUnsilenced: People._unsilence,
    facts.PersonErased: People._erase,
    facts.PersonSignedOut: People._sign_out,
    facts.StaffCame: People._staff_came,
    facts.GuestInvited: People._invite,
    facts.TokenRevoked: People._revoke,
}
