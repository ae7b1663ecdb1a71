"""A client of one channel as `client_sdk/PROTOCOL.md` §4 describes it, and nothing more."""

from __future__ import annotations

from typing import Any

import msgspec

from ..protocol.messages import ChannelHead, ServerMessage, Since


class ModelClient:
    """`items` and `levels` are what it holds, `events` every one-shot that it showed."""

    def __init__(self) -> None:
        self.epoch = ""
        self.items: dict[str, Any] = {}
        self.levels: dict[str, int] = {}
        self.events: list[Any] = []
        self.last = 0
        self.mark = 0
        self.resets = 0
        self._shown = 0  # one-shots up to here were shown before the newest snapshot

    @property
    def since(self) -> Since | None:
        """The mark with which it subscribes again; None before the first snapshot."""
        return Since(self.epoch, self.mark) if self.epoch else None

    def receive(self, message: ServerMessage) -> bool:
        """Take a message of the channel. False: something is missing, subscribe again."""
        wire = msgspec.json.decode(msgspec.json.encode(message))
        if wire["op"] == "snapshot":
            self._replace(wire)
            return True
        if wire["epoch"] != self.epoch:
            return True
        return self._change(wire) if wire["op"] == "change" else self._levels(wire)

    def heartbeat(self, epoch: str, head: ChannelHead) -> bool:
        """Take what a heartbeat says of the channel, with no change on its way. As `receive`."""
        if epoch != self.epoch or head.head > self.last:
            return False
        self.mark = head.mark
        return True

    def _replace(self, wire: dict[str, Any]) -> None:
        self._shown = 0 if wire["reset"] else max(self._shown, self.last)
        self.epoch = wire["epoch"]
        self.items, self.levels = wire["items"], wire["levels"]
        self.last = self.mark = wire["offset"]
        self.resets += wire["reset"]

    def _change(self, wire: dict[str, Any]) -> bool:
        if wire["offset"] <= self.last:
            return True
        if wire["prev"] > self.last:
            return False
        self.items.update(wire.get("put", {}))
        for key in wire.get("remove", ()):
            self.items.pop(key, None)
        if wire["offset"] > self._shown:
            self.events += wire.get("events", ())
        self.last = wire["offset"]
        self.mark = wire.get("mark", self.mark)
        return True

    def _levels(self, wire: dict[str, Any]) -> bool:
        for key, value in wire["values"].items():
            if value is None:
                self.levels.pop(key, None)
            else:
                self.levels[key] = value
        self.mark = wire["mark"]
        return True
