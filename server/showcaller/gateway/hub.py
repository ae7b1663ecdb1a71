"""Fan-out for one event: each message is encoded once per format and the same bytes go to every follower."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..broker.base import Entry
from ..domain.facts import AnyFact
from ..domain.outcome import Outcome
from ..errors import CLOSE_BANNED
from ..protocol.codec import FORMATS, Format, encode
from ..protocol.messages import ServerMessage, Snapshot
from ..show.live_event import LiveEvent
from ..show.projection import session_of
from .counters import Counters

if TYPE_CHECKING:
    from .connection import LiveConnection


class Hub:
    """A `show.listener.Listener`. Channels are known here by their internal names.

    To follow without loss, call `event.open` and `follow` in one step of the event loop.
    """

    def __init__(self, event: LiveEvent, counters: Counters) -> None:
        self.event = event
        self.connections: set[LiveConnection] = set()
        self._counters = counters
        self._followers: dict[tuple[str, Format], set[LiveConnection]] = {}
        self._snapshots: dict[tuple[str, Format], tuple[Snapshot, bytes]] = {}

    # Who follows what ---------------------------------------------------------------------------

    def follow(self, channel: str, connection: LiveConnection) -> None:
        self._followers.setdefault((channel, connection.format), set()).add(connection)

    def unfollow(self, channel: str, connection: LiveConnection) -> None:
        key = (channel, connection.format)
        followers = self._followers.get(key)
        if followers is None:
            return
        followers.discard(connection)
        if not followers:
            del self._followers[key]
            self._snapshots.pop(key, None)

    def audience(self) -> tuple[int, dict[str, int]]:
        """How many sockets there are, and how many follow each session."""
        present: dict[str, int] = {}
        for (channel, _), followers in self._followers.items():
            if (session := session_of(channel)) is not None:
                present[session] = present.get(session, 0) + len(followers)
        return len(self.connections), present

    # Listener -----------------------------------------------------------------------------------

    def on_message(self, channel: str, message: ServerMessage) -> None:
        for format in FORMATS:
            followers = self._followers.get((channel, format))
            if followers:
                self._broadcast(tuple(followers), encode(message, format))

    def on_folded(self, entry: Entry, fact: AnyFact, outcome: Outcome) -> None:
        if outcome.banned or outcome.revoked:
            for connection in tuple(self.connections):
                who = connection.principal
                if who and (who.person in outcome.banned or who.token in outcome.revoked):
                    connection.close(CLOSE_BANNED, "banned")

    def on_reset(self) -> None:
        for connection in tuple(self.connections):
            connection.start_over()

    def _broadcast(self, followers: tuple[LiveConnection, ...], frame: bytes) -> None:
        for follower in followers:
            try:
                follower.write(frame)
            except RuntimeError:  # uvloop: its transport is lost; `connection_lost` is on its way
                pass
        self._counters.messages_sent += len(followers)
        self._counters.bytes_sent += len(followers) * len(frame)

    # Snapshots ----------------------------------------------------------------------------------

    def encode(self, channel: str, message: ServerMessage, format: Format) -> bytes:
        """The message as a frame; a snapshot that somebody else was just sent is not encoded again."""
        if not isinstance(message, Snapshot) or message.channel != channel:  # `me` is nobody else's
            return encode(message, format)
        known = self._snapshots.get((channel, format))
        if known is not None and (known[0] is message or known[0] == message):
            return known[1]
        frame = encode(message, format)
        self._snapshots[channel, format] = (message, frame)
        return frame
