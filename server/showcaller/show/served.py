"""What `gateway`, `api` and `media` are given for each event that this node serves."""

from __future__ import annotations

from typing import NamedTuple

from ..tokens import Tokens
from .commands import Commands
from .live_event import LiveEvent


class ServedEvent(NamedTuple):
    event: LiveEvent
    commands: Commands
    tokens: Tokens
