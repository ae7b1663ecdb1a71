"""Announcements: to everybody, to one session's audience or to its speakers, at once or at a show time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct, field

from . import facts
from .ids import AnnouncementId, PersonId, SessionId
from .outcome import Outcome
from .runsheet import RunSheet
from .touches import AnnouncementTouch


class Announcement(Struct, kw_only=True):
    """One announcement. Planned until it is called; once cancelled, nobody is shown it any more."""

    id: AnnouncementId
    text: str
    by: PersonId
    session: SessionId | None
    at_ms: int | None  # show time it was planned for; None: at once
    to: facts.Recipients = "audience"
    called_ms: int | None = None  # wall time
    cancelled: bool = False
    revision: int = 1  # of the key under which it is called; rises when a call was refused

    @property
    def planned(self) -> bool:
        return self.called_ms is None and not self.cancelled

    @property
    def shown(self) -> bool:
        return self.called_ms is not None and not self.cancelled


class DueAnnouncement(NamedTuple):
    """An announcement that the clock is to call at show time `at_ms`."""

    announcement: AnnouncementId
    revision: int
    at_ms: int


def announcement_key(run: str, announcement: str, revision: int) -> str:
    """Return the idempotency key under which every node appends this call."""
    return f"announce:{run}:{announcement}:{revision}"


class Announcements(Struct, kw_only=True):
    """All announcements of an event."""

    by_id: dict[AnnouncementId, Announcement] = field(default_factory=dict)

    def get(self, announcement: str) -> Announcement | None:
        return self.by_id.get(AnnouncementId(announcement))

    def due(self) -> list[DueAnnouncement]:
        """Return the announcements that are still to be called, earliest first."""
        found = [DueAnnouncement(a.id, a.revision, at_ms) for a, at_ms in self._planned()]
        return sorted(found, key=lambda due: (due.at_ms, due.announcement))

    def makers(self) -> set[PersonId]:
        return {announcement.by for announcement in self.by_id.values()}

    def _planned(self) -> Iterator[tuple[Announcement, int]]:
        for announcement in self.by_id.values():
            if announcement.planned and announcement.at_ms is not None:
                yield announcement, announcement.at_ms

    def apply(self, fact: facts.Fact, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        return FOLDS[type(fact)](self, fact, at_ms, runsheet)

    def _make(self, fact: facts.AnnouncementMade, at_ms: int, runsheet: RunSheet) -> Outcome:
        if fact.session is not None and fact.session not in runsheet.sessions:
            return Outcome.refuse("not_found", "there is no such session")
        if fact.to == "speakers" and fact.session is None:
            return Outcome.refuse("wrong_state", "speakers are those of a session: name it")
        if fact.announcement in self.by_id:
            return Outcome.refuse("wrong_state", "this announcement was made already")
        announcement = Announcement(
            id=fact.announcement,
            text=fact.text,
            by=fact.by,
            session=fact.session,
            at_ms=fact.at_ms,
            to=fact.to,
        )
        self.by_id[announcement.id] = announcement
        if fact.at_ms is None:
            return _called(announcement, at_ms)
        return Outcome.touch(AnnouncementTouch(announcement.id))

    def _call(self, fact: facts.AnnouncementCalled, at_ms: int, runsheet: RunSheet) -> Outcome:
        announcement = self.by_id.get(fact.announcement)
        if announcement is None:
            return Outcome.refuse("not_found", "there is no such announcement")
        if not announcement.planned or announcement.at_ms is None:
            return Outcome.refuse("wrong_state", "it was called or cancelled before")
        if runsheet.clock.show_at(at_ms) < announcement.at_ms:
            # The key is used up: it is still to be called, under the next one.
            announcement.revision += 1
            return Outcome.refuse("early_cue", "this announcement is not due yet")
        return _called(announcement, at_ms)

    def _cancel(self, fact: facts.AnnouncementCancelled, at_ms: int, runsheet: RunSheet) -> Outcome:
        announcement = self.by_id.get(fact.announcement)
        if announcement is None:
            return Outcome.refuse("not_found", "there is no such announcement")
        if announcement.cancelled:
            return Outcome.refuse("wrong_state", "it was cancelled before")
        announcement.cancelled = True
        return Outcome.touch(AnnouncementTouch(announcement.id))


def _called(announcement: Announcement, at_ms: int) -> Outcome:
    announcement.called_ms = at_ms
    return Outcome(touched={AnnouncementTouch(announcement.id)}, announced=[announcement.id])


FOLDS: dict[type[facts.Fact], Callable[[Announcements, Any, int, RunSheet], Outcome]] = {
    facts.AnnouncementMade: Announcements._make,
    facts.AnnouncementCalled: Announcements._call,
    facts.AnnouncementCancelled: Announcements._cancel,
}
