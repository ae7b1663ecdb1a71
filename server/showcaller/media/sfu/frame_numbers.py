"""The frame numbers of AV1's dependency descriptors, on one course for all tracks. Pure.

A receiver drops what has a lower number than the newest keyframe, so a change to another source must lead
on. Within one coded video sequence frames refer to one another by the distance of their numbers: only a
keyframe may jump. So it takes its number from the clock, which goes faster than any track's frames.
"""

from __future__ import annotations

NUMBERS_PER_S = 200  # more than 60 frames of three spatial layers; 16 bits last for five minutes
_SHORTEST = 3  # bytes: flags, template, number
_HALF = 0x8000


class FrameNumbers:
    """The frame numbers of one track."""

    def __init__(self) -> None:
        self._shift = 0
        self._last: int | None = None

    def renumber(self, descriptor: bytes, begins: bool, now_s: float) -> bytes:
        """Return the descriptor with its new number; nothing for what is none.

        `begins`: it is of a keyframe, and nothing behind that has come yet. Frames that refer to a late one
        have their numbers already.
        """
        if len(descriptor) < _SHORTEST:
            return b""
        number = int.from_bytes(descriptor[1:3])
        if begins or self._last is None:
            self._shift = self._begin(now_s) - number
        new = (number + self._shift) & 0xFFFF
        if self._last is None or _is_after(new, self._last):
            self._last = new
        return descriptor[:1] + new.to_bytes(2) + descriptor[3:]

    def _begin(self, now_s: float) -> int:
        begin = round(now_s * NUMBERS_PER_S) & 0xFFFF
        if self._last is not None and not _is_after(begin, self._last):
            begin = self._last + 1
        return begin


def is_older(descriptor: bytes, other: bytes) -> bool:
    """Return whether a frame is before the `other`, by descriptors that have our numbers."""
    return _is_after(int.from_bytes(other[1:3]), int.from_bytes(descriptor[1:3]))


def _is_after(number: int, last: int) -> bool:
    return 0 < (number - last) & 0xFFFF < _HALF
