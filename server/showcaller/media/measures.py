"""Media in numbers: what `/metrics` shows of this node's workers."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Gauge

_GAUGES = {
    "publications": Gauge("showcaller_media_publications", "Publications on air", ["event"]),
    "viewers": Gauge("showcaller_media_viewers", "Viewers connected", ["event"]),
    "connecting": Gauge("showcaller_media_connecting", "Peers not connected yet", ["event"]),
    "frames_dropped": Gauge(
        "showcaller_media_frames_dropped",
        "Frames that present viewers were too slow for",
        ["event"],
    ),
    "workers": Gauge("showcaller_media_workers", "Media workers running", ["event"]),
    "restarts": Gauge("showcaller_media_worker_restarts", "Media workers started again", ["event"]),
    "stages": Gauge("showcaller_media_stages", "Stages hosted by this node", ["event"]),
}


def total(measured: Iterable[dict[str, object]]) -> dict[str, object]:
    """The counts of several workers, added up."""
    sums: dict[str, object] = {}
    for one in measured:
        for name, value in one.items():
            before = sums.get(name, 0)
            if isinstance(value, int) and isinstance(before, int):
                sums[name] = before + value
    return sums


def show(event_id: str, statistics: dict[str, object]) -> None:
    """Put the statistics of a node into its gauges."""
    for name, gauge in _GAUGES.items():
        value = statistics.get(name, 0)
        if isinstance(value, int):
            gauge.labels(event_id).set(value)
