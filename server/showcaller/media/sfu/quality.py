"""The quality of one session on its stage, added up while it lasts."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...domain.quality import TalkQuality


class Counts(NamedTuple):
    """Counts of one viewer, or of all of them, so far. They only grow."""

    packets: float = 0
    bytes: float = 0
    lost: float = 0
    retransmitted: float = 0
    nacks: float = 0
    freezes: float = 0
    freeze_s: float = 0.0


class Samples:
    """Values to three significant digits: however many there are, they take little room."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def note(self, value: float) -> None:
        self._counts[float(f"{value:.3g}")] += 1

    def percentile(self, share: float) -> float | None:
        """Return a percentile of all values; None if there are none."""
        left = int(self._counts.total() * share)
        for value in sorted(self._counts):
            left -= self._counts[value]
            if left < 0:
                return round(value, 1)
        return None


class SessionQuality:
    """The quality of one session; what a viewer had before it does not count."""

    def __init__(self) -> None:
        self.keyframe_requests = 0
        self.splices = 0
        self.splice_wait_ms_last: float | None = None
        self._splice_wait_ms_worst: float | None = None
        self._most = 0
        self._seen: set[str] = set()  # viewers
        self._viewer_s = 0.0
        self._layer_s: dict[str, float] = {}
        self._first_ms = Samples()
        self._rtt_ms = Samples()
        # of those who left, less what those who watch had when they came
        self._base = Counts()

    def note_viewer(self, viewer: str, counts: Counts, present: int) -> None:
        """Take in that a viewer comes, who had `counts` before; `present` are there now."""
        self._seen.add(viewer)
        self._most = max(self._most, present)
        self._base = Counts(*map(operator.sub, self._base, counts))

    def note_left(self, counts: Counts) -> None:
        """Take in that a viewer leaves, or the session does: it had `counts` in all."""
        self._base = Counts(*map(operator.add, self._base, counts))

    def note_second(self, layer: str, rtt_ms: float | None, passed_s: float) -> None:
        """Take in that one viewer had `layer` for `passed_s`; to be called for each once a second."""
        self._viewer_s += passed_s
        self._layer_s[layer] = self._layer_s.get(layer, 0.0) + passed_s
        if rtt_ms is not None:
            self._rtt_ms.note(rtt_ms)

    def note_first_picture(self, after_ms: float) -> None:
        self._first_ms.note(after_ms)

    def note_splice(self, wait_ms: float) -> None:
        self.splices += 1
        self.splice_wait_ms_last = round(wait_ms, 1)
        self._splice_wait_ms_worst = max(self._splice_wait_ms_worst or 0.0, round(wait_ms, 1))

    def sums(self, watching: Iterable[Counts]) -> Counts:
        """Add up what all viewers had; `watching`: what each of those who are there had in all."""
        return Counts(*map(sum, zip(self._base, *watching, strict=True)))

    def quality(self, watching: Iterable[Counts]) -> TalkQuality:
        """Return the quality so far; `watching` as for `sums`."""
        sums = self.sums(watching)
        return TalkQuality(
            viewers=len(self._seen),
            viewer_s=round(self._viewer_s, 1),
            most_viewers=self._most,
            first_picture_ms_p50=self._first_ms.percentile(0.5),
            first_picture_ms_p99=self._first_ms.percentile(0.99),
            packets_sent=int(sums.packets),
            bytes_sent=int(sums.bytes),
            packets_lost=int(sums.lost),
            retransmitted=int(sums.retransmitted),
            keyframe_requests=self.keyframe_requests,
            rtt_ms_p50=self._rtt_ms.percentile(0.5),
            rtt_ms_p99=self._rtt_ms.percentile(0.99),
            freezes=int(sums.freezes),
            freeze_s=round(sums.freeze_s, 1),
            splices=self.splices,
            splice_wait_ms_worst=self._splice_wait_ms_worst,
            layer_s={name: round(value, 1) for name, value in self._layer_s.items()},
        )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return a percentile of values in ascending order; None if there are none."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
