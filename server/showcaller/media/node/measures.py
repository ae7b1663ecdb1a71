"""Media in numbers: what `/metrics` shows of this node's workers.

Labels are of what there are few of: events, stages, sessions, the node's own workers. What is measured of
each viewer is in the API (`…/stages/{stage}/viewers`): a label for each of thousands of viewers who come and
go would make as many time series, which Prometheus keeps for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..contract.recording import RecorderStatus
from ..contract.statistics import (
    LayerStatistics,
    PublicationStatistics,
    SoundStatistics,
    StageStatistics,
    Statistics,
    by_stage,
)

LAYERS = ("high", "medium", "low", "none")


class NodeMedia(NamedTuple):
    """One event's media on this node. `workers`: by their numbers, each with the stages it has."""

    workers: Mapping[int, Statistics]
    restarts: int
    stages: int
    recorder: RecorderStatus | None = None  # None: nothing is ever recorded here
    recorder_restarts: int = 0

    def each_stage(self) -> list[StageStatistics]:
        return by_stage(stage for one in self.workers.values() for stage in one.stages)

    def each_publication(self) -> list[PublicationStatistics]:
        return [each for one in self.workers.values() for each in one.publications if each.live]


Read = Callable[[NodeMedia], float]
ReadWorker = Callable[[Statistics], float]
ReadStage = Callable[[StageStatistics], float | None]
Publications = list[PublicationStatistics]  # of one source of one session

_OF_EVENTS: tuple[tuple[str, str, Read], ...] = (
    ("workers", "Media workers running", lambda m: len(m.workers)),
    ("stages", "Stages hosted by this node", lambda m: m.stages),
    ("publications", "Publications on air", lambda m: len(m.each_publication())),
    (
        "connecting",
        "Peers not connected yet",
        lambda m: sum(one.connecting for one in m.workers.values()),
    ),
)
_WORKER_COUNTERS: tuple[tuple[str, str, ReadWorker], ...] = (
    ("packets_received", "Packets from speakers", lambda w: w.packets_received),
    ("packets_sent", "Packets to viewers", lambda w: w.packets_sent),
    ("bytes_sent", "Bytes to viewers", lambda w: w.bytes_sent),
    ("packets_dropped", "Packets the kernel did not take", lambda w: w.packets_dropped),
    ("datagrams_refused", "Datagrams of nobody known", lambda w: w.datagrams_refused),
    ("tcp_refused", "TCP connections of nobody known, or too many", lambda w: w.tcp_refused),
    ("viewers_refused", "Viewers for whom it was too full", lambda w: w.viewers_refused),
    ("packets_lent", "Packets to other nodes", lambda w: w.packets_lent),
    (
        "packets_lent_again",
        "Packets that other nodes asked for again",
        lambda w: w.packets_lent_again,
    ),
    ("packets_missed", "Packets of other nodes, never repaired", lambda w: w.packets_missed),
)
_STAGE_COUNTERS: tuple[tuple[str, str, ReadStage], ...] = (
    ("packets_sent", "Packets to viewers", lambda s: s.packets_sent),
    ("bytes_sent", "Bytes to viewers", lambda s: s.bytes_sent),
    ("packets_lost", "Packets that viewers reported lost", lambda s: s.packets_lost),
    ("nacks", "Packets that viewers asked for again", lambda s: s.nacks),
    ("retransmitted", "Packets sent again", lambda s: s.retransmitted),
    ("keyframe_requests", "Keyframes that viewers asked for", lambda s: s.keyframe_requests),
    ("freezes", "Gaps of 400 ms and more in the pictures sent", lambda s: s.freezes),
    ("freeze_seconds", "Length of those gaps", lambda s: s.freeze_s),
    ("splices", "Changes of source", lambda s: s.splices),
)
_STAGE_GAUGES: tuple[tuple[str, str, ReadStage], ...] = (
    ("viewers", "Viewers connected", lambda s: s.viewers),
    ("lost_share", "Mean of the viewers' last loss reports, 0 to 1", lambda s: s.lost_share),
    (
        "splice_wait_seconds",
        "From the last change of source to its first picture",
        lambda s: _seconds(s.splice_wait_ms_last),
    ),
)


def _bitrate_bps(publications: Publications) -> float:
    return sum(encoding.bitrate_bps for one in publications for encoding in _encodings(one))


def _lost_share(publications: Publications) -> float:
    return max(
        (encoding.lost_share for one in publications for encoding in _encodings(one)), default=0.0
    )


def _level_dbov(publications: Publications) -> float | None:
    levels = [one.sound.level_dbov for one in publications if one.sound]
    return max((level for level in levels if level is not None), default=None)


def _keyframe_age_s(publications: Publications) -> float | None:
    ages = [layer.keyframe_age_s for one in publications for layer in one.layers]
    return min((age for age in ages if age is not None), default=None)


def _encodings(one: PublicationStatistics) -> list[LayerStatistics | SoundStatistics]:
    return [*one.layers, one.sound] if one.sound else [*one.layers]


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


