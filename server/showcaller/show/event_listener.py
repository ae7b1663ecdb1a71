"""The listener of a running event: `gateway` and `media` implement it, `show` calls it.

All calls come on the event loop, in log order, and must not block or await.
"""

from __future__ import annotations

from typing import Protocol

from ..broker.base import Entry
from ..domain.facts import Fact
from ..domain.outcome import Outcome
from ..protocol.messages import ServerMessage, Since


class EventListener(Protocol):
    """A part that follows a running event."""

    def on_folded(self, entry: Entry, fact: Fact, outcome: Outcome) -> None:
        """A fact was folded (refused ones too)."""
        ...

    def on_message(self, channel: str, message: ServerMessage) -> None:
        """A `Change` or `Levels` for everybody who follows `channel`."""
        ...

    def on_new_epoch(self, before: Since) -> None:
        """The log goes on under another epoch from `before`: nothing is lost, but clients have to know."""
        ...

    def on_reset(self) -> None:
        """The log was another one (new epoch): everybody needs new snapshots."""
        ...
