"""One channel, followed without loss (PROTOCOL.md §4). Pure: knows neither socket nor clock.

    follower = Follower("agenda")
    update = follower.receive(message, now_s)      # what to show, or None
    if follower.resubscribe_due(now_s):            # something is missing
        send({"op": "subscribe", "since": follower.begin_resume(), …})

After a lost connection call `begin_resume()` at once: it needs no gap. `receive` takes every message
of the channel, and the reply to a `subscribe` goes to `resumed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Message = Mapping[str, Any]

HEAD_PATIENCE_S = 1.0  # how long a change that a heartbeat announced may still be on its way


@dataclass(frozen=True, kw_only=True)
class Update:
    """One message's effect on a channel.

    A `snapshot` carries all of `put` and `levels` and stands in place of everything before; with
    `reset`, what was shown before may be of a history that is lost, and one-shot events in between are gone.
    In `levels`, None removes.
    """

    channel: str
    kind: Literal["snapshot", "change", "levels"]
    put: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    levels: Mapping[str, float | None] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()
    at_ms: int | None = None  # server time of the fact behind a `change`
    reset: bool = False


class Follower:
    """Holds a channel's `items` and `levels` and knows from where to resume."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.items: dict[str, Any] = {}
        self.levels: dict[str, float] = {}
        self.epoch: str | None = None  # None: nothing received yet
        self.last = 0
        self.mark = 0
        self._shown = 0  # one-shots up to here were shown before the newest snapshot
        self._head = 0  # a change that is known to exist, though it may not have come yet
        self._ask_at_s: float | None = None  # when to subscribe again
        self._asked = False

    def receive(self, message: Message, now_s: float) -> Update | None:
        """Fold one message from the server; `now_s` is any steady clock."""
        op = message["op"]
        if op == "snapshot":
            return self._replace(message)
        if message.get("epoch") != self.epoch:
            return None  # of another log: a snapshot follows
        if op == "change":
            return self._change(message, now_s)
        if op == "levels":
            return self._set_levels(message)
        return None

    def heartbeat(self, head: int, mark: int, epoch: str, now_s: float) -> None:
        """Take what a heartbeat says of this channel (§3, §4)."""
        if self.epoch is None or self._asked:
            return
        if epoch != self.epoch:
            self._ask_by(now_s + HEAD_PATIENCE_S)
            return
        self._head = max(self._head, head)
        if self._incomplete:
            self._ask_by(now_s + HEAD_PATIENCE_S)
        else:
            self._ask_at_s = None
            self._advance(mark)

    def resubscribe_due(self, now_s: float) -> bool:
        """Tell whether something has been missing for too long: subscribe again."""
        return not self._asked and self._ask_at_s is not None and now_s >= self._ask_at_s

    def begin_resume(self) -> dict[str, Any] | None:
        """Return the `since` of the subscription to send now; None where there is nothing to resume."""
        self._asked = True
        if self.epoch is None:
            return None
        if self._incomplete:  # the mark may have passed what went missing
            self.mark = min(self.mark, self.last)
        return {"epoch": self.epoch, "offset": self.mark}

    def resumed(self) -> None:
        """Note that the reply came: what is missing follows it, in order."""
        self._asked = False
        self._ask_at_s = None

    def resume_again_at(self, at_s: float) -> None:
        """Note that the subscription was refused for now: it is due again at `at_s`."""
        self._asked = False
        self._ask_at_s = at_s

    def whole(self) -> Update:
        """Return everything held, as a snapshot."""
        return Update(
            channel=self.channel, kind="snapshot", put=dict(self.items), levels=dict(self.levels)
        )

    def _replace(self, message: Message) -> Update:
        self._shown = 0 if message.get("reset") else max(self._shown, self.last)
        self.items = dict(message["items"])
        self.levels = dict(message["levels"])
        self.epoch = message["epoch"]
        self.last = self.mark = self._head = message["offset"]
        self.resumed()
        return Update(
            channel=self.channel,
            kind="snapshot",
            put=dict(self.items),
            levels=dict(self.levels),
            reset=bool(message.get("reset")),
        )

    def _change(self, message: Message, now_s: float) -> Update | None:
        if message["offset"] <= self.last:
            return None  # applied already: it came again with a resume
        if message["prev"] > self.last:
            self._head = max(self._head, message["offset"])
            self._ask_by(now_s)
            return None
        put, remove = message.get("put", {}), tuple(message.get("remove", ()))
        is_shown = message["offset"] <= self._shown
        self.items.update(put)
        for key in remove:
            self.items.pop(key, None)
        self.last = message["offset"]
        if not self._incomplete:
            self._ask_at_s = None
        if "mark" in message:
            self._advance(message["mark"])
        return Update(
            channel=self.channel,
            kind="change",
            put=put,
            remove=remove,
            events=() if is_shown else tuple(message.get("events", ())),
            at_ms=message.get("at_ms"),
        )

    def _set_levels(self, message: Message) -> Update:
        values: Mapping[str, float | None] = message["values"]
        for key, value in values.items():
            if value is None:
                self.levels.pop(key, None)
            else:
                self.levels[key] = value
        self._advance(message["mark"])
        return Update(channel=self.channel, kind="levels", levels=values)

    @property
    def _incomplete(self) -> bool:
        return self._head > self.last

    def _advance(self, mark: int) -> None:
        self.mark = max(self.mark, mark)

    def _ask_by(self, at_s: float) -> None:
        self._ask_at_s = at_s if self._ask_at_s is None else min(self._ask_at_s, at_s)
