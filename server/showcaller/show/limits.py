"""Limits on commands, by the person, the address and the event: a rate of each for each kind of command.

What attendees may send is limited three times, so that neither many people behind one address nor many
addresses together fill the log. A fifth of what an address or the event may send at once is left to those
who have sent nothing of the kind lately. Staff are limited as persons only.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..rates import KEPT, Meters, Rate

Bucket = Literal["question", "edit", "vote", "reaction", "chat", "caption", "rating", "other"]

OF_PERSON: dict[Bucket, Rate] = {
    "question": Rate(burst=3, per_s=0.1),
    "edit": Rate(burst=5, per_s=0.2),
    "vote": Rate(burst=30, per_s=5),
    "reaction": Rate(burst=10, per_s=4),
    "chat": Rate(burst=3, per_s=0.5),
    "caption": Rate(burst=50, per_s=5),
    "rating": Rate(burst=10, per_s=0.2),
    "other": Rate(burst=20, per_s=10),
}
# Reactions are no facts. Votes cost the log little, and an office votes at once. What is said in a chat
# goes to everybody there, and nobody reads ten messages a second.
OF_ADDRESS: dict[Bucket, Rate] = {
    "question": Rate(burst=60, per_s=10),
    "edit": Rate(burst=300, per_s=5),
    "vote": Rate(burst=120_000, per_s=12_000),
    "chat": Rate(burst=60, per_s=5),
    "rating": Rate(burst=3_000, per_s=100),
    "other": Rate(burst=5_000, per_s=500),
}
OF_EVENT: dict[Bucket, Rate] = {
    "question": Rate(burst=3_000, per_s=50),
    "edit": Rate(burst=1_000, per_s=20),
    "vote": Rate(burst=400_000, per_s=40_000),
    "chat": Rate(burst=150, per_s=10),
    "rating": Rate(burst=10_000, per_s=500),
    "other": Rate(burst=20_000, per_s=2_000),
}
LEFT_TO_NEWCOMERS = 0.2
REFUSED_PRICE = (
    4.0  # of a command that the event's state does not allow, beside what every command costs
)


class Sender(NamedTuple):
    """A person who sends commands. `came_from`: their address; "": they are limited as a person only."""

    person: str
    came_from: str = ""


class Limits:
    """The meters of one event. `now_s` is of a clock that never jumps."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._of_person = _meters(OF_PERSON, kept)
        self._of_address = _meters(OF_ADDRESS, kept)
        self._of_event = _meters(OF_EVENT, 1)

    def take(self, sender: Sender, bucket: Bucket, now_s: float) -> float:
        """Take one. 0.0 if there was one, else the seconds until there will be one."""
        payers: list[tuple[Meters[str], str]] = [(self._of_person[bucket], sender.person)]
        if sender.came_from and bucket in self._of_address:
            payers.append((self._of_address[bucket], sender.came_from))
            payers.append((self._of_event[bucket], ""))
        own = self._of_person[bucket]
        is_newcomer = own.left(sender.person, now_s) >= own.rate.burst
        wait_s = max(
            meters.wait_s(key, now_s, reserve=0.0 if is_newcomer else _reserve(meters, own))
            for meters, key in payers
        )
        if not wait_s:
            for meters, key in payers:
                meters.charge(key, now_s, 1.0)
        return wait_s

    def charge_refused(self, sender: Sender, now_s: float) -> None:
        """Have somebody pay for a command that could not be done."""
        self._of_person["other"].charge(sender.person, now_s, REFUSED_PRICE)


def _meters(rates: dict[Bucket, Rate], kept: int) -> dict[Bucket, Meters[str]]:
    return {bucket: Meters(rate, kept=kept) for bucket, rate in rates.items()}


def _reserve(meters: Meters[str], own: Meters[str]) -> float:
    """Return what is left to newcomers of what all share; a person's own they may spend."""
    return 0.0 if meters is own else meters.rate.burst * LEFT_TO_NEWCOMERS