_RECORDER_GAUGES: tuple[tuple[str, str, Callable[[RecorderStatus], float]], ...] = (
    ("takes", "Pictures and sounds that are recorded", lambda r: r.takes),
    ("waiting_bytes", "Recordings that wait for the store", lambda r: r.waiting_bytes),
    ("failing_seconds", "Since when the store takes nothing; 0: it does", lambda r: r.failing_s),
)
_RECORDER_COUNTERS: tuple[tuple[str, str, Callable[[RecorderStatus], float]], ...] = (
    ("parts", "Parts of recordings written", lambda r: r.parts),
    ("stored_bytes", "Bytes of recordings stored", lambda r: r.stored_bytes),
    ("parts_lost", "Parts that the store had no room or time for", lambda r: r.parts_lost),
    ("gaps", "Gaps in recordings", lambda r: r.gaps),
)
_SOURCE_GAUGES: tuple[tuple[str, str, Callable[[Publications], float | None]], ...] = (
    ("bitrate_bps", "What comes from the speaker", _bitrate_bps),
    ("lost_share", "Loss from the speaker to here, the worst, 0 to 1", _lost_share),
    ("level_dbov", "Loudest sound of the last seconds, -127 to 0", _level_dbov),
    ("keyframe_age_seconds", "Since the newest keyframe", _keyframe_age_s),
)
Sample = tuple[tuple[str, ...], float | None]  # values of the labels; None: not known


class MediaCollector(Collector):
    """Reads what was measured last when it is asked. `media` gives this node's, by event."""

    def __init__(self, media: Callable[[], Mapping[str, NodeMedia]]) -> None:
        self._media = media

    def collect(self) -> Iterator[Metric]:
        media = self._media()
        for name, text, read in _OF_EVENTS:
            yield _gauge(name, text, ["event"], [((e,), read(m)) for e, m in media.items()])
        restarts: list[Sample] = [((event,), one.restarts) for event, one in media.items()]
        yield _counter("worker_restarts", "Media workers started again", ["event"], restarts)
        yield from _of_workers(media)
        yield from _of_stages(media)
        yield from _of_sources(media)
        yield from _of_recorders(media)


def _of_recorders(media: Mapping[str, NodeMedia]) -> Iterator[Metric]:
    every = [((event,), one.recorder) for event, one in media.items() if one.recorder is not None]
    restarts: list[Sample] = [
        ((event,), one.recorder_restarts)
        for event, one in media.items()
        if one.recorder is not None
    ]
    yield _counter("recorder_restarts", "Recorders started again", ["event"], restarts)
    for name, text, read in _RECORDER_GAUGES:
        yield _gauge(f"recorder_{name}", text, ["event"], [(of, read(one)) for of, one in every])
    for name, text, read in _RECORDER_COUNTERS:
        yield _counter(f"recorder_{name}", text, ["event"], [(of, read(one)) for of, one in every])


def _of_workers(media: Mapping[str, NodeMedia]) -> Iterator[Metric]:
    labels = ["event", "media_worker"]
    every = [((e, str(n)), one) for e, m in media.items() for n, one in m.workers.items()]
    info: list[Sample] = [((*of, one.egress, str(one.port)), 1) for of, one in every]
    yield _gauge("worker_info", "Egress and UDP port in use", [*labels, "egress", "port"], info)
    yield _gauge("worker_load", "Share of one core", labels, [(of, one.load) for of, one in every])
    branches: list[Sample] = [(of, one.branches) for of, one in every]
    yield _gauge("worker_branches", "Other nodes that it lends to", labels, branches)
    by_tcp: list[Sample] = [(of, one.tcp_connections) for of, one in every]
    yield _gauge("tcp_connections", "Connections by TCP", labels, by_tcp)
    for name, text, read in _WORKER_COUNTERS:
        yield _counter(name, text, labels, [(of, read(one)) for of, one in every])


def _of_stages(media: Mapping[str, NodeMedia]) -> Iterator[Metric]:
    labels = ["event", "stage"]
    every = [((e, one.stage), one) for e, m in media.items() for one in m.each_stage()]
    for name, text, read in _STAGE_GAUGES:
        yield _gauge(f"stage_{name}", text, labels, [(of, read(one)) for of, one in every])
    for name, text, read in _STAGE_COUNTERS:
        yield _counter(f"stage_{name}", text, labels, [(of, read(one)) for of, one in every])
    times: list[Sample] = []
    layers: list[Sample] = []
    for of, one in every:
        times.append(((*of, "0.5"), _seconds(one.rtt_ms_p50)))
        times.append(((*of, "0.99"), _seconds(one.rtt_ms_p99)))
        layers += [((*of, layer), one.layers.get(layer, 0)) for layer in LAYERS]
    yield _gauge("stage_rtt_seconds", "Viewers' round trips", [*labels, "quantile"], times)
    yield _gauge("stage_layer_viewers", "Viewers by what they see", [*labels, "layer"], layers)


def _of_sources(media: Mapping[str, NodeMedia]) -> Iterator[Metric]:
    """Make one sample of a session's publications of one source: the sum, or the worst."""
    labels = ["event", "session", "source"]
    by_source: dict[tuple[str, ...], list[PublicationStatistics]] = {}
    for event, one in media.items():
        for each in one.each_publication():
            by_source.setdefault((event, each.session, each.source), []).append(each)
    for name, text, read in _SOURCE_GAUGES:
        samples: list[Sample] = [(of, read(some)) for of, some in by_source.items()]
        yield _gauge(f"source_{name}", text, labels, samples)


def _gauge(name: str, text: str, labels: list[str], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(f"showcaller_media_{name}", text, labels=labels)
    for values, value in samples:
        if value is not None:
            family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: list[str], samples: Iterable[Sample]) -> Metric:
    family = CounterMetricFamily(f"showcaller_media_{name}", text, labels=labels)
    for values, value in samples:
        if value is not None:
            family.add_metric(values, value)
    return family
