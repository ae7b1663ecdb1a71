"""The producer's check list: items of the event and of sessions, who ticked each, and when.

Items come from the schedule, or were typed while the event runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, field

from . import facts
from .check_items import FIRST_TYPED, CheckItem
from .ids import CheckId, PersonId
from .outcome import Outcome
from .runsheet import RunSheet
from .session_run import no_session
from .touches import CheckTouch

MAX_TYPED = 500


class Tick(Struct, frozen=True, kw_only=True):
    by: PersonId
    at_ms: int  # wall time


class CheckList(Struct, kw_only=True):
    """The items that were typed, and the ticks of all; the schedule's own items stay in the schedule."""

    typed: dict[CheckId, CheckItem] = field(default_factory=dict)  # in the order of typing
    ticks: dict[CheckId, Tick] = field(default_factory=dict)

    def items(self, sheet: RunSheet) -> Iterator[CheckItem]:
        """Yield all items: the schedule's, then what was typed, but for sessions that are gone."""
        yield from sheet.check_items.values()
        yield from (one for one in self.typed.values() if _is_there(one, sheet))

    def get(self, id: str, sheet: RunSheet) -> CheckItem | None:
        """Return the item, if there is one now."""
        typed = self.typed.get(CheckId(id))
        if typed is not None:
            return typed if _is_there(typed, sheet) else None
        return sheet.check_items.get(CheckId(id))

    def people(self) -> set[PersonId]:
        """Return who typed or ticked something."""
        typists = {one.by for one in self.typed.values() if one.by is not None}
        return typists | {tick.by for tick in self.ticks.values()}

    def of_person(self, person: PersonId) -> Iterator[CheckId]:
        """Yield the items that show the person's name."""
        yield from (id for id, tick in self.ticks.items() if tick.by == person)

    def apply(self, fact: facts.Fact, at_ms: int, sheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        return FOLDS[type(fact)](self, fact, at_ms, sheet)

    def _add(self, fact: facts.CheckAdded, at_ms: int, sheet: RunSheet) -> Outcome:
        if fact.session is not None and fact.session not in sheet.sessions:
            return no_session(fact.session)
        if len(self.typed) >= MAX_TYPED:
            return Outcome.refuse(
                "too_many", f"at most {MAX_TYPED} items can be typed: remove some"
            )
        last = max((one.place for one in self.typed.values()), default=FIRST_TYPED)
        self.typed[fact.item] = CheckItem(
            id=fact.item, text=fact.text, place=last + 1, session=fact.session, by=fact.by
        )
        return Outcome.touch(CheckTouch(fact.item))

    def _tick(self, fact: facts.CheckTicked, at_ms: int, sheet: RunSheet) -> Outcome:
        """Tick an item, or take the tick back. Who ticked it first stays the one who did."""
        if self.get(fact.item, sheet) is None:
            return Outcome.refuse("not_found", "there is no such item on the check list")
        if fact.on:
            self.ticks.setdefault(fact.item, Tick(by=fact.by, at_ms=at_ms))
        else:
            self.ticks.pop(fact.item, None)
        return Outcome.touch(CheckTouch(fact.item))

    def _remove(self, fact: facts.CheckRemoved, at_ms: int, sheet: RunSheet) -> Outcome:
        if fact.item not in self.typed:
            said = "only items that were typed can be removed: others stand in the schedule"
            return Outcome.refuse("wrong_state", said)
        del self.typed[fact.item]
        self.ticks.pop(fact.item, None)
        return Outcome.touch(CheckTouch(fact.item))


def _is_there(item: CheckItem, sheet: RunSheet) -> bool:
    return item.session is None or item.session in sheet.sessions


FOLDS: dict[type[facts.Fact], Callable[[CheckList, Any, int, RunSheet], Outcome]] = {
    facts.CheckAdded: CheckList._add,
    facts.CheckTicked: CheckList._tick,
    facts.CheckRemoved: CheckList._remove,
}
