"""What an engine measures: of its publications, of its stages, of each viewer.

Counts only grow while their subject lives. Shares are 0…1; what is not known yet is None.
"""

from __future__ import annotations

from msgspec import Struct, field


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
    # no_video, no_sound, quiet (a muted microphone), lossy, low_bitrate, no_keyframe, silent
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
    splice_wait_ms_last: float | None = (
        None  # from the order to the first picture of the new source
    )
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

    kernel: str = ""  # native, python
    port: int = 0  # UDP
    load: float = 0.0  # share of one core over the last seconds
    connecting: int = 0
    packets_received: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_dropped: int = 0  # the kernel would not take them
    datagrams_refused: int = 0  # forged, replayed, from strangers, not understood
    viewers_refused: int = 0  # it was full
    publications: list[PublicationStatistics] = field(default_factory=list)
    stages: list[StageStatistics] = field(default_factory=list)
