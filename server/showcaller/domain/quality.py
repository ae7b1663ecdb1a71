"""The quality of a talk as it reached its viewers."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field


class TalkQuality(Struct, frozen=True, kw_only=True):
    """Measurements of one session by one worker of its stage, or by all of them together."""

    viewers: int = 0  # that saw any of it; who came back on another worker counts again
    viewer_s: float = 0.0  # seconds of watching, all viewers together
    most_viewers: int = 0  # at one time; of a stage on several workers at once, on one of them
    first_picture_ms_p50: float | None = None  # from the offer to the first packet of a picture
    first_picture_ms_p99: float | None = None
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_lost: int = 0  # as viewers reported, before repair
    retransmitted: int = 0
    keyframe_requests: int = 0
    rtt_ms_p50: float | None = None
    rtt_ms_p99: float | None = None
    freezes: int = 0  # gaps of 400 ms and more in the pictures sent
    freeze_s: float = 0.0
    splices: int = 0  # changes of source
    splice_wait_ms_worst: float | None = None
    layer_s: dict[str, float] = field(default_factory=dict)  # seconds of watching by layer


def add_up(one: TalkQuality, other: TalkQuality) -> TalkQuality:
    """Return both together. Counts and seconds add up; workers have a stage one after another, so the most
    viewers are the larger number. Medians are weighted by viewers; of p99 and worst the worse counts.
    """
    return TalkQuality(
        viewers=one.viewers + other.viewers,
        viewer_s=one.viewer_s + other.viewer_s,
        most_viewers=max(one.most_viewers, other.most_viewers),
        first_picture_ms_p50=_weighted(
            (one.first_picture_ms_p50, one.viewers), (other.first_picture_ms_p50, other.viewers)
        ),
        first_picture_ms_p99=_worse(one.first_picture_ms_p99, other.first_picture_ms_p99),
        packets_sent=one.packets_sent + other.packets_sent,
        bytes_sent=one.bytes_sent + other.bytes_sent,
        packets_lost=one.packets_lost + other.packets_lost,
        retransmitted=one.retransmitted + other.retransmitted,
        keyframe_requests=one.keyframe_requests + other.keyframe_requests,
        rtt_ms_p50=_weighted((one.rtt_ms_p50, one.viewers), (other.rtt_ms_p50, other.viewers)),
        rtt_ms_p99=_worse(one.rtt_ms_p99, other.rtt_ms_p99),
        freezes=one.freezes + other.freezes,
        freeze_s=one.freeze_s + other.freeze_s,
        splices=one.splices + other.splices,
        splice_wait_ms_worst=_worse(one.splice_wait_ms_worst, other.splice_wait_ms_worst),
        layer_s=_sums(one.layer_s, other.layer_s),
    )


def _weighted(*values: tuple[float | None, int]) -> float | None:
    known = [(value, max(1, weight)) for value, weight in values if value is not None]
    if len(known) < 2:
        return known[0][0] if known else None
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def _worse(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _sums(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    sums = Counter(one)
    sums.update(other)
    return dict(sorted(sums.items()))
