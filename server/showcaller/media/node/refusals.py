"""Publishers that were turned away, and why: producers have to know, since an encoder just tries again."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from ...errors import Forbidden, ShowcallerError, Unauthenticated, Unprocessable, Unsupported

SHOWN_FOR_MS = 120_000  # after the last try
LOGGED_EVERY_MS = 60_000
KEPT = 50
# What the speaker can't mend alone. "Not yet" and "it is over" mend themselves; full workers have an alert.
_WORTH_TELLING = (Unauthenticated, Forbidden, Unsupported, Unprocessable)


class RefusedPublisher(Struct, frozen=True, kw_only=True):
    """One publisher who is turned away. `person` and `name` are empty where no token tells them."""

    session: str
    person: str
    name: str
    code: str
    times: int
    last_ms: int


class Refusals:
    """The refusals of this node, the newest of each kind. `now_ms` is wall time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], RefusedPublisher] = {}  # the last ones last
        self._logged_ms: dict[tuple[str, str, str], int] = {}

    def note(
        self, session: str, error: ShowcallerError, now_ms: int, *, person: str, name: str
    ) -> bool:
        """Keep that somebody was turned away; return whether it is time to log that."""
        if not isinstance(error, _WORTH_TELLING):
            return False
        key = session, person, error.code
        before = self._kept.pop(key, None)
        times = before.times + 1 if before is not None else 1
        self._kept[key] = RefusedPublisher(
            session=session, person=person, name=name, code=error.code, times=times, last_ms=now_ms
        )
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        is_due = now_ms - self._logged_ms.get(key, -LOGGED_EVERY_MS) >= LOGGED_EVERY_MS
        if is_due:
            self._logged_ms.pop(key, None)
            self._logged_ms[key] = now_ms
        if len(self._logged_ms) > KEPT:
            del self._logged_ms[next(iter(self._logged_ms))]
        return is_due

    def forget(self, session: str, person: str) -> None:
        """Drop what is kept of somebody who was let in."""
        for key in [key for key in self._kept if key[:2] == (session, person)]:
            del self._kept[key]

    def recent(self, now_ms: int) -> list[RefusedPublisher]:
        """Return those that tried within the last minutes."""
        return [one for one in self._kept.values() if one.last_ms > now_ms - SHOWN_FOR_MS]


def together(refusals: Iterable[RefusedPublisher]) -> list[RefusedPublisher]:
    """Return those of all nodes, one for each publisher and reason, the newest first."""
    found: dict[tuple[str, str, str], RefusedPublisher] = {}
    for one in refusals:
        key = one.session, one.person, one.code
        other = found.get(key)
        if other is not None:
            last_ms = max(one.last_ms, other.last_ms)
            one = structs.replace(one, times=one.times + other.times, last_ms=last_ms)
        found[key] = one
    return sorted(found.values(), key=lambda one: -one.last_ms)
