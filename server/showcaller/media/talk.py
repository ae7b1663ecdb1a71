"""The quality of one session on its stage, added up while it lasts."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from ..domain.quality import TalkQuality

if TYPE_CHECKING:
    from .viewer import Viewer

MAX_SAMPLES = 10_000  # of first pictures and round trips; enough for a percentile


class Talk:
    """Counts begin at 0 with each session; what a viewer had before does not count."""

    def __init__(self) -> None:
        self.keyframe_requests = 0
        self.freezes = 0
        self.freeze_s = 0.0
        self.splices = 0
        self.splice_wait_ms_last: float | None = None
        self._splice_wait_ms_worst: float | None = None
        self._most = 0
        self._seen: set[str] = set()  # viewers
        self._viewer_s = 0.0
        self._layer_s: dict[str, float] = {}
        self._first_ms: list[float] = []
        self._rtt_ms: list[float] = []
        self._before: dict[str, tuple[int, int, int, int]] = {}
        self._sums = [0, 0, 0, 0]  # packets, bytes, lost, retransmitted

    def note_viewer(self, viewer: Viewer, present: int) -> None:
        self._seen.add(viewer.resource)
        self._most = max(self._most, present)
        self._before[viewer.resource] = _counts(viewer)

    def note_left(self, viewer: Viewer) -> None:
        """Their counts come to the sum now."""
        before = self._before.pop(viewer.resource, None)
        if before is not None:
            for index, (now, then) in enumerate(zip(_counts(viewer), before, strict=True)):
                self._sums[index] += max(0, now - then)

    def note_second(self, viewer: Viewer, layer: str, passed_s: float) -> None:
        self._viewer_s += passed_s
        self._layer_s[layer] = self._layer_s.get(layer, 0.0) + passed_s
        if viewer.rtt_ms is not None and len(self._rtt_ms) < MAX_SAMPLES:
            insort(self._rtt_ms, viewer.rtt_ms)

    def note_first_picture(self, after_ms: float) -> None:
        if len(self._first_ms) < MAX_SAMPLES:
            insort(self._first_ms, after_ms)

    def note_freeze(self, count: int, seconds: float) -> None:
        self.freezes += count
        self.freeze_s += seconds

    def note_splice(self, wait_ms: float) -> None:
        self.splices += 1
        self.splice_wait_ms_last = round(wait_ms, 1)
        self._splice_wait_ms_worst = max(self._splice_wait_ms_worst or 0.0, wait_ms)

    def quality(self, present: list[Viewer]) -> TalkQuality:
        """The sum up to now; `present` are those who still watch."""
        sums = list(self._sums)
        for viewer in present:
            before = self._before.get(viewer.resource, _counts(viewer))
            for index, (now, then) in enumerate(zip(_counts(viewer), before, strict=True)):
                sums[index] += max(0, now - then)
        return TalkQuality(
            viewers=len(self._seen),
            viewer_s=round(self._viewer_s, 1),
            most_viewers=self._most,
            first_picture_ms_p50=percentile(self._first_ms, 0.5),
            first_picture_ms_p99=percentile(self._first_ms, 0.99),
            packets_sent=sums[0],
            bytes_sent=sums[1],
            packets_lost=sums[2],
            retransmitted=sums[3],
            keyframe_requests=self.keyframe_requests,
            rtt_ms_p50=percentile(self._rtt_ms, 0.5),
            rtt_ms_p99=percentile(self._rtt_ms, 0.99),
            freezes=self.freezes,
            freeze_s=round(self.freeze_s, 1),
            splices=self.splices,
            splice_wait_ms_worst=self._splice_wait_ms_worst,
            layer_s={name: round(value, 1) for name, value in self._layer_s.items()},
        )


def percentile(ordered: list[float], share: float) -> float | None:
    """Of values in ascending order; None if there are none."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def _counts(viewer: Viewer) -> tuple[int, int, int, int]:
    return viewer.packets_sent, viewer.bytes_sent, viewer.packets_lost, viewer.retransmitted
