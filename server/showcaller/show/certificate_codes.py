"""The code on a certificate of attendance: what it says, and a proof that this event's nodes wrote it.

Nothing of it is stored. Like the link to one's own calendar the proof follows from the run's salt, so a code
holds as long as the event's log. It says a person's id and no name: whoever checks one is told the name from
that person's record, and nothing once they are erased.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec
from msgspec import Struct

from ..domain.ids import PersonId
from ..domain.state import State
from .calendar_links import proof_of

CODE_CHARS = 400


class Certified(Struct, frozen=True, array_like=True):
    """The words of a certificate: whose it is, how much they attended, and when it was written."""

    person: PersonId
    minutes: int
    of_minutes: int
    issued_ms: int


_decode = msgspec.msgpack.Decoder(Certified).decode


def certificate_code(state: State, certified: Certified) -> str:
    """Return the code of a certificate."""
    said = base64.urlsafe_b64encode(msgspec.msgpack.encode(certified)).decode().rstrip("=")
    return f"{said}.{proof_of(state, f'certificate:{said}')}"


def certified_by(state: State, code: str) -> Certified | None:
    """Return what a code certifies; None: it is not one of this event's, or its person was erased."""
    said, _, proof = code[:CODE_CHARS].partition(".")
    given = proof.encode(errors="surrogateescape")
    wanted = proof_of(state, f"certificate:{said}") if said.isascii() else ""
    if not hmac.compare_digest(wanted.encode(), given):
        return None
    try:
        certified = _decode(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return None if certified.person in state.people.erased else certified
