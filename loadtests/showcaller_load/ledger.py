"""The ledger of a channel: what one attendee was sent, and whether anything was missing. No I/O.

A `Follow` obeys PROTOCOL.md §4 and notes what a server must not do: leave out a change, send one again
unasked, or let one overtake another. TCP loses nothing, so whatever of this happens on one connection is a
fault, even where the client makes it good by resuming.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from .documents import Document, Documents
from .messages import Update
from .results import FindingKind

Note = Callable[[FindingKind, str, int, str], None]  # kind, channel, offset, detail


class Shown(NamedTuple):
    """A one-shot that somebody was shown."""

    epoch: str
    offset: int
    key: str


class Start(NamedTuple):
    """The place from which a channel was followed. `shown_before`: the one-shots before that."""

    epoch: str
    offset: int
    is_reset: bool
    shown_before: int


class Steps:
    """All one-shots that attendees of this process were shown, numbered as they were first seen."""

    def __init__(self) -> None:
        self.numbers: dict[Shown, int] = {}

    def number(self, shown: Shown) -> int:
        return self.numbers.setdefault(shown, len(self.numbers))


class Taken(Enum):
    """The fate of an update."""

    APPLIED = "applied"
    WHOLE = "whole"  # applied, and with it the channel is whole
    DROPPED = "dropped"
    GAP = "gap"  # something is missing: subscribe again


class Books:
    """The knowledge that the ledgers of one process share."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.steps = Steps()
        self.heads: dict[tuple[str, str], int] = {}  # by channel and epoch: the newest change

    def hear_of(self, channel: str, epoch: str, offset: int) -> None:
        """Take in that there is a change at `offset`: whoever follows the channel is owed it."""
        if offset > self.heads.get((channel, epoch), 0):
            self.heads[channel, epoch] = offset

    def lacks(self, channel: str, follow: Follow) -> bool:
        """Tell whether somebody else heard of a change that has not come here."""
        return follow.last < self.heads.get((channel, follow.epoch), 0)


