"""Links for guests, and the codes that all short links have: records beside the log.

A guest speaks in one session and has no account: the link makes them a person, and they say what they are
called. A code derives from the command's key and the run's salt, so a repeated command makes the same link.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from .. import system
from ..domain import facts
from ..domain.ids import PersonId, derive_id
from . import command_args as a
from .call import Call, Result
from .feedback_commands import Appending
from .live_event import LiveEvent

KIND = "code"  # of the records
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without those that look alike
LENGTH = 12  # 59 bits
DAY_MS = 86_400_000


class Grant(Struct, frozen=True):
    """The token that a code stands for, by its claims."""

    person: str
    name: str
    roles: list[str]
    sessions: list[str]
    token: str  # its `jti`: revoking the one shuts out the other too
    expires_at_ms: int
    issued_ms: int = 0
    stages: list[str] = []
    guest: bool = False  # who uses it says their name first


def digest_of(text: str) -> str:
    """Return what stands for `text` in what outlives a request: neither addresses nor codes are kept."""
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=12).hexdigest()


async def keep_grant(event: LiveEvent, code: str, grant: Grant) -> None:
    """Store what the code stands for. Raises `Unavailable`, `StorageFull`."""
    await event.log.put_record(KIND, digest_of(code), msgspec.json.encode(grant))


async def grant_behind(event: LiveEvent, code: str) -> Grant | None:
    """Return what the code stands for. Raises `Unavailable`."""
    [data] = await event.log.get_records(KIND, [digest_of(code)])
    return msgspec.json.decode(data, type=Grant) if data else None


def new_code() -> str:
    return system.random_code(ALPHABET, LENGTH)


def code_of(salt: str, key: str) -> str:
    """Return the code that the same command always makes."""
    digest = hashlib.blake2b(f"link:{key}".encode(), key=salt.encode()[:64]).digest()
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


async def invite(commands: Appending, call: Call, args: a.InviteGuestArgs) -> Result:
    """Make a link for somebody who speaks in the session and has no account."""
    event, now_ms = commands.event, int(commands.event.wall_ms())
    fact = facts.GuestInvited(
        session=args.session,
        person=PersonId(derive_id("p", event.state.salt, call.key)),
        token=derive_id("t", event.state.salt, call.key),
        by=call.by,
        expires_at_ms=now_ms + args.days * DAY_MS,
    )
    await commands.append(call, fact)
    code = code_of(event.state.salt, call.key)
    # A command that is repeated finds what the first one stored, perhaps with the guest's name.
    grant = await grant_behind(event, code)
    if grant is None:
        grant = _grant_of(fact, now_ms)
        await keep_grant(event, code, grant)
    return {
        "code": code,
        "person": grant.person,
        "token": grant.token,
        "expires_at_ms": grant.expires_at_ms,
    }


def _grant_of(fact: facts.GuestInvited, issued_ms: int) -> Grant:
    return Grant(
        person=fact.person,
        name="",
        roles=["speaker"],
        sessions=[fact.session],
        token=fact.token,
        expires_at_ms=fact.expires_at_ms,
        issued_ms=issued_ms,
        guest=True,
    )
