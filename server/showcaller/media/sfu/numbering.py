"""Sequence numbers of a track to which packets of ours are added. Pure."""

from __future__ import annotations

from collections import deque

REMEMBERED = 32  # places where something was added


class Numbering:
    """Extended sequence numbers, the publisher's and ours."""

    def __init__(self) -> None:
        self._added: deque[tuple[int, int]] = deque(
            maxlen=REMEMBERED
        )  # from which number on, how many

    def of(self, sequence: int) -> int:
        """Return our number for the publisher's `sequence`."""
        added = 0
        for since, added in reversed(self._added):
            if sequence >= since:
                return sequence + added
        return sequence + max(0, added - 1)

    def insert(self, sequence: int) -> None:
        """Make room for one packet before the publisher's `sequence`, the newest so far."""
        self._added.append((sequence, self._added[-1][1] + 1 if self._added else 1))
