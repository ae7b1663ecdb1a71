"""A channel as PROTOCOL.md §3 and §4 have a server keep it: the other side of the follower's law."""

from __future__ import annotations

from collections import deque
from typing import Any

Message = dict[str, Any]


class ModelChannel:
    """Log, ring, levels and marks of one channel, with one subscriber's connection in `wire`."""

    def __init__(self, name: str = "c", ring: int = 6) -> None:
        self.name = name
        self.ring_size = ring
        self.wire: deque[Message] = deque()
        self.epoch = "e0"
        self._epochs = 0
        self._begin()

    def _begin(self) -> None:
        self.ends: dict[str, int] = {}  # of the epochs that the log goes on from
        self.offset = 0  # the log's head; other channels' facts move it too
        self.head = 0
        self.items: dict[str, Any] = {}
        self.levels: dict[str, int] = {}
        self.changes: list[Message] = []
        self._level_offsets: dict[str, int] = {}
        self._pending: dict[str, int] = {}

    @property
    def mark(self) -> int:
        return min(self._pending.values(), default=self.offset + 1) - 1

    def elsewhere(self) -> None:
        """A fact that this channel does not show."""
        self.offset += 1

    def change(self, put: dict[str, Any], remove: list[str], events: list[Any]) -> None:
        self.offset += 1
        self.items |= put
        for key in remove:
            self.items.pop(key, None)
        message = {
            "op": "change",
            "channel": self.name,
            "epoch": self.epoch,
            "offset": self.offset,
            "prev": self.head,
            "at_ms": self.offset,
            "put": put,
            "remove": remove,
            "events": events,
        }
        self.head = self.offset
        if not self._pending:
            message["mark"] = self.mark
        self.changes.append(message)
        self.wire.append(message)

    def level(self, key: str, value: int | None) -> None:
        self.offset += 1
        if value is None:
            self.levels.pop(key, None)
        else:
            self.levels[key] = value
        self._level_offsets[key] = self.offset
        self._pending.setdefault(key, self.offset)

    def flush(self) -> None:
        if self._pending:
            keys, self._pending = list(self._pending), {}
            self.wire.append(self._levels(keys))

    def heartbeat(self) -> dict[str, Any]:
        return {"head": self.head, "mark": self.mark, "epoch": self.epoch}

    def go_on(self) -> None:
        """The log goes on under another epoch: a heartbeat tells."""
        self.ends[self.epoch] = self.offset
        self._name_epoch()

    def _name_epoch(self) -> None:
        self._epochs += 1
        self.epoch = f"e{self._epochs}"

    def lose_log(self) -> None:
        """The log was another one: everybody gets a snapshot of it."""
        self._name_epoch()
        self._begin()
        self.wire.append(self._snapshot(reset=True))

    def subscribe(self, since: dict[str, Any] | None) -> None:
        """Put the reply and what it announces on the wire."""
        resumable = since is not None and self._resumable(since)
        comes_over = since is not None and since["epoch"] != self.epoch
        mode = "resumed" if resumable and not comes_over else "snapshot"
        self.wire.append({"op": "reply", "mode": mode})
        if since is None or not resumable:
            self.wire.append(self._snapshot(reset=since is not None))
            return
        if comes_over:
            self.wire.append(self._snapshot(reset=False) | {"offset": since["offset"]})
        for change in self.changes:
            if change["offset"] > since["offset"]:  # without a mark: its levels come last
                now = {k: v for k, v in change.items() if k != "mark"}
                self.wire.append(now | {"epoch": self.epoch})
        keys = [key for key, at in self._level_offsets.items() if at > since["offset"]]
        self.wire.append(self._levels(keys))

    def _resumable(self, since: dict[str, Any]) -> bool:
        if since["epoch"] != self.epoch and since["offset"] > self.ends.get(since["epoch"], -1):
            return False
        older = self.changes[: -self.ring_size]
        return not older or since["offset"] >= older[-1]["offset"]

    def _snapshot(self, reset: bool) -> Message:
        return {
            "op": "snapshot",
            "channel": self.name,
            "epoch": self.epoch,
            "offset": self.offset,
            "items": dict(self.items),
            "levels": dict(self.levels),
            "reset": reset,
        }

    def _levels(self, keys: list[str]) -> Message:
        values = {key: self.levels.get(key) for key in keys}
        return {
            "op": "levels",
            "channel": self.name,
            "epoch": self.epoch,
            "values": values,
            "mark": self.mark,
        }
