"""The opening of a channel for a new follower, encoded once for all who are sent the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..protocol.codec import Format, encode
from ..protocol.messages import ServerMessage

Mode = Literal["snapshot", "resumed"]


class Opening:
    """The `messages` in order; by `mode` all of the channel, or what was missed of it."""

    __slots__ = ("_data", "messages", "mode")

    def __init__(self, mode: Mode, messages: Sequence[ServerMessage]) -> None:
        self.mode = mode
        self.messages = messages
        self._data: dict[Format, bytes] = {}

    def data(self, format: Format) -> bytes:
        """All messages as finished frames."""
        data = self._data.get(format)
        if data is None:
            data = b"".join(encode(message, format) for message in self.messages)
            self._data[format] = data
        return data