class Follow:
    """One attendee's ledger of one channel."""

    __slots__ = (
        "_caught_up",
        "_gap",
        "_is_catching_up",
        "_overlapped",
        "_runs",
        "_shown_upto",
        "_told_epoch",
        "document",
        "epoch",
        "is_whole",
        "last",
        "mark",
        "missing_since_s",
        "shown",
        "starts",
    )

    def __init__(self, books: Books) -> None:
        self.document: Document = books.documents.empty
        self.epoch = ""
        self.last = 0
        self.mark = 0
        self.is_whole = False
        self.shown = 0  # how many one-shots
        self.starts: list[Start] = []
        self.missing_since_s = 0.0  # since when a heartbeat has told of something newer; else 0
        self._runs = array("I")  # numbers of shown steps as pairs: from, up to
        self._shown_upto = 0  # one-shots up to here were shown before the newest snapshot
        self._told_epoch = ""  # by the newest heartbeat
        self._gap = 0  # the change that came before what precedes it
        self._is_catching_up = False
        self._caught_up = 0  # what came with the snapshot or the resuming of this connection
        self._overlapped = 0  # up to where that came a second time

    @property
    def since(self) -> tuple[str, int] | None:
        """The place to resume from; None before the first snapshot."""
        return (self.epoch, self.mark) if self.starts else None

    @property
    def runs(self) -> list[int]:
        return self._runs.tolist()

    def disconnected(self) -> None:
        """A new connection begins anew: what was on its way in the old one is gone."""
        self.is_whole = False
        self._gap = 0
        self._is_catching_up = False
        self._caught_up = self._overlapped = 0
        self.missing_since_s = 0.0

    def subscribed(self, mode: str) -> None:
        """The reply to `subscribe` has come; what it announces follows."""
        self._is_catching_up = mode == "resumed"

    def take(self, update: Update, books: Books, note: Note) -> Taken:
        """Take what came for this channel; `note` is told what should not have happened."""
        message = update.message
        if message.op == "snapshot":
            return self._replace(update, books, note)
        if message.epoch != self.epoch:
            return Taken.DROPPED
        if message.op == "change":
            return self._change(update, books, note)
        return self._levels(update, books, note)

    def heartbeat(self, epoch: str, head: int, mark: int, now_s: float) -> None:
        """Note what a heartbeat says; `is_behind` tells when it is time to subscribe again."""
        self._told_epoch = epoch
        if head > self.last or epoch != self.epoch:
            self.missing_since_s = self.missing_since_s or now_s
            return
        self.missing_since_s = 0.0
        self.mark = max(self.mark, mark)

    @property
    def log_goes_on_elsewhere(self) -> bool:
        """Tell whether the log has another epoch now, of which the server tells by a heartbeat only."""
        return self._told_epoch != self.epoch

    def is_behind(self, now_s: float) -> bool:
        """Tell whether something that a heartbeat told of has not come within a second."""
        return bool(self.missing_since_s) and now_s - self.missing_since_s >= 1.0

    def _replace(self, update: Update, books: Books, note: Note) -> Taken:
        message = update.message
        self._settle_gap(message.channel, message.offset, note)
        if message.epoch == self.epoch and message.offset < self.last:
            detail = f"a snapshot older than {self.last}, which was there"
            note("out_of_order", message.channel, message.offset, detail)
        self._shown_upto = 0 if message.reset else max(self._shown_upto, self.last)
        self.document = books.documents.snapshot(update)
        self.epoch = message.epoch
        self.last = self.mark = self._caught_up = message.offset
        self.starts.append(Start(message.epoch, message.offset, message.reset, self.shown))
        self._is_catching_up = False
        return self._became_whole()

    def _change(self, update: Update, books: Books, note: Note) -> Taken:
        message = update.message
        if message.offset <= self.last:
            if not self._is_catching_up and not self._overlaps(message.offset):
                detail = f"sent again unasked; the last was {self.last}"
                note("doubled", message.channel, message.offset, detail)
            return Taken.DROPPED
        if message.prev > self.last:
            self._gap = self._gap or message.offset
            self.mark = min(self.mark, self.last)  # and there it stays until that has come
            return Taken.GAP
        if self._gap and not self._is_catching_up:
            detail = f"came after {self._gap}, which follows it"
            note("out_of_order", message.channel, message.offset, detail)
            self._gap = 0
        self.document = books.documents.change(self.document, update)
        self.last = message.offset
        self.missing_since_s = 0.0
        if message.mark is not None:
            self._set_mark(message.mark)
        for key in update.one_shots if message.offset > self._shown_upto else ():
            self._show(books.steps.number(Shown(self.epoch, message.offset, key)))
        return Taken.APPLIED

    def _overlaps(self, offset: int) -> bool:
        """Tell whether it came with the catching up, and now again since it was on its way to everybody."""
        if not self._overlapped < offset <= self._caught_up:
            return False
        self._overlapped = offset
        return True

    def _levels(self, update: Update, books: Books, note: Note) -> Taken:
        message = update.message
        self.document = books.documents.levels(self.document, update)
        if not self._is_catching_up:
            self._set_mark(message.mark or 0)
            return Taken.APPLIED
        self._settle_gap(message.channel, self.last, note)
        self._is_catching_up = False
        self._caught_up = self.last
        self._set_mark(message.mark or 0)
        return self._became_whole()

    def _set_mark(self, mark: int) -> None:
        """Move the mark, but not past what is missing, and never backwards."""
        if not self._gap and not self.missing_since_s:
            self.mark = max(self.mark, mark)

    def _became_whole(self) -> Taken:
        was_whole, self.is_whole = self.is_whole, True
        self.missing_since_s = 0.0
        return Taken.APPLIED if was_whole else Taken.WHOLE

    def _settle_gap(self, channel: str, upto: int, note: Note) -> None:
        """Note that what was missing has come, by asking for it."""
        if self._gap:
            detail = f"something before it was left out; made good by resuming to {upto}"
            note("lost", channel, self._gap, detail)
        self._gap = 0

    def _show(self, number: int) -> None:
        self.shown += 1
        if self._runs and self._runs[-1] == number:
            self._runs[-1] = number + 1
        else:
            self._runs.extend((number, number + 1))
