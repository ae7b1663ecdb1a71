"""Channels' contents as attendees hold them, shared by all who hold the same.

A document never changes; what follows from a document and an update is worked out once for everybody. So
ten thousand attendees cost about as much memory as the few different things that they see.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

from .messages import Update


class Document:
    """`items`: key to the digest of its item. `levels`: key to number."""

    __slots__ = ("__weakref__", "items", "levels", "sums")

    def __init__(
        self, items: dict[str, int], levels: dict[str, int], sums: tuple[int, int]
    ) -> None:
        self.items = items
        self.levels = levels
        self.sums = sums  # of all pairs' hashes: tell two contents apart


_Make = Callable[[Document, Update], Document]


class Documents:
    """The contents that somebody holds now."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[int, int], Document] = WeakValueDictionary()
        self.empty = Document({}, {}, (0, 0))

    def snapshot(self, update: Update) -> Document:
        """The whole content that a snapshot tells."""
        known = update.memo.get(None)
        if known is None:
            known = update.memo[None] = self._shared(update.put, dict(update.message.levels))
        return known

    def change(self, before: Document, update: Update) -> Document:
        """PROTOCOL.md §4: apply `put`, then `remove`."""
        return self._after(before, update, self._changed)

    def levels(self, before: Document, update: Update) -> Document:
        """PROTOCOL.md §4: replace the levels that are named; null removes one."""
        return self._after(before, update, self._levelled)

    def _after(self, before: Document, update: Update, make: _Make) -> Document:
        after = update.memo.get(before)
        if after is None:
            after = update.memo[before] = make(before, update)
        return after

    def _changed(self, before: Document, update: Update) -> Document:
        if not update.put and not update.message.remove:
            return before
        items = {**before.items, **update.put}
        for key in update.message.remove:
            items.pop(key, None)
        return self._shared(items, before.levels)

    def _levelled(self, before: Document, update: Update) -> Document:
        if not update.message.values:
            return before
        levels = dict(before.levels)
        for key, value in update.message.values.items():
            if value is None:
                levels.pop(key, None)
            else:
                levels[key] = value
        return self._shared(before.items, levels)

    def _shared(self, items: dict[str, int], levels: dict[str, int]) -> Document:
        sums = (_sum(items), _sum(levels))
        known = self._known.get(sums)
        if known is None:
            known = self._known[sums] = Document(items, levels, sums)
        return known


def _sum(pairs: dict[str, int]) -> int:
    """Sum the pairs' hashes, as texts: those of tuples nearly add up, so that a vote given to another
    question would go unnoticed."""
    return sum(hash(f"{key} {value}") for key, value in pairs.items())
