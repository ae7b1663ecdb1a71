"""How well a talk reached its viewers."""

from __future__ import annotations

from msgspec import Struct, field


class TalkQuality(Struct, frozen=True, kw_only=True):
    """What a worker measured of one session on its stage. Counts and seconds add up over workers."""

    viewers: int = 0  # that saw any of it
    viewer_s: float = 0.0  # seconds of watching, all viewers together
    most_viewers: int = 0  # at one time
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
