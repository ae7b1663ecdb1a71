"""How the members of a crowd are numbered: the audience from 0, everybody else below."""

from __future__ import annotations

WITNESS = -1
FIRST_STAFF = -2


def name_of(number: int) -> str:
    if number >= 0:
        return f"attendee {number}"
    return "witness" if number == WITNESS else f"staff {FIRST_STAFF - number}"
