"""All channels of an event on this node, kept up to date fact by fact.

Invariant: after `fold(offset, …)` every document equals one made anew from the state. So a snapshot and
the changes after it always lead to the same.

A person's own channel is made when they open it and forgotten when many others were used since. It is
never resumed, only sent anew: it is small, and has no one-shots that could be lost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from ..domain.ids import PersonId
from ..domain.outcome import Outcome
from ..domain.people import Principal
from ..domain.state import State
from ..domain.touches import EventTouch, PersonTouch, Touch, in_order
from ..errors import Unavailable
from ..protocol.messages import Change, ChannelHead, Levels, ServerMessage, Since, Snapshot
from . import views
from .audience import is_audience
from .document import CHANGES_KEPT, Document, Kept, Missed
from .names import Names
from .opening import Opening
from .projection import Projection, person_channel

OWN_CHANNELS_KEPT = 20_000
OPENINGS_KEPT = 64


def _goes_on_from_none(epoch: str) -> int | None:
    return None


class Channels:
    """The documents as of the newest fact. Internally a person's `me` is named `person/{id}`.

    `epoch` is the one that clients are told; `ended` tells of an earlier epoch of the log where that ended
    (`EventLog.ended`).
    """

    def __init__(
        self,
        state: State,
        names: Names,
        epoch: str,
        *,
        ended: Callable[[str], int | None] = _goes_on_from_none,
        own_kept: int = OWN_CHANNELS_KEPT,
        changes_kept: int = CHANGES_KEPT,
    ) -> None:
        self._state = state
        self._epoch = epoch
        self._ended = ended
        self._own_kept = own_kept
        self._changes_kept = changes_kept
        self._documents: dict[str, Document] = {}
        self._own: OrderedDict[str, Document] = OrderedDict()  # least recently used first
        self._openers: dict[str, Principal] = {}  # whose token opened it last
        self._openings: dict[tuple[str, Missed | bool, bool], Opening] = {}  # as of the newest fact
        self._projection = Projection(state, names, self._documents, self._own)
        self._folded = state.folded
        self._make_documents()

    # Reading --------------------------------------------------------------------------------------

    def exists(self, channel: str) -> bool:
        return channel in self._documents or channel in self._own

    def snapshot(self, channel: str, reset: bool = False) -> Snapshot:
        """The whole channel as of the newest fact. The caller may keep it: it will not change."""
        return self._document(channel).snapshot(self._folded, reset=reset)

    def resume(self, channel: str, since: Since) -> list[ServerMessage] | None:
        """The changes missed since then, and one `Levels`; None: send a snapshot.

        Raises `Unavailable` when another node has told the client more than this one knows yet.
        """
        missed = self._missed(channel, since)
        if missed is None or since.epoch != self._epoch:
            return None
        return list(self._document(channel).resume(missed, self._folded))

    def open(self, channel: str, since: Since | None) -> Opening:
        """Return what a new follower is sent: what they missed if that is known, else a snapshot.

        Shared by all who are to be sent the same. Raises `Unavailable` as `resume` does.
        """
        missed = self._missed(channel, since) if since is not None else None
        is_lost = since is not None and missed is None and self._has_one_shots(channel)
        comes_over = since is not None and since.epoch != self._epoch
        if channel in self._own:
            return Opening("snapshot", [self.snapshot(channel)])
        key = (channel, missed or is_lost, comes_over)
        opening = self._openings.get(key)
        if opening is None:
            if len(self._openings) >= OPENINGS_KEPT:
                self._openings.clear()
            opening = self._make_opening(channel, missed, is_lost, comes_over)
            self._openings[key] = opening
        return opening

    def _make_opening(
        self, channel: str, missed: Missed | None, is_lost: bool, comes_over: bool
    ) -> Opening:
        if missed is None:
            return Opening("snapshot", [self.snapshot(channel, is_lost)])
        document = self._document(channel)
        if comes_over:
            return Opening("snapshot", document.carry_over(missed, self._folded))
        return Opening("resumed", document.resume(missed, self._folded))

    def _missed(self, channel: str, since: Since) -> Missed | None:
        """Return what was missed since then; None if that is not known, or was in another log."""
        log_then, log_now = _log_of(since.epoch), _log_of(self._epoch)
        end = self._folded if log_then == log_now else self._ended(log_then)
        if since.offset > self._folded and (log_then == log_now or since.offset <= (end or 0)):
            raise Unavailable("this node is behind: try again", retry_after_s=1)
        if not self._has_one_shots(channel) or end is None or since.offset > end:
            return None
        return self._document(channel).missed(since.offset)

    def _has_one_shots(self, channel: str) -> bool:
        """Tell whether a channel's changes are kept; others are always sent anew, and lose nothing by it."""
        return channel not in self._own and not is_audience(channel)

    def enter_epoch(self, epoch: str) -> None:
        """Go on under another epoch: the log did so, from what these channels show."""
        self._epoch = epoch
        self._openings.clear()
        for document in (*self._documents.values(), *self._own.values()):
            document.epoch = epoch

    def keep(self) -> Iterator[bytes]:
        """Return, for a snapshot, what is kept for those who resume, as of now; encoded piece by piece."""
        makes = {
            channel: document.keep()
            for channel, document in self._documents.items()
            if self._has_one_shots(channel)
        }
        encode = msgspec.msgpack.encode
        return chain(
            (b"\xdf" + len(makes).to_bytes(4, "big"),),  # a map in MessagePack ("map 32")
            (encode(channel) + encode(make()) for channel, make in makes.items()),
        )

    def restore(self, kept: Mapping[str, Kept]) -> None:
        """Let followers resume from what a snapshot of this very state has kept."""
        for channel in kept.keys() & self._documents.keys():
            self._documents[channel].restore(kept[channel])

    def head(self, channel: str) -> ChannelHead:
        """The newest change and mark. Of an own channel that was forgotten: such that it is reopened."""
        if not self.exists(channel):
            return ChannelHead(head=self._folded, mark=self._folded)
        return self._document(channel).channel_head(self._folded)

    def open_own(self, principal: Principal) -> str:
        """Make the person's own channel, if it is not there, and return its internal name."""
        channel = person_channel(principal.person)
        self._openers[channel] = principal
        document = self._own.pop(channel, None)
        if document is None:
            document = self._make_own(channel, principal.person)
        else:  # perhaps with a token of other roles
            document.items["person"] = self._person_view(channel)
        self._own[channel] = document
        self._forget_own()
        return channel

    def _make_own(self, channel: str, person: PersonId) -> Document:
        items = dict(self._projection.own_items(person))
        items["person"] = self._person_view(channel)
        # Its true head is unknown; this one makes those who follow an older document open it again.
        now = self._folded
        return Document("me", self._epoch, items, {}, floor=now, head=now, changes_kept=0)

    def _forget_own(self) -> None:
        while len(self._own) > self._own_kept:
            channel, _ = self._own.popitem(last=False)
            del self._openers[channel]

    def _document(self, channel: str) -> Document:
        document = self._documents.get(channel)
        if document is not None:
            return document
        document = self._own.pop(channel)
        self._own[channel] = document  # most recently used
        return document

    # Folding --------------------------------------------------------------------------------------

    def fold(self, offset: int, at_ms: int, outcome: Outcome) -> list[tuple[str, Change]]:
        """Look again at what the fact at `offset` touched. One change for each channel that differs."""
        self._folded = offset
        self._openings.clear()
        touched = self._projection.touched(outcome)
        if EventTouch() in touched:
            self._make_documents()
            touched.update(self._projection.agenda())
        found, events = self._look(in_order(touched)), self._events(outcome)
        for channel, levels in found.levels.items():
            if channel in self._documents:
                self._documents[channel].set_levels(levels, offset)
        changes = []
        for channel in dict.fromkeys((*found.items, *events)):
            document = self._documents.get(channel) or self._own.get(channel)
            if document is None:
                continue
            put = found.items.get(channel, {})
            change = document.change(offset, at_ms, put, events.get(channel, []))
            if change is not None:
                changes.append((channel, change))
        return changes

    def show_audience(self, levels: Mapping[str, Mapping[str, int]]) -> None:
        """Note the newest sums of every audience channel; what is not named there is gone."""
        self._openings.clear()
        for channel, document in self._documents.items():
            if is_audience(channel):
                now = levels.get(channel, {})
                gone = dict.fromkeys(document.levels.keys() - now.keys())
                document.set_levels({**now, **gone}, self._folded)

    def flush_levels(self) -> list[tuple[str, Levels]]:
        """The newest levels of each channel where some changed; call it four times a second."""
        flushed = []
        for channel, document in self._documents.items():
            levels = document.flush_levels(self._folded)
            if levels is not None:
                flushed.append((channel, levels))
        return flushed

    def _look(self, touched: Iterable[Touch]) -> _Found:
        """Look at what was touched, as the channels show it now."""
        found = _Found({}, {})
        for touch in touched:
            for channel, key, view in self._projection.items(touch):
                found.items.setdefault(channel, {})[key] = view
            for channel, key, level in self._projection.levels(touch):
                found.levels.setdefault(channel, {})[key] = level
            if (
                isinstance(touch, PersonTouch)
                and (own := person_channel(touch.person)) in self._own
            ):
                found.items.setdefault(own, {})["person"] = self._person_view(own)
        return found

    def _events(self, outcome: Outcome) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for channel, event in self._projection.events(outcome):
            found.setdefault(channel, []).append(event)
        return found

    def _person_view(self, channel: str) -> views.PersonView:
        return views.person(self._openers[channel], self._projection.name_of)

    def _make_documents(self) -> None:
        """Make those that are missing: all of them at first, a new session's when it is published."""
        missing = [c for c in self._projection.channels() if c not in self._documents]
        found = self._look(self._projection.everything() if missing else ())
        for channel in missing:
            items = _present(found.items.get(channel, {}))
            levels = _present(found.levels.get(channel, {}))
            self._documents[channel] = Document(
                channel,
                self._epoch,
                items,
                levels,
                floor=self._folded,
                changes_kept=self._changes_kept,
            )


def _log_of(epoch: str) -> str:
    """The log's own epoch; a shown one goes on with the fold's version."""
    return epoch.partition(".")[0]


class _Found(NamedTuple):
    """Views and levels that were found, by channel and key; None: nothing is shown there."""

    items: dict[str, dict[str, Any]]
    levels: dict[str, dict[str, int | None]]


def _present(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}
