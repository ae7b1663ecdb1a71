"""The audit: who came in and who was refused, for producers to read afterwards.

What is done about people (bans, revoked tokens, roles) are facts in the log, so the audit takes those from
the state. Coming in and being refused are none: whoever guesses codes must not fill the log. They are notes
beside it, in two rings (`broker.base.EventLog.note`), so that refusals can't push out registrations. Equal
refusals of a few seconds are one note that says how many there were.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..broker.base import EventLog
from ..domain.people import Act, Role
from ..errors import ShowcallerError

log = logging.getLogger(__name__)

Ring = Literal["admitted", "refused"]
RINGS: dict[Ring, int] = {"admitted": 20_000, "refused": 10_000}  # notes kept of an event
FLUSH_EVERY_S = 5.0
MOST_WAITING = 5_000  # admissions that the broker has not taken; what comes then is counted
MOST_ADDRESSES = 10  # told apart in each flush; those beyond share one note

Admission = Literal["registration", "renewal", "link"]
Refused = Literal["login", "registration", "link"]


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the audit: at `at_ms` (wall time) for the last of `count` times."""

    at_ms: int
    what: str  # an admission, a refusal such as login.refused, or a fact's name
    code: str = ""  # why it was refused
    count: int = 1
    person: str = ""
    by: str = ""
    token: str = ""  # its `jti`
    roles: tuple[Role, ...] = ()
    expires_at_ms: int = 0
    address: str = ""  # "": it is not known, or there were several
    addresses: int = 0  # how many, where there were several


class Gathered:
    """Notes on their way to the broker; bounded, whatever comes."""

    def __init__(self) -> None:
        self._admitted: list[Note] = []
        self._refused: dict[tuple[str, str, str], Note] = {}  # by what, code and address
        self._spread: dict[tuple[str, str], set[str]] = {}  # addresses of notes that are shared
        self.missed = 0  # admissions for which there was no room

    def admit(self, note: Note) -> None:
        """Add a note that stands for itself."""
        if len(self._admitted) >= MOST_WAITING:
            self.missed += 1
        else:
            self._admitted.append(note)

    def refuse(self, note: Note) -> None:
        """Add a refusal to those that are like it."""
        key = (note.what, note.code, note.address)
        if key not in self._refused and len(self._refused) >= MOST_ADDRESSES:
            key = (note.what, note.code, "")
            others = self._spread.setdefault(key[:2], set())
            if len(others) < MOST_WAITING:
                others.add(note.address)
            note = replace(note, address="", person="", token="", addresses=len(others))
        before = self._refused.get(key)
        count = before.count if before is not None else 0
        self._refused[key] = replace(note, count=count + 1)

    def pending(self, ring: Ring) -> list[Note]:
        """Return what waits for the ring, oldest first."""
        return list(self._admitted if ring == "admitted" else self._refused.values())

    def take(self, ring: Ring) -> list[Note]:
        """Return what waits for the ring, and forget it."""
        taken = self.pending(ring)
        if ring == "admitted":
            self._admitted = []
        else:
            self._refused, self._spread = {}, {}
        return taken


class Audit:
    """One event's audit on this node. Times come in as arguments."""

    def __init__(self, event_log: EventLog) -> None:
        self._log = event_log
        self._gathered = Gathered()

    def admitted(
        self,
        what: Admission,
        at_ms: int,
        *,
        person: str,
        token: str,
        expires_at_ms: int,
        address: str,
    ) -> None:
        """Note somebody who was given a token."""
        note = Note(
            at_ms=at_ms,
            what=what,
            person=person,
            token=token,
            expires_at_ms=expires_at_ms,
            address=address,
        )
        self._gathered.admit(note)

    def refused(
        self, what: Refused, at_ms: int, code: str, *, address: str, person: str = ""
    ) -> None:
        """Note somebody who was not let in, and why. `person`: whose token it was, where it is authentic."""
        note = Note(at_ms=at_ms, what=f"{what}.refused", code=code, address=address, person=person)
        self._gathered.refuse(note)

    async def run(self) -> None:
        """Write what was gathered, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered. Admissions that the broker does not take now wait for the next time."""
        for ring, kept in RINGS.items():
            notes = self._gathered.take(ring)
            if not notes:
                continue
            try:
                await self._log.note(ring, list(map(msgspec.json.encode, notes)), kept)
            except ShowcallerError as error:
                log.debug(error.for_operators, extra={"action": "audit.unwritten"})
                for note in notes if ring == "admitted" else ():
                    self._gathered.admit(note)
        if self._gathered.missed:
            missed = {"action": "audit.missed", "missed": self._gathered.missed}
            log.warning("registrations are missing in the audit", extra=missed)
            self._gathered.missed = 0

    async def read(self, acts: Iterable[Act]) -> list[Note]:
        """Return all that is kept, newest first: `acts` of the log, and the notes. Raises `Unavailable`."""
        kept = [data for ring in RINGS for data in await self._log.notes(ring)]
        here = [note for ring in RINGS for note in self._gathered.pending(ring)]
        # They may be tens of thousands: the loop serves others meanwhile.
        return await asyncio.to_thread(_newest_first, list(acts), kept, here)


_decode = msgspec.json.Decoder(Note).decode


def _newest_first(acts: list[Act], kept: list[bytes], here: list[Note]) -> list[Note]:
    notes = [*map(_note_of, acts), *map(_decode, kept), *here]
    return sorted(notes, key=lambda note: note.at_ms, reverse=True)


def _note_of(act: Act) -> Note:
    return Note(
        at_ms=act.at_ms,
        what=act.what,
        person=act.person or "",
        by=act.by,
        token=act.token,
        roles=act.roles,
    )
