"""The quality of one session on its stage, added up while it lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...domain.quality import TalkQuality

if TYPE_CHECKING:
    from .viewer import Viewer


class Counts(NamedTuple):
    """Of one viewer, or all of them."""

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
        """None if there are none."""
        left = int(self._counts.total() * share)
        for value in sorted(self._counts):
            left -= self._counts[value]
            if left < 0:
                return round(value, 1)
        return None


class SessionQuality:
    """Counts begin at 0 with each session; what a viewer had before does not count."""

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
        self._before: dict[str, Counts] = {}  # of those who watch
        self._sums = Counts()

    def note_viewer(self, viewer: Viewer, present: int) -> None:
        self._seen.add(viewer.resource)
        self._most = max(self._most, present)
        self._before[viewer.resource] = _counts(viewer)

    def note_left(self, viewer: Viewer) -> None:
        self.note_counts(viewer)
        self._before.pop(viewer.resource, None)

    def note_counts(self, viewer: Viewer) -> None:
        """What has come since the last time comes to the sum: to be called before that is read."""
        before = self._before.get(viewer.resource)
        if before is None:
            return
        now = Counts(*map(max, _counts(viewer), before))  # receivers take losses back
        self._sums = Counts(*(a + b - c for a, b, c in zip(self._sums, now, before, strict=True)))
        self._before[viewer.resource] = now

    def note_second(self, viewer: Viewer, layer: str, passed_s: float) -> None:
        """To be called for each viewer about once a second."""
        self._viewer_s += passed_s
        self._layer_s[layer] = self._layer_s.get(layer, 0.0) + passed_s
        if viewer.rtt_ms is not None:
            self._rtt_ms.note(viewer.rtt_ms)

    def note_first_picture(self, after_ms: float) -> None:
        self._first_ms.note(after_ms)

    def note_splice(self, wait_ms: float) -> None:
        self.splices += 1
        self.splice_wait_ms_last = round(wait_ms, 1)
        self._splice_wait_ms_worst = max(self._splice_wait_ms_worst or 0.0, round(wait_ms, 1))

    @property
    def nacks(self) -> int:
        return int(self._sums.nacks)

    def quality(self) -> TalkQuality:
        """The sum of what was noted."""
        sums = self._sums
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
    """Of values in ascending order; None if there are none."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def _counts(viewer: Viewer) -> Counts:
    return Counts(
        viewer.packets_sent,
        viewer.bytes_sent,
        viewer.packets_lost,
        viewer.retransmitted,
        viewer.nacks,
        *viewer.freezes,
    )
