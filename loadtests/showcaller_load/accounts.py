"""A generator's account at the end: every attendee's ledger, in parts of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .documents import Document
from .ledger import Follow
from .orders import Accounts, AttendeeAccount, FollowAccount

if TYPE_CHECKING:
    from .attendee import Attendee
    from .crowd import Crowd

ATTENDEES_A_PART = 500
ENTRIES_A_PART = 20_000


def account_parts(crowd: Crowd) -> Iterator[Accounts]:
    """The parts add up; the last says so."""
    documents = _Numbers()
    members = crowd.members()
    frozen_ms = crowd.server_ms(crowd.now_s())
    for at in range(0, len(members), ATTENDEES_A_PART):
        some = [_attendee(one, documents) for one in members[at : at + ATTENDEES_A_PART]]
        yield Accounts(attendees=some, documents=documents.take())
    steps = [tuple(shown) for shown in crowd.books.steps.numbers]
    for at in range(0, len(steps), ENTRIES_A_PART):
        yield Accounts(steps=steps[at : at + ENTRIES_A_PART])  # type: ignore[arg-type]
    for at in range(0, len(crowd.answers), ENTRIES_A_PART):
        yield Accounts(answers=crowd.answers[at : at + ENTRIES_A_PART])
    for question, voters in crowd.votes.items():
        yield Accounts(votes={question: voters})
    totals = dict(crowd.measures.totals)
    heads = [(*key, head) for key, head in crowd.books.heads.items()]
    yield Accounts(
        anomalies=crowd.anomalies, heads=heads, counts=totals, frozen_ms=frozen_ms, is_last=True
    )


def _attendee(one: Attendee, documents: _Numbers) -> AttendeeAccount:
    return AttendeeAccount(
        one.number,
        one.is_whole,
        [command.name for command in one.pending.values()],
        [_follow(channel, follow, documents) for channel, follow in one.follows.items()],
    )


def _follow(channel: str, follow: Follow, documents: _Numbers) -> FollowAccount:
    return FollowAccount(
        channel,
        follow.epoch,
        follow.last,
        follow.mark,
        documents.number(follow.document),
        follow.runs,
        [tuple(start) for start in follow.starts],  # type: ignore[misc]
    )


class _Numbers:
    """Numbers documents, and remembers those that are still to be told of."""

    def __init__(self) -> None:
        self._numbers: dict[Document, int] = {}
        self._new: dict[int, tuple[dict[str, int], dict[str, int]]] = {}

    def number(self, document: Document) -> int:
        number = self._numbers.get(document)
        if number is None:
            number = self._numbers[document] = len(self._numbers)
            self._new[number] = (document.items, document.levels)
        return number

    def take(self) -> dict[int, tuple[dict[str, int], dict[str, int]]]:
        new, self._new = self._new, {}
        return new
