"""The silence of a source: it is late by its own habits, not by a limit that all have to keep. Pure.

A camera with sound sends each 20 ms, slides that stand still one frame a second or less. Reports and
connectivity checks show that a source without sound is still there, so they lend it some seconds.
"""

from __future__ import annotations

from collections import deque

SILENT_AFTER_S = 0.8  # at least, and for whoever sends all the time
UNKNOWN_SILENT_AFTER_S = 1.8  # while its habits are not known: a spare comes within 2 s
SPARSE_SILENT_AFTER_S = 5.0  # at most; for slides, and where something else shows signs of life
LATE = 1.6  # times the usual gap
LONG_GAP_S = 0.4
REMEMBERED_S = 15.0
_GAPS = 32


class Silence:
    """The habits of one source. `slides` have no sound and seldom move; `now_s` never goes back."""

    def __init__(self, *, slides: bool, now_s: float) -> None:
        self.media_s = now_s  # when media came last
        self._slides = slides
        self._sound_s: float | None = None
        self._sign_s = now_s  # of life, but for media
        self._began_s = now_s
        self._steady_since_s = now_s
        self._gaps: deque[tuple[float, float]] = deque(
            maxlen=_GAPS
        )  # when and how long, the long ones

    def note_media(self, now_s: float) -> None:
        """Take in that a packet of picture or sound came."""
        if self.is_silent(now_s):
            self._steady_since_s = now_s
        gap_s = now_s - self.media_s
        if gap_s > LONG_GAP_S:
            self._gaps.append((now_s, gap_s))
        self.media_s = now_s

    def note_sound(self, now_s: float) -> None:
        """Take in that the packet was one of sound."""
        self._sound_s = now_s

    def note_sign(self, now_s: float) -> None:
        """Take in a report or a connectivity check; nothing new if media has come since."""
        if now_s > self.media_s:
            self._sign_s = now_s

    def is_silent(self, now_s: float) -> bool:
        """Return whether another source had better take its place."""
        return now_s - self.media_s > self._patience_s(now_s)

    def steady_s(self, now_s: float) -> float:
        """Return the seconds since it began, or since its last silence."""
        return 0.0 if self.is_silent(now_s) else now_s - self._steady_since_s

    def gone_s(self, now_s: float) -> float:
        """Return the seconds since anything came."""
        return now_s - max(self.media_s, self._sign_s)

    def _patience_s(self, now_s: float) -> float:
        if self._slides:
            return SPARSE_SILENT_AFTER_S
        if self._has_sound():  # so gaps are the line's, not a habit
            return SILENT_AFTER_S
        if now_s - self._sign_s < UNKNOWN_SILENT_AFTER_S:
            return SPARSE_SILENT_AFTER_S
        is_new = self.media_s - self._began_s < REMEMBERED_S
        least_s = UNKNOWN_SILENT_AFTER_S if is_new else SILENT_AFTER_S
        return min(max(least_s, LATE * self._usual_gap_s(now_s)), SPARSE_SILENT_AFTER_S)

    def _has_sound(self) -> bool:
        return self._sound_s is not None and self.media_s - self._sound_s < LONG_GAP_S

    def _usual_gap_s(self, now_s: float) -> float:
        """Return the second longest gap of late: a single one tells of the line."""
        late = sorted(gap_s for at_s, gap_s in self._gaps if now_s - at_s < REMEMBERED_S)
        return late[-2] if len(late) > 1 else 0.0
