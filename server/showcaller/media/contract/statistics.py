"""The statistics of an engine: of its publications, of its stages, of each viewer.

Counts only grow while their subject lives. Shares are 0…1; what is not known yet is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field

VIEWERS_TOLD = 200  # those that lose most: as many as a message holds


class LayerStatistics(Struct, kw_only=True):
    """One encoding of a picture, as it comes from the publisher."""

    rid: str = ""  # "" where there is only one
    codec: str = ""  # "video/vp8", "video/h264 baseline", …
    bitrate_bps: int = 0
    frames_per_s: float = 0.0
    keyframe_age_s: float | None = None
    lost_share: float = 0.0  # of the last seconds, before repair
    packets: int = 0
    packets_lost: int = 0  # never repaired


class SoundStatistics(Struct, kw_only=True):
    """The sound, as it comes from the publisher."""

    codec: str = ""
    bitrate_bps: int = 0
    level_dbov: int | None = None  # loudest of the last seconds, −127 (silence) … 0
    lost_share: float = 0.0
    packets: int = 0


class PublicationStatistics(Struct, kw_only=True):
    """One publication. `problems`: what a producer should know before it goes on stage."""

    publication: str
    session: str
    person: str
    source: str
    on_stage: list[str] = field(default_factory=list)  # stages that show it now
    live: bool = False  # connected
    silent_s: float = 0.0  # since the last packet
    rtt_ms: float | None = None
    layers: list[LayerStatistics] = field(default_factory=list)  # the best first
    sound: SoundStatistics | None = None
    keyframe_requests: int = 0
    # no_video, no_sound, quiet (a muted microphone), lossy, low_bitrate, no_keyframe, no_parameter_sets,
    # b_frames, silent
    problems: list[str] = field(default_factory=list)


class StageStatistics(Struct, kw_only=True):
    """One stage, its viewers added up."""

    stage: str
    session: str = ""
    publication: str = ""  # on the stage now
    viewers: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_lost: int = 0  # as viewers reported
    lost_share: float = 0.0  # mean of the viewers' last reports
    rtt_ms_p50: float | None = None
    rtt_ms_p99: float | None = None
    nacks: int = 0  # packets that viewers asked for again
    retransmitted: int = 0
    keyframe_requests: int = 0  # of viewers
    freezes: int = 0  # gaps of 400 ms and more in the pictures sent while the session was shown
    freeze_s: float = 0.0
    splices: int = 0
    # from the order to the first picture of the new source
    splice_wait_ms_last: float | None = None
    layers: dict[str, int] = field(default_factory=dict)  # viewers by high, medium, low, none


class ViewerStatistics(Struct, kw_only=True):
    """One viewer."""

    resource: str
    person: str
    name: str = ""  # given where producers ask; "" if it isn't known
    stage: str
    connected_s: float = 0.0
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_lost: int = 0
    lost_share: float = 0.0
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    nacks: int = 0
    retransmitted: int = 0
    keyframe_requests: int = 0
    freezes: int = 0
    layer: str = "high"  # high, medium, low, none
    asked_layer: str = "auto"
    estimate_bps: int | None = None  # the viewer's own (REMB)


class Statistics(Struct, kw_only=True):
    """One worker."""

    egress: str = ""  # native, python
    port: int = 0  # UDP
    tcp_connections: int = 0
    tcp_refused: int = 0  # connections: strangers', too many
    load: float = 0.0  # share of one core over the last seconds
    connecting: int = 0
    packets_received: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_dropped: int = 0  # the kernel would not take them
    datagrams_refused: int = 0  # forged, replayed, from strangers, not understood
    viewers_refused: int = 0  # it was full
    branches: int = 0  # of other nodes, that it lends to
    packets_lent: int = 0  # to other nodes
    packets_lent_again: int = 0  # since they were asked for
    packets_missed: int = 0  # of other nodes, never repaired
    publications: list[PublicationStatistics] = field(default_factory=list)
    stages: list[StageStatistics] = field(default_factory=list)


def worst(viewers: Iterable[ViewerStatistics]) -> list[ViewerStatistics]:
    """Return the viewers with the greatest loss first, at most `VIEWERS_TOLD`."""
    return sorted(viewers, key=lambda one: one.lost_share, reverse=True)[:VIEWERS_TOLD]


def by_stage(parts: Iterable[StageStatistics]) -> list[StageStatistics]:
    """Return one for each stage, whose viewers may be shared out among several workers."""
    stages: dict[str, StageStatistics] = {}
    for part in parts:
        known = stages.get(part.stage)
        stages[part.stage] = part if known is None else _together(known, part)
    return list(stages.values())


def _together(one: StageStatistics, other: StageStatistics) -> StageStatistics:
    """Return both as one: counts are added, shares and medians weighted by viewers.

    Of p99 and waits the worse one counts.
    """
    weights = max(1, one.viewers), max(1, other.viewers)
    return StageStatistics(
        stage=one.stage,
        session=one.session or other.session,
        publication=one.publication or other.publication,
        viewers=one.viewers + other.viewers,
        packets_sent=one.packets_sent + other.packets_sent,
        bytes_sent=one.bytes_sent + other.bytes_sent,
        packets_lost=one.packets_lost + other.packets_lost,
        lost_share=_mean((one.lost_share, other.lost_share), weights) or 0.0,
        rtt_ms_p50=_mean((one.rtt_ms_p50, other.rtt_ms_p50), weights),
        rtt_ms_p99=_worse(one.rtt_ms_p99, other.rtt_ms_p99),
        nacks=one.nacks + other.nacks,
        retransmitted=one.retransmitted + other.retransmitted,
        keyframe_requests=one.keyframe_requests + other.keyframe_requests,
        freezes=one.freezes + other.freezes,
        freeze_s=one.freeze_s + other.freeze_s,
        splices=max(one.splices, other.splices),
        splice_wait_ms_last=_worse(one.splice_wait_ms_last, other.splice_wait_ms_last),
        layers=dict(Counter(one.layers) + Counter(other.layers)),
    )


def _mean(values: tuple[float | None, ...], weights: tuple[int, ...]) -> float | None:
    known = [(v, weight) for v, weight in zip(values, weights, strict=True) if v is not None]
    if not known:
        return None
    return round(sum(v * weight for v, weight in known) / sum(weight for _, weight in known), 4)


def _worse(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)
