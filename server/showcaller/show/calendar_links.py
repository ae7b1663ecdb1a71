"""The secret link to a person's own calendar: it opens that calendar and nothing else.

It follows from the run's salt, so it stands nowhere: no store has it, and it is the same at each look. A new
one ends it, as does a ban or the person's erasure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from ..domain.ids import PersonId
from ..domain.state import State

_PROOF_BYTES = 20


def calendar_code(state: State, person: PersonId) -> str:
    """Return the part of the address that is the person's secret."""
    named = base64.urlsafe_b64encode(person.encode()).decode().rstrip("=")
    return f"{named}.{_proof(state, person)}"


def calendar_path(state: State, person: PersonId) -> str:
    """Return the path of the person's own calendar."""
    return f"/api/v1/events/{state.event_id}/calendars/{calendar_code(state, person)}.ics"


def person_of_code(state: State, code: str) -> PersonId | None:
    """Return whose calendar `code` opens; None: nobody's, or nobody's any more."""
    named, _, proof = code.partition(".")
    person = _decoded(named)
    given = proof.encode(errors="surrogateescape")
    if person is None or not hmac.compare_digest(_proof(state, person).encode(), given):
        return None
    people = state.people
    return None if person in people.banned or person in people.erased else person


def _decoded(named: str) -> PersonId | None:
    try:
        return PersonId(base64.urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode())
    except (binascii.Error, ValueError):
        return None


def _proof(state: State, person: PersonId) -> str:
    renewals = state.favourites.renewals.get(person, 0)
    return proof_of(state, f"calendar:{renewals}:{person}")


def proof_of(state: State, said: str) -> str:
    """Return what only this run's nodes can say of `said`."""
    key = hashlib.sha256(state.salt.encode()).digest()
    return hashlib.blake2b(said.encode(), key=key, digest_size=_PROOF_BYTES).hexdigest()
