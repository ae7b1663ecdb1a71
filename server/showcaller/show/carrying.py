"""Carrying over what must outlive a lost log: bans, revoked tokens, erased persons, the staff, and names.

A node that sees its log replaced by another one knows what the one before said of people. It appends what
the new one lacks, under keys by which all nodes do so once, and writes the names that it holds where their
records are gone. What no node that still runs has seen, nobody can carry over.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..domain import facts
from ..domain.people import NOBODY, People


def lacking(before: People, now: People) -> Iterator[tuple[str, facts.Fact]]:
    """Return the facts that bring `now` to what `before` knew, each with what its key ends in."""
    for person in sorted(before.banned.keys() - now.banned.keys() - now.unbanned):
        term = before.banned[person]
        ban = facts.PersonBanned(
            person=person, by=NOBODY, reason=term.reason, until_ms=term.until_ms
        )
        yield f"ban:{person}", ban
    for person in sorted(before.silenced.keys() - now.silenced.keys()):
        term = before.silenced[person]
        silence = facts.PersonSilenced(
            person=person, by=NOBODY, reason=term.reason, until_ms=term.until_ms
        )
        yield f"silence:{person}", silence
    for token in sorted(before.revoked - now.revoked):
        yield f"revoke:{token}", facts.TokenRevoked(token=token, by=NOBODY)
    for person, until_ms in before.signed_out_ms.items():
        if now.signed_out_ms.get(person, -1) < until_ms:
            fact = facts.PersonSignedOut(person=person, by=NOBODY, until_ms=until_ms)
            yield f"sign_out:{until_ms}:{person}", fact
    for person in sorted(before.erased - now.erased):
        yield f"erase:{person}", facts.PersonErased(person=person, by=NOBODY)
    yield from _staff(before, now)


def _staff(before: People, now: People) -> Iterator[tuple[str, facts.Fact]]:
    for person, tokens in before.staff.items():
        known = {one.token for one in now.staff.get(person, ())}
        for one in tokens:
            if one.token not in known:
                yield (
                    f"staff:{len(person)}:{person}:{one.token}",
                    facts.StaffCame(
                        person=person,
                        token=one.token,
                        roles=one.roles,
                        sessions=one.sessions,
                        stages=one.stages,
                        issued_ms=one.issued_ms,
                        expires_at_ms=one.expires_at_ms,
                    ),
                )
