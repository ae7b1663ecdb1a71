"""A faulty server's deeds on one connection: one fault each, and what the wire then lacks."""

from __future__ import annotations

from showcaller.testing.meddling_proxy import Message

from .meddled import CHANNEL

NTH = 3  # of the channel's changes that come live


class _Nth:
    """Lets everything pass but for the channel's changes from the NTH on, which `meddle` decides about."""

    def __init__(self) -> None:
        self.seen = 0
        self.offset: int | None = None  # of the change that was meddled with

    def __call__(self, message: Message) -> list[Message]:
        if message["op"] != "change" or message["channel"] != CHANNEL:
            return [message]
        self.seen += 1
        if self.seen == NTH:
            self.offset = message["offset"]
        return self.meddle(message) if self.seen >= NTH else [message]

    def meddle(self, message: Message) -> list[Message]:
        raise NotImplementedError


class Drop(_Nth):
    def meddle(self, message: Message) -> list[Message]:
        return [] if self.seen == NTH else [message]


class Double(_Nth):
    def meddle(self, message: Message) -> list[Message]:
        return [message, message] if self.seen == NTH else [message]


class Swap(_Nth):
    """The NTH comes after the one that follows it."""

    held: Message | None = None

    def meddle(self, message: Message) -> list[Message]:
        if self.seen == NTH:
            self.held = message
            return []
        return [message, self.held] if self.seen == NTH + 1 and self.held else [message]


class Conceal(_Nth):
    """The NTH is left out, and the next says that it follows what was before it."""

    prev = 0

    def meddle(self, message: Message) -> list[Message]:
        if self.seen == NTH:
            self.prev = message["prev"]
            return []
        return [message | {"prev": self.prev}] if self.seen == NTH + 1 else [message]


class Overcount:
    """Every tally is one too high."""

    def __call__(self, message: Message) -> list[Message]:
        if message["op"] == "levels":
            values = {key: (n if n is None else n + 1) for key, n in message["values"].items()}
            return [message | {"values": values}]
        return [message]


class Swallow:
    """One reply to a command never comes."""

    id: str | None = None

    def __call__(self, message: Message) -> list[Message]:
        if message["op"] == "reply" and message["id"].startswith("c") and self.id is None:
            self.id = message["id"]
            return []
        return [message]


class Record:
    """Changes nothing, and keeps what came."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __call__(self, message: Message) -> list[Message]:
        self.messages.append(message)
        return [message]
