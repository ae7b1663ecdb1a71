"""A server's messages, each decoded once however many attendees it reaches.

Pure: bytes in, values out. Of items only digests are kept: attendees compare what they hold, and
show nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

PAYLOADS_KEPT = 128  # of messages to many; each reaches everybody within moments
_FORMATS = {"json": msgspec.json, "msgpack": msgspec.msgpack}


class ErrorBody(Struct, frozen=True):
    code: str
    message: str = ""
    retry: bool = False
    retry_after_ms: int = 0


class Message(Struct, frozen=True):
    """Any message of the server's (PROTOCOL.md §3); what a kind does not have is empty."""

    op: str
    id: str = ""
    ok: bool = False
    result: dict[str, Any] = {}
    error: ErrorBody | None = None
    channel: str = ""
    epoch: str = ""
    offset: int = 0
    prev: int = 0
    at_ms: int = 0
    put: dict[str, Any] = {}
    remove: list[str] = []
    events: list[dict[str, Any]] = []
    mark: int | None = None
    items: dict[str, Any] = {}
    levels: dict[str, int] = {}
    values: dict[str, int | None] = {}
    reset: bool = False
    heartbeat_ms: int = 0
    channels: dict[str, dict[str, int]] = {}
    t1: float = 0.0
    t2: float = 0.0
    t3: float = 0.0
    reconnect_after_ms: int = 0


class Update:
    """A snapshot, a change or levels, made ready for all who receive it.

    `memo` holds what it makes of each document that somebody had (see `documents`).
    """

    __slots__ = ("memo", "message", "one_shots", "put", "sent_ms")

    def __init__(self, message: Message, sent_ms: float | None = None) -> None:
        self.message = message
        self.sent_ms = sent_ms  # when its cause was sent, on the run's clock
        self.memo: dict[object, Any] = {}
        self.put = {key: digest(item) for key, item in (message.put or message.items).items()}
        self.one_shots = tuple(one_shot(event) for event in message.events)


def digest(item: Any) -> int:
    """64 bits of an item's content, the same in both formats and in every process."""
    data = msgspec.json.encode(item, order="deterministic")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def one_shot(event: dict[str, Any]) -> str:
    """Return the key that tells a one-shot from every other."""
    if event.get("type") == "cue":
        return cue_key(event["session"], event["cue"], event["due_ms"])
    if event.get("type") == "announcement":
        return announcement_key(event["id"], event["text"])
    return f"event {digest(event):016x}"


def cue_key(session: str, cue: str, due_ms: int) -> str:
    return f"cue {session} {cue} due {due_ms}"


def announcement_key(id: str, text: str) -> str:
    return f"announcement {id} {digest(text):016x}"


class Stamp:
    """Marks texts with the moment at which they are sent, so that each copy tells how long it took."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._pattern = re.compile(rb"~%s (\d+\.\d)~" % run.encode())

    def text(self, text: str, now_ms: float) -> str:
        return f"{text} ~{self._run} {now_ms:.1f}~"

    def find(self, payload: bytes) -> float | None:
        match = self._pattern.search(payload)
        return float(match[1]) if match else None


class Decoder:
    """Decodes one format's payloads; those that reach many come out as the same `Update`."""

    def __init__(
        self, format: str, stamp: Stamp, on_new: Callable[[Update], None] = lambda _: None
    ) -> None:
        self._decode = _FORMATS[format].Decoder(Message).decode
        self._stamp = stamp
        self._on_new = on_new  # is told of each update once
        self._known: OrderedDict[bytes, Update] = OrderedDict()

    def decode(self, payload: bytes) -> Update | Message:
        """Raises `msgspec.ValidationError` or `DecodeError`."""
        known = self._known.get(payload)
        return known if known is not None else self._decode_new(payload)

    def _decode_new(self, payload: bytes) -> Update | Message:
        message: Message = self._decode(payload)
        if message.op not in ("change", "levels", "snapshot"):
            return message
        sent_ms = self._stamp.find(payload) if is_first_showing(message) else None
        update = self._known[payload] = Update(message, sent_ms)
        if len(self._known) > PAYLOADS_KEPT:
            self._known.popitem(last=False)
        self._on_new(update)
        return update


def is_first_showing(message: Message) -> bool:
    """Tell whether a change shows a text right after it was written, and not once more for another reason."""
    if message.events:
        return True
    return any(
        type(item) is dict and item.get("asked_ms") == message.at_ms
        for item in message.put.values()
    )
