"""People's names, from the deletable records beside the log: facts hold person ids only.

A projection is made in one step and can't wait; so whoever folds loads names before (`ensure`), and
views look them up (`get`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from .. import system
from ..broker.base import EventLog
from ..domain.ids import PersonId
from ..domain.people import Principal
from ..domain.text import TextProblem, clean_text

RECORD_KIND = "person"
NAMES_KEPT = 100_000
MAX_NAME_GRAPHEMES = 60
MAX_NAME_BYTES = 400


class PersonRecord(Struct, kw_only=True):
    """The record of a person, kept until they are erased."""

    name: str
    email: str = ""
    registered_ms: int


class Names:
    """The names of those who act in one event, with the newest looked up kept at hand."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._names: OrderedDict[PersonId, str] = OrderedDict()  # least recently loaded first

    def get(self, person: PersonId) -> str:
        """The person's name; "" if there is no record, or `ensure` has not loaded it."""
        return self._names.get(person, "")

    async def ensure(self, persons: Iterable[PersonId]) -> None:
        """Load the names that are missing, in one call. Raises `errors.Unavailable`."""
        missing = sorted({person for person in persons if not self._names.get(person)})
        if not missing:
            return
        records = await self._log.get_records(RECORD_KIND, list(missing))
        for person, data in zip(missing, records, strict=True):
            self._keep(person, _name_in(data))

    async def put(self, person: PersonId, name: str, email: str = "") -> None:
        """Write the person's record. Raises `errors.Unavailable`, `errors.StorageFull`."""
        record = PersonRecord(name=name, email=email, registered_ms=system.wall_ms())
        await self._log.put_record(RECORD_KIND, person, msgspec.json.encode(record))
        self._keep(person, name)

    async def introduce(self, who: Principal) -> None:
        """Have a record of the name that a token of the organiser's brought, unless there is one."""
        await self.ensure([who.person])
        if self.get(who.person):
            return
        try:
            name = clean_text(who.name, max_graphemes=MAX_NAME_GRAPHEMES, max_bytes=MAX_NAME_BYTES)
        except TextProblem:
            return
        await self.put(who.person, name)

    async def erase(self, person: PersonId) -> None:
        """Delete the person's record."""
        await self._log.delete_record(RECORD_KIND, person)
        self._names.pop(person, None)

    def _keep(self, person: PersonId, name: str) -> None:
        self._names.pop(person, None)
        self._names[person] = name
        if len(self._names) > NAMES_KEPT:
            self._names.popitem(last=False)


def _name_in(data: bytes | None) -> str:
    return msgspec.json.decode(data, type=PersonRecord).name if data is not None else ""
