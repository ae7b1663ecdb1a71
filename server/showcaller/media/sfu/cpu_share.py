"""The load of a worker: the share of one core that its process has used of late."""

from __future__ import annotations

from collections import deque

OVER = 6  # notes that are looked back on


class CpuShare:
    """A look back over some seconds; it is to be told once a second."""

    def __init__(self) -> None:
        self._notes: deque[tuple[float, float]] = deque(maxlen=OVER)

    def note(self, now_s: float, cpu_s: float) -> None:
        """Take in that the process has had `cpu_s` of CPU time so far."""
        self._notes.append((now_s, cpu_s))

    def share(self, now_s: float, cpu_s: float) -> float:
        """Return the share of one core over the last seconds; 0 while nothing is known."""
        if not self._notes:
            return 0.0
        since_s, before_s = self._notes[0]
        passed_s = now_s - since_s
        return round((cpu_s - before_s) / passed_s, 3) if passed_s > 0 else 0.0
