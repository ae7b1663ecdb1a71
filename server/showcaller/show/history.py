"""The history: each act of moderators, producers and speakers, as the log's facts tell it.

The log is read once, from where it was read to before: a node keeps who did what to what, and when. Texts
that may be erased are not kept but looked up when somebody asks, so that what was erased is gone here, too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ..broker.base import Entry, EventLog, read_upto
from ..domain import facts
from ..domain.ids import PersonId, SessionId, StageId
from ..domain.people import NOBODY, Principal
from ..domain.state import State
from ..pace import Pace

MOST_KEPT = 100_000  # acts, the newest

# No acts upon the event: what a camera does, one's own consent, what erasing somebody brings along, and who
# works on what.
_NO_ACTS = (
    facts.PublicationStarted,
    facts.RecordingAgreed,
    facts.PollWordsErased,
    facts.QuestionClaimed,
    facts.QuestionReleased,
)
_BY = b'"by":"'  # in each entry that somebody made, and in few others
_SUBJECTS = (
    "question", "poll", "announcement", "person", "speaker", "token", "offer", "item", "caption",
)  # fmt: skip
# Texts that nothing erases, and what is no text.
_DETAILS = (
    "minutes", "note", "title", "stage", "starts_at_ms", "other", "on", "of", "label", "into",
    "publication", "at_ms", "to", "until_ms", "seconds", "removed", "all_of_author",
)  # fmt: skip
_DESKS = ("question", "questions", "poll", "qa", "announcement", "chat", "caption")
_DESKS_PEOPLE = {"person.banned", "person.unbanned", "person.silenced", "person.unsilenced"}


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One act: `by` whom, `what` (the fact's name), upon which `subject`, and what else it said."""

    offset: int
    at_ms: int  # wall time
    what: str
    by: PersonId
    session: SessionId | None = None
    kind: str = ""  # of the subject, such as "question"
    subject: str = ""  # its id
    details: dict[str, Any] = {}
    refused: str = ""  # the code of the fold's refusal: it was tried, and changed nothing

    @property
    def is_of_desk(self) -> bool:
        """Tell whether moderators may do such a thing."""
        return self.what.partition(".")[0] in _DESKS or self.what in _DESKS_PEOPLE


class History:
    """One event's acts as this node has read them from its log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._reading = asyncio.Lock()
        self._forget("")

    def _forget(self, epoch: str) -> None:
        self._epoch, self._upto = epoch, 0
        self._entries: deque[HistoryEntry] = deque(maxlen=MOST_KEPT)
        self._controls: dict[str, facts.ControlFact] = {}

    async def read(self, state: State, epoch: str) -> list[HistoryEntry]:
        """Return all acts that `state` has folded, newest first. Raises `errors.Unavailable`."""
        async with self._reading:
            if epoch != self._epoch:  # perhaps another log
                self._forget(epoch)
            pace, upto = Pace(), state.folded
            async for entry in read_upto(self._log, upto, after=self._upto, page=200):
                if _BY in entry.data:
                    self._add(entry, state)
                self._upto = entry.offset
                await pace.breathe()
            return list(reversed(self._entries))

    def _add(self, entry: Entry, state: State) -> None:
        try:
            fact = facts.decode_fact(entry.data)
        except msgspec.MsgspecError:  # of a newer release: `fact.unknown` in the log told of it
            return
        if isinstance(fact, facts.ControlFact):
            self._controls[fact.control] = fact
        by = getattr(fact, "by", None)
        is_own = isinstance(fact, facts.ChatDeleted) and fact.own
        if by in (None, NOBODY) or is_own or isinstance(fact, _NO_ACTS):
            return
        self._entries.append(self._entry(entry, fact, PersonId(str(by)), state))

    def _entry(self, entry: Entry, fact: facts.Fact, by: PersonId, state: State) -> HistoryEntry:
        refusal = state.refusals.get(entry.offset)
        kind = next((one for one in _SUBJECTS if getattr(fact, one, None)), "")
        details = dict(_details(fact))
        if isinstance(fact, facts.ControlUndone) and fact.control in self._controls:
            details["undone"] = facts.name_of(self._controls[fact.control])
        return HistoryEntry(
            offset=entry.offset,
            at_ms=entry.at_ms,
            what=facts.name_of(fact),
            by=by,
            session=self._session_of(fact, state),
            kind=kind,
            subject=str(getattr(fact, kind)) if kind else "",
            details=details,
            refused=refusal.code if refusal is not None else "",
        )

    def _session_of(self, fact: facts.Fact, state: State) -> SessionId | None:
        """Return the session that the act is about, by itself or through its question, poll and so on."""
        if isinstance(fact, facts.ControlUndone):
            control = self._controls.get(fact.control)
            return control.session if control is not None else None
        for field, known in (
            ("question", state.questions),
            ("poll", state.polls),
            ("announcement", state.announcements),
        ):
            if (id := getattr(fact, field, None)) is not None and (thing := known.get(id)):
                return SessionId(thing.session) if thing.session else None
        if (id := getattr(fact, "item", None)) is not None and state.runsheet is not None:
            item = state.check_list.get(id, state.runsheet)
            return item.session if item is not None else getattr(fact, "session", None)
        return getattr(fact, "session", None)


def _details(fact: facts.Fact) -> Iterator[tuple[str, Any]]:
    for name in _DETAILS:
        value = getattr(fact, name, None)
        if value is not None and value != "":
            yield name, value


def may_see(who: Principal, entry: HistoryEntry, stage: StageId | None = None) -> bool:
    """Tell whether `who` may read of the act; `stage` is that of its session.

    Producers and ops read all; stage managers what was done to sessions on their stages; moderators what a
    desk does, with a token for some sessions only in these.
    """
    if who.has("producer", "ops") or who.manages(stage):
        return True
    if not (who.has("moderator") and entry.is_of_desk):
        return False
    return not who.sessions or entry.session in who.sessions
