"""The links in mails: one confirms that an address is its owner's, the other ends all further mails to it.

As the link to one's own calendar they follow from the run's salt, and stand nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Literal

from ..domain.ids import PersonId
from ..domain.state import State
from .calendar_links import proof_of

Purpose = Literal["confirm", "stop"]


def mail_code(state: State, purpose: Purpose, person: PersonId, address: str) -> str:
    """Return what only somebody who reads that person's mail at `address` knows."""
    named = base64.urlsafe_b64encode(person.encode()).decode().rstrip("=")
    return f"{named}.{proof_of(state, f'mail:{purpose}:{len(person)}:{person}:{address}')}"


def stop_path(state: State, code: str) -> str:
    """Return the path at which a program ends all mails to an address (RFC 8058)."""
    return f"/api/v1/events/{state.event_id}/reminders/mail/stop/{code}"


def person_in(code: str) -> PersonId | None:
    """Return whom a code says to be about; None: nobody. Nothing is proved by that."""
    named = code.partition(".")[0]
    try:
        return PersonId(base64.urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode())
    except (binascii.Error, ValueError):
        return None


def proves(state: State, code: str, purpose: Purpose, person: PersonId, address: str) -> bool:
    """Tell whether `code` was sent to `address` for that purpose."""
    wanted = mail_code(state, purpose, person, address)
    given = code.encode(errors="surrogateescape")
    return bool(address) and hmac.compare_digest(wanted.encode(), given)
