"""What the gateway counts. `/metrics` shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Totals since the start of the process, except `connections`, which is how many there are now."""

    connections: int = 0
    accepted: int = 0
    sent_away: int = 0  # accepted and closed at once: draining or overloaded
    upgrades_refused: int = 0
    frames_received: int = 0  # messages, fragments and control frames
    messages_sent: int = 0
    bytes_sent: int = 0
    closes: Counter[int] = field(default_factory=Counter)  # by the code of the close that we sent
