"""The items of a check list, and those that a schedule has."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from .ids import CheckId, PersonId, SessionId, derive_id
from .schedule import Schedule

FIRST_TYPED = 1_000_000  # places of what was typed: after all of a schedule's


class CheckItem(Struct, frozen=True, kw_only=True):
    """One item. `session`: None for the whole event. `by`: who typed it; None: it is the schedule's."""

    id: CheckId
    text: str
    place: int  # in the order of all
    session: SessionId | None = None
    by: PersonId | None = None


def scheduled_items(schedule: Schedule) -> Iterator[CheckItem]:
    """Yield the schedule's items: of the whole event, then of each session in its order.

    An item is known by its session and its words: a tick stays with it however the file is edited around it.
    """
    texts: list[tuple[SessionId | None, str]] = [(None, text) for text in schedule.check_list]
    texts += [(plan.id, text) for plan in schedule.sessions for text in plan.check_list]
    for place, (session, text) in enumerate(texts):
        id = CheckId(derive_id("check", "", f"{session or ''}:{text}"))
        yield CheckItem(id=id, text=text, place=place, session=session)
