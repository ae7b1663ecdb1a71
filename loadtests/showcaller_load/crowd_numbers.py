"""The numbers of a crowd's members, and the channels that are not everybody's."""

from __future__ import annotations

WITNESS = -1
FIRST_STAFF = -2
OWN = "me"  # the channel that is each person's own; it is always sent whole


def name_of(number: int) -> str:
    if number >= 0:
        return f"attendee {number}"
    return "witness" if number == WITNESS else f"staff {FIRST_STAFF - number}"
