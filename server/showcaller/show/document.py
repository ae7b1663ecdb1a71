"""One channel as its followers hold it: a keyed document, its newest changes, and its levels.

Invariant: `items` and `levels` are what a client holds who was sent everything up to the newest fact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, takewhile
from typing import Any, NamedTuple

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ..protocol.messages import Change, ChannelHead, Levels, Snapshot

CHANGES_KEPT = 1_000


class Missed(NamedTuple):
    """The numbers of changes and of levels that a client has missed, counted from the newest."""

    changes: int
    levels: int


class KeptChange(Struct, array_like=True):
    """A change as a snapshot keeps it: of its views only the keys, of those that are still shown."""

    offset: int
    prev: int
    at_ms: int
    put: list[str]
    remove: list[str]
    events: list[Any]


class Kept(Struct, array_like=True):
    """A channel's part of a snapshot, for those who resume. `levels`: where each changed, newest last."""

    head: int
    floor: int
    changes: list[KeptChange]
    levels: list[tuple[str, int]]


class Document:
    """One channel. Changes above `floor` are known; `head` is the offset of the newest one."""

    def __init__(
        self,
        channel: str,  # as clients name it
        epoch: str,
        items: dict[str, Any],
        levels: dict[str, int],
        *,
        floor: int,
        head: int = 0,
        changes_kept: int = CHANGES_KEPT,
    ) -> None:
        self.channel = channel
        self.epoch = epoch
        self.items = items
        self.levels = levels
        self.floor = floor
        self.head = head
        self._changes_kept = changes_kept
        self._changes: deque[Change] = deque()
        self._level_offsets: dict[str, int] = {}  # where each changed last, the newest last
        self._unsent: set[str] = set()  # keys of levels that changed since the last flush
        self._unsent_since = 0  # offset of the first of these changes

    def mark(self, folded: int) -> int:
        """Return the offset up to which everything has been sent; `folded` is the newest fact's."""
        return self._unsent_since - 1 if self._unsent else folded

    def set_levels(self, levels: Mapping[str, int | None], offset: int) -> None:
        """Note the newest values of levels (None: there is none), for the next flush."""
        for key, value in levels.items():
            if self.levels.get(key) != value:
                self._set_level(key, value, offset)

    def _set_level(self, key: str, value: int | None, offset: int) -> None:
        if value is None:
            del self.levels[key]
        else:
            self.levels[key] = value
        if not self._unsent:
            self._unsent_since = offset
        self._unsent.add(key)
        self._level_offsets.pop(key, None)
        self._level_offsets[key] = offset

    def flush_levels(self, folded: int) -> Levels | None:
        """The levels that changed since the last flush; None if there are none."""
        if not self._unsent:
            return None
        values = {key: self.levels.get(key) for key in sorted(self._unsent)}
        self._unsent.clear()
        return Levels(channel=self.channel, epoch=self.epoch, values=values, mark=folded)

    def change(
        self, offset: int, at_ms: int, put: Mapping[str, Any], events: list[Any]
    ) -> Change | None:
        """Publish what the fact at `offset` changed (None removes); None if that is nothing.

        Levels that the same fact changed must have been set before: the mark depends on them.
        """
        put = {key: view for key, view in put.items() if self.items.get(key) != view}
        if not put and not events:
            return None
        shown = {key: view for key, view in put.items() if view is not None}
        removed = [key for key in put if key not in shown]
        self.items.update(shown)
        for key in removed:
            del self.items[key]
        change = Change(
            channel=self.channel,
            epoch=self.epoch,
            offset=offset,
            prev=self.head,
            at_ms=at_ms,
            put=shown or UNSET,
            remove=removed or UNSET,
            events=events or UNSET,
            mark=UNSET if self._unsent else offset,
        )
        self.head = offset
        self._keep(change)
        return change

    def _keep(self, change: Change) -> None:
        """Keep it for those who resume."""
        self._changes.append(change)
        if len(self._changes) > self._changes_kept:
            self.floor = self._changes.popleft().offset

    def snapshot(self, folded: int, *, reset: bool) -> Snapshot:
        return Snapshot(
            channel=self.channel,
            epoch=self.epoch,
            offset=folded,
            items=dict(self.items),
            levels=dict(self.levels),
            reset=reset,
        )

    def missed(self, since: int) -> Missed | None:
        """Return how much a follower missed since that offset; None if that is not known."""
        if since < self.floor:
            return None
        return Missed(
            changes=_count_above(since, (one.offset for one in reversed(self._changes))),
            levels=_count_above(since, reversed(self._level_offsets.values())),
        )

    def resume(self, missed: Missed, folded: int) -> list[Change | Levels]:
        """Return what was missed: the newest changes, and one `Levels`."""
        first = len(self._changes) - missed.changes
        changes: list[Change | Levels] = [
            self._as_of_now(change) for change in islice(self._changes, first, None)
        ]
        keys = islice(reversed(self._level_offsets), missed.levels)
        values = {key: self.levels.get(key) for key in keys}
        return [
            *changes,
            Levels(channel=self.channel, epoch=self.epoch, values=values, mark=folded),
        ]

    def carry_over(self, missed: Missed, folded: int) -> list[Snapshot | Change | Levels]:
        """Return the whole channel for one who comes from an earlier epoch, and then what they missed.

        The latter for its one-shots: the snapshot shows all the rest.
        """
        after = self._changes[-missed.changes].offset - 1 if missed.changes else folded
        return [self.snapshot(after, reset=False), *self.resume(missed, folded)]

    def _as_of_now(self, change: Change) -> Change:
        """The change without views that later ones replaced or removed: an erased text stays erased.

        Where there are levels, it has no mark, since they are sent after it.
        """
        put = {} if change.put is UNSET else change.put
        left = {key: view for key, view in put.items() if self.items.get(key) is view}
        mark = UNSET if self._level_offsets else change.offset
        return replace(change, epoch=self.epoch, put=left or UNSET, mark=mark)

    def keep(self) -> Callable[[], Kept]:
        """Return what makes a copy of what is kept for those who resume, as it is now, whenever called."""
        head, floor, items = self.head, self.floor, dict(self.items)
        changes, levels = list(self._changes), list(self._level_offsets.items())
        return lambda: Kept(head, floor, [_keep(change, items) for change in changes], levels)

    def restore(self, kept: Kept) -> None:
        """Let followers resume from what was kept when this document was as it is."""
        self.head, self.floor = kept.head, kept.floor
        self._changes = deque(self._restored(change) for change in kept.changes)
        self._level_offsets = dict(kept.levels)

    def _restored(self, kept: KeptChange) -> Change:
        return Change(
            channel=self.channel,
            epoch=self.epoch,
            offset=kept.offset,
            prev=kept.prev,
            at_ms=kept.at_ms,
            put={key: self.items[key] for key in kept.put if key in self.items} or UNSET,
            remove=kept.remove or UNSET,
            events=kept.events or UNSET,
        )

    def channel_head(self, folded: int) -> ChannelHead:
        return ChannelHead(head=self.head, mark=self.mark(folded))


def _keep(change: Change, items: Mapping[str, Any]) -> KeptChange:
    put = {} if change.put is UNSET else change.put
    return KeptChange(
        offset=change.offset,
        prev=change.prev,
        at_ms=change.at_ms,
        put=[key for key, view in put.items() if items.get(key) is view],
        remove=[] if change.remove is UNSET else change.remove,
        events=[] if change.events is UNSET else change.events,
    )


def _count_above(offset: int, newest_first: Iterable[int]) -> int:
    return sum(1 for _ in takewhile(lambda one: one > offset, newest_first))
