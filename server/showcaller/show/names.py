"""People's names, from the deletable records beside the log: facts hold person ids only.

A projection is made in one step and can't wait; so whoever folds loads names before (`ensure`), and
views look them up (`get`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Set

import msgspec
from msgspec import Struct

from .. import system
from ..broker.base import EventLog
from ..domain.ids import PersonId
from ..domain.people import Principal
from ..domain.text import TextProblem, clean_text

RECORD_KIND = "person"
NAMES_KEPT = 100_000
RESTORED_AT_ONCE = 200
MAX_NAME_GRAPHEMES = 60
MAX_NAME_BYTES = 400


class Agreed(Struct, frozen=True, kw_only=True):
    """A consent that somebody gave, in the version that they were shown."""

    consent: str
    version: str
    at_ms: int  # server time


class PersonRecord(Struct, kw_only=True):
    """The record of a person, kept until they are erased."""

    name: str
    email: str = ""
    registered_ms: int
    agreed: tuple[Agreed, ...] = ()


class Names:
    """The names of those who act in one event, with the newest looked up kept at hand."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._names: OrderedDict[PersonId, str] = OrderedDict()  # least recently loaded first
        self._doubts_records = False  # they may be gone, though we hold their names

    def get(self, person: PersonId) -> str:
        """The person's name; "" if there is no record, or `ensure` has not loaded it."""
        return self._names.get(person, "")

    def shown(self, who: Principal) -> str:
        """Return the name that somebody who is here is shown with; "" if they have none."""
        return self.get(who.person) or _clean(who.name)

    async def ensure(self, persons: Iterable[PersonId]) -> None:
        """Load the names that are missing, in one call. Raises `errors.Unavailable`."""
        missing = sorted({person for person in persons if not self._names.get(person)})
        if not missing:
            return
        records = await self._log.get_records(RECORD_KIND, list(missing))
        for person, data in zip(missing, records, strict=True):
            self._keep(person, _name_in(data))

    async def put(
        self, person: PersonId, name: str, email: str = "", agreed: tuple[Agreed, ...] = ()
    ) -> None:
        """Write the person's record. Raises `errors.Unavailable`, `errors.StorageFull`."""
        now_ms = system.wall_ms()
        record = PersonRecord(name=name, email=email, registered_ms=now_ms, agreed=agreed)
        await self._log.put_record(RECORD_KIND, person, msgspec.json.encode(record))
        self._keep(person, name)

    async def introduce(self, who: Principal) -> None:
        """Have a record of the name that a token of the organiser's brought, unless there is one."""
        await self.ensure([who.person])
        known = self.get(who.person)
        if known and not (self._doubts_records and await self._missing([who.person])):
            return
        if name := known or _clean(who.name):
            await self.put(who.person, name)

    async def agreed(self, people: Iterable[PersonId]) -> dict[PersonId, tuple[Agreed, ...]]:
        """Return what each agreed to, of those who have a record. Raises `errors.Unavailable`."""
        asked = sorted(set(people))
        records = await self._log.get_records(RECORD_KIND, list(asked))
        return {
            person: msgspec.json.decode(data, type=PersonRecord).agreed
            for person, data in zip(asked, records, strict=True)
            if data is not None
        }

    def doubt_records(self) -> None:
        """Take it that records may be gone, until `restore` is through."""
        self._doubts_records = True

    async def restore(self, erased: Set[PersonId]) -> int:
        """Write anew the records that are gone of the names at hand; return how many there were.

        Raises `errors.Unavailable`, `errors.StorageFull`.
        """
        restored, people = 0, [person for person, name in self._names.items() if name]
        for first in range(0, len(people), RESTORED_AT_ONCE):
            missing = await self._missing(people[first : first + RESTORED_AT_ONCE])
            names = {person: self.get(person) for person in missing if person not in erased}
            await asyncio.gather(*(self.put(*one) for one in names.items() if one[1]))
            restored += len(names)
        self._doubts_records = False
        return restored

    async def _missing(self, people: list[PersonId]) -> list[PersonId]:
        records = await self._log.get_records(RECORD_KIND, list(people))
        return [person for person, data in zip(people, records, strict=True) if data is None]

    async def erase(self, person: PersonId) -> None:
        """Delete the person's record."""
        await self._log.delete_record(RECORD_KIND, person)
        self._names.pop(person, None)

    def _keep(self, person: PersonId, name: str) -> None:
        self._names.pop(person, None)
        self._names[person] = name
        if len(self._names) > NAMES_KEPT:
            self._names.popitem(last=False)


def _clean(name: str) -> str:
    """Return the name as it may be kept; "" if it can't be."""
    try:
        return clean_text(name, max_graphemes=MAX_NAME_GRAPHEMES, max_bytes=MAX_NAME_BYTES)
    except TextProblem:
        return ""


def _name_in(data: bytes | None) -> str:
    return msgspec.json.decode(data, type=PersonRecord).name if data is not None else ""
