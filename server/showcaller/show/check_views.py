"""The check list as producers and stage managers see it."""

from __future__ import annotations

from ..domain.check_items import CheckItem
from ..domain.check_list import Tick
from .views import NameOf, View


class TickView(View, frozen=True, kw_only=True):
    by: str  # the name of who ticked it
    at_ms: int


class CheckView(View, frozen=True, kw_only=True):
    id: str
    text: str
    session: str | None
    place: int
    typed: bool
    ticked: TickView | None


def check(item: CheckItem, tick: Tick | None, name_of: NameOf) -> CheckView:
    return CheckView(
        id=item.id,
        text=item.text,
        session=item.session,
        place=item.place,
        typed=item.by is not None,
        ticked=TickView(by=name_of(tick.by), at_ms=tick.at_ms) if tick is not None else None,
    )
