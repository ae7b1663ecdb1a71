"""The difference between two schedules of an event, session by session."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .ids import SessionId
from .schedule import Schedule, Session

What = Literal["new", "vanished", "moved", "changed"]


class Difference(Struct, frozen=True, kw_only=True):
    """One session that two schedules say otherwise. Times are show time; None: it is not there."""

    session: SessionId
    title: str
    what: What  # "changed": in all but its place
    before_ms: int | None
    after_ms: int | None


def differences(before: Schedule, after: Schedule) -> list[Difference]:
    """Return the sessions that differ, by the earlier of their times."""
    found = sorted(_differences(before, after), key=lambda one: (_first_ms(one), one.session))
    return list(found)


def _first_ms(one: Difference) -> int:
    return min(ms for ms in (one.before_ms, one.after_ms) if ms is not None)


def _differences(before: Schedule, after: Schedule) -> Iterator[Difference]:
    old = {plan.id: plan for plan in before.sessions}
    new = {plan.id: plan for plan in after.sessions}
    for id in {**old, **new}:
        was, now = old.get(id), new.get(id)
        if was != now:
            known = now or was
            assert known is not None  # one of the two has it
            yield Difference(
                session=id,
                title=known.title,
                what=_what(was, now),
                before_ms=was.starts_at_ms if was is not None else None,
                after_ms=now.starts_at_ms if now is not None else None,
            )


def _what(was: Session | None, now: Session | None) -> What:
    if was is None:
        return "new"
    if now is None:
        return "vanished"
    return "moved" if _place(was) != _place(now) else "changed"


def _place(plan: Session) -> tuple[str, int, int]:
    return plan.stage, plan.starts_at_ms, plan.ends_at_ms


def differs_elsewhere(before: Schedule, after: Schedule) -> bool:
    """Tell whether the schedules differ in anything besides their sessions."""
    return before != replace(after, sessions=before.sessions)


def offer_id(schedule: Schedule) -> str:
    """Return what names a schedule that was offered: equal for equal ones."""
    return hashlib.blake2b(msgspec.json.encode(schedule), digest_size=8).hexdigest()
