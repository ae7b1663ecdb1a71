"""Counters of the gateway, which `/metrics` shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .priority import Priority


@dataclass(slots=True)
class Counters:
    """Totals since the start of the process, except `connections` and `streams`: the numbers of them now."""

    connections: int = 0  # of those who have signed in
    streams: int = 0  # of these, over HTTP
    accepted: int = 0
    sent_away: int = 0  # closed before they were in: draining, full or overloaded
    gave_way: int = 0  # strangers that were closed to make room
    requests_refused: int = 0  # newcomers over HTTP, while overloaded
    upgrades_refused: int = 0
    frames_received: int = 0  # messages, fragments and control frames
    messages_sent: int = 0
    messages_coalesced: int = 0  # those that left in one write with another one before them
    messages_shed: Counter[Priority] = field(default_factory=Counter)
    catch_ups: int = 0  # channels that were resumed for who had fallen behind
    writes: int = 0  # that carried messages
    bytes_sent: int = 0
    closes: Counter[int] = field(default_factory=Counter)  # by the code of the close that we sent
