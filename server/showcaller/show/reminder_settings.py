"""The ways on which each person wants to be reminded: records beside the log, deleted with the person.

They hold addresses, so none of it is a fact. Of what is changed on two devices at the same moment one may be
lost; each device says again what it wants whenever it opens a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..broker.base import EventLog
from ..domain.ids import PersonId

RECORD_KIND = "reminders"
MAX_SUBSCRIPTIONS = 5  # of a person; the oldest gives way


class Subscription(Struct, frozen=True, kw_only=True):
    """A browser that takes Web Push: where to send, and its keys in base64url (RFC 8291 §3.1)."""

    endpoint: str
    p256dh: str
    auth: str


class ReminderSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ways of one person. Nothing is sent to an address before its owner has confirmed it."""

    push: tuple[Subscription, ...] = ()
    mail: str = ""
    confirmed: bool = False

    def with_push(self, added: Subscription) -> ReminderSettings:
        """Return these settings with one more browser."""
        others = [one for one in self.push if one.endpoint != added.endpoint]
        return replace(self, push=(*others, added)[-MAX_SUBSCRIPTIONS:])

    def without_push(self, endpoint: str) -> ReminderSettings:
        return replace(self, push=tuple(one for one in self.push if one.endpoint != endpoint))

    def with_mail(self, address: str) -> ReminderSettings:
        """Return these settings with an address, confirmed if it was before."""
        return self if address == self.mail else replace(self, mail=address, confirmed=False)


class ReminderRecords:
    """The records of one event. Everything raises `errors.Unavailable`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def read(self, people: Sequence[PersonId]) -> list[ReminderSettings]:
        """Return the settings of each, in their order."""
        records = await self._log.get_records(RECORD_KIND, list(people))
        return [_decoded(data) for data in records]

    async def change(
        self, person: PersonId, change: Callable[[ReminderSettings], ReminderSettings]
    ) -> ReminderSettings:
        """Change what is known of a person, and return it. Raises `errors.StorageFull`."""
        (before,) = await self.read([person])
        now = change(before)
        if now == ReminderSettings():
            await self._log.delete_record(RECORD_KIND, person)
        elif now != before:
            await self._log.put_record(RECORD_KIND, person, msgspec.json.encode(now))
        return now

    async def erase(self, person: PersonId) -> None:
        await self._log.delete_record(RECORD_KIND, person)


def _decoded(data: bytes | None) -> ReminderSettings:
    return ReminderSettings() if data is None else msgspec.json.decode(data, type=ReminderSettings)
