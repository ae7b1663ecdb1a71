"""A feed: one picture and one sound for the viewers of a stage, spliced from source to source.

A new source takes over with its next keyframe; until then the old one goes on. Sound changes together
with the picture. Every source is put on one timeline: by its own clock where its sender reports have told
it, so that its picture and its sound stay together; by arrival until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from ..contract.calls import PictureShown
from ..contract.statistics import StageStatistics
from ..egress import Egress
from .ingest import Ingest
from .lane import GAP_S, Lane
from .pacer import Pacer
from .packet import MediaPacket
from .quality import Counts, SessionQuality, percentile
from .track import Track
from .tracks import flowing
from .viewer import Viewer

NEW_FOR_S = 2.0  # a viewer that asks for a keyframe so soon has lost the one that it began with
WAIT_FOR_KEYFRAME_S = 0.5  # with nothing to show meanwhile: then the past is sent instead
SOUND_WAITS_S = 2.0  # for the picture that it belongs to
LAYER_NAMES = ("high", "medium", "low")


class FeedListener(Protocol):
    """The part that serves viewers who need more than what comes in."""

    def on_behind(self, viewer: Viewer, now_s: float) -> None:
        """A viewer has begun in the past, and is to be sent that step by step."""
        ...


class Feed:
    """The feed of the stage or preview `name`, led to `session`."""

    def __init__(self, name: str, egress: Egress, pacer: Pacer, listener: FeedListener) -> None:
        self.name = name
        self.session: str | None = None
        self.chosen = ""
        self.viewers: dict[str, Viewer] = {}
        self.picture: Ingest | None = None
        self.sound: Ingest | None = None
        self.quality = SessionQuality()
        self._egress = egress
        self._pacer = pacer
        self._listener = listener
        self._pictures: list[Lane] = []  # of the present source, the best first
        self._sounds: list[Lane] = []
        self._before: list[Lane] = []  # of sources that go on until the present one has begun
        self._flowing: list[Track] = []  # layers of the present source that have not stopped
        self._changed_s: float | None = None  # while the present source has not begun
        self._anchors: dict[str, float] = {}  # by publication

    def lead_to(self, session: str | None) -> None:
        """Lead the feed to another room; what it shows goes on until `show` finds something there."""
        for viewer in self.viewers.values():
            self.quality.note_left(viewer.counts())
        self.session, self.quality = session, SessionQuality()
        for viewer in self.viewers.values():
            self.quality.note_viewer(viewer.resource, viewer.counts(), len(self.viewers))
            if (video := viewer.downtracks.get("video")) is not None:
                video.forget_freeze()

    def shown(self) -> set[str]:
        """Return the resources whose packets go out here, if only until the next source has begun."""
        tracks = {lane.track for lane in [*self._pictures, *self._sounds, *self._before]}
        return {track.origin for track in tracks}

    # Sources ------------------------------------------------------------------------------------

    def show(self, picture: Ingest | None, sound: Ingest | None, now_s: float) -> None:
        """Change to these sources; those that are shown already are followed again (new tracks)."""
        if picture is not self.picture:
            self._change_picture(picture, now_s)
        if picture is not None:
            self._follow_layers(picture, now_s)
        self._follow_sound(sound)
        nothing_shown = not (self._pictures or self._before)
        if nothing_shown or self._changed_s is None:
            self._open_sound()

    def _change_picture(self, picture: Ingest | None, now_s: float) -> None:
        self._before += self._pictures
        self.picture, self._pictures = picture, []
        self._changed_s = now_s if picture and picture.has_video else None
        shown = {p.resource for p in (picture, self.sound) if p is not None}
        self._anchors = {p: a for p, a in self._anchors.items() if p in shown}
        if picture is None:
            self._end_before()

    def _follow_layers(self, picture: Ingest, now_s: float) -> None:
        """Make a lane for each layer of the source, in the order of their quality."""
        lanes = {lane.track: lane for lane in self._pictures}
        new = [track for track in picture.layers if track not in lanes]
        if not new and [lane.track for lane in self._pictures] == picture.layers:
            return
        for track in new:
            lanes[track] = self._lane(track, still=picture.source == "slides")
        self._pictures = [lanes[track] for track in picture.layers]
        for lane in lanes.keys() - set(picture.layers):
            lanes[lane].end()
        for viewer in self.viewers.values():
            self.join(viewer, now_s)
        for track in new:
            track.ask_keyframe(now_s)

    def _follow_sound(self, sound: Ingest | None) -> None:
        track = sound.sound if sound else None
        if sound is self.sound and track is (self._sounds[0].track if self._sounds else None):
            return
        self._before += self._sounds
        self.sound, self._sounds = sound, []
        if track is not None:
            self._sounds = [self._lane(track, is_open=False)]
            for viewer in self.viewers.values():
                self._join_sound(viewer)

    def _lane(self, track: Track, *, still: bool = False, is_open: bool = True) -> Lane:
        return Lane(track, self._egress, self._pacer, self, still=still, is_open=is_open)

    def on_begin(self, lane: Lane, now_s: float) -> None:
        """Complete a change of source if this beginning is the one that all wait for."""
        if self._changed_s is not None and lane in self._pictures:
            wait_s = now_s - self._changed_s
            self._changed_s = None
            self.quality.note_splice(wait_s * 1000)
            self._open_sound()
            self._end_before()

    def _open_sound(self) -> None:
        for lane in self._sounds:
            lane.open = True

    def _end_before(self) -> None:
        """End what nobody follows any more, and what nothing will take the place of."""
        keep = []
        for lane in self._before:
            replaced = self._changed_s is not None or (
                self._sounds if lane.sound else self._pictures
            )
            if lane.following and replaced:
                keep.append(lane)
            else:
                lane.end()
        self._before = keep

    def tick(self, now_s: float) -> None:
        """Help on what has waited too long; to be called each 100 ms."""
        self._end_before()
        for lane in self._pictures:
            if lane.waiting:
                lane.track.ask_keyframe(now_s)
        self._follow_flow(now_s)
        if self._changed_s is None or self.picture is None:
            return
        waited_s = now_s - self._changed_s
        if waited_s > SOUND_WAITS_S:
            self._open_sound()
        if waited_s > WAIT_FOR_KEYFRAME_S and not self._goes_on(now_s):
            for viewer in self.viewers.values():
                self._catch_up(viewer, now_s)

    def _follow_flow(self, now_s: float) -> None:
        """Lead viewers to other layers at once if a layer has stopped, or goes on."""
        goes_on = flowing([lane.track for lane in self._pictures])
        if goes_on != self._flowing:
            self._flowing = goes_on
            for viewer in self.viewers.values():
                self.join(viewer, now_s)

    def _goes_on(self, now_s: float) -> bool:
        """Return whether the old source still has pictures."""
        return any(not lane.sound and now_s - lane.track.last_s < GAP_S for lane in self._before)

    def _catch_up(self, viewer: Viewer, now_s: float) -> None:
        downtrack = viewer.downtracks.get("video")
        lane = downtrack.joining if downtrack else None
        if downtrack and lane and lane in self._pictures and downtrack.catch_up(lane, now_s):
            self._listener.on_behind(viewer, now_s)
            self.on_begin(lane, now_s)

    # The timeline -------------------------------------------------------------------------------

    def place(self, track: Track, packet: MediaPacket, now_s: float) -> float:
        """Return where a track's first packet belongs, in seconds: by its source's clock, else now."""
        told_s = track.reception.ntp_of(packet.timestamp)
        if told_s is None:
            return now_s
        return told_s + self._anchors.setdefault(track.origin, now_s - told_s)

    # Viewers ------------------------------------------------------------------------------------

    def add(self, viewer: Viewer, now_s: float) -> None:
        """Let a viewer in, whose media can flow."""
        self.viewers[viewer.resource] = viewer
        self.quality.note_viewer(viewer.resource, viewer.counts(), len(self.viewers))
        self._join_sound(viewer)
        self.join(viewer, now_s)

    def discard(self, viewer: Viewer) -> None:
        if self.viewers.pop(viewer.resource, None) is not None:
            self.quality.note_left(viewer.counts())

    def counts(self) -> list[Counts]:
        """Return all that each viewer had so far."""
        return [viewer.counts() for viewer in self.viewers.values()]

    def each_second(self, turn: int, turns: int, now_s: float, passed_s: float) -> None:
        """Report to viewers whose turn it is, and choose their layers; `passed_s` since their last turn."""
        offsets_s = {
            "video": self.picture.clock_offset_s if self.picture else None,
            "audio": self.sound.clock_offset_s if self.sound else None,
        }
        rates_bps = self._rates_bps(now_s)
        for viewer in list(self.viewers.values())[turn::turns]:
            viewer.each_second(offsets_s, now_s)
            self._choose_layer(viewer, rates_bps, now_s)
            self._note_first_picture(viewer)
            self.quality.note_second(self.layer_of(viewer), viewer.rtt_ms, passed_s)

    def _note_first_picture(self, viewer: Viewer) -> None:
        video = viewer.downtracks.get("video")
        if viewer.first_picture_ms is None and video and video.began_s is not None:
            viewer.first_picture_ms = (video.began_s - viewer.asked_s) * 1000
            self.quality.note_first_picture(viewer.first_picture_ms)

    def join(self, viewer: Viewer, now_s: float) -> None:
        """Lead the viewer's picture to the layer that suits it."""
        self._choose_layer(viewer, self._rates_bps(now_s), now_s)

    def _rates_bps(self, now_s: float) -> list[int]:
        """Return each layer's rate; 0 for one that has stopped, but not for one that has just begun."""
        tracks = [lane.track for lane in self._pictures]
        going = flowing(tracks)
        return [
            max(1, round(track.reception.bitrate_bps(now_s))) if track in going else 0
            for track in tracks
        ]

    def _choose_layer(self, viewer: Viewer, rates_bps: Sequence[int], now_s: float) -> None:
        downtrack = viewer.downtracks.get("video")
        if downtrack is None or not self._pictures:
            return
        index = viewer.chooser.choose(rates_bps, now_s)
        if index is None:
            downtrack.pause()
            return
        lane = self._pictures[min(index, len(self._pictures) - 1)]
        if downtrack.lane is lane or downtrack.joining is lane:
            if downtrack.lane is lane:
                downtrack.stay()
        elif downtrack.lane is None and self._changed_s is None and downtrack.catch_up(lane, now_s):
            self._listener.on_behind(viewer, now_s)
            if lane.track.is_gop_old(now_s):
                lane.track.ask_keyframe(now_s)
        else:
            downtrack.join(lane)
            lane.track.ask_keyframe(now_s)

    def _join_sound(self, viewer: Viewer) -> None:
        downtrack = viewer.downtracks.get("audio")
        if downtrack is not None and self._sounds:
            downtrack.join(self._sounds[0])

    def wants_keyframe(self, viewer: Viewer, now_s: float) -> None:
        """Ask the publisher, for a viewer that can't go on; send a newcomer once more what it began with."""
        self.quality.keyframe_requests += 1
        if self._begin_again(viewer, now_s):
            return
        downtrack = viewer.downtracks.get("video")
        lane = (downtrack.joining or downtrack.lane) if downtrack else None
        if lane is not None:
            lane.track.ask_keyframe(now_s)

    def _begin_again(self, viewer: Viewer, now_s: float) -> bool:
        downtrack = viewer.downtracks.get("video")
        if downtrack is None or downtrack.lane is None or downtrack.joining is not None:
            return False
        if now_s - (downtrack.began_s or now_s) > NEW_FOR_S:
            return False
        if not downtrack.catch_up(downtrack.lane, now_s):
            return False
        self._listener.on_behind(viewer, now_s)
        return True

    def layer_of(self, viewer: Viewer) -> str:
        """Return high, medium or low; none while no picture is sent."""
        downtrack = viewer.downtracks.get("video")
        lane = downtrack.lane if downtrack else None
        if lane is None or lane not in self._pictures:
            return "none" if lane is None else "high"
        return LAYER_NAMES[min(self._pictures.index(lane), 2)]

    def picture_for(self, viewer: Viewer) -> PictureShown:
        """Return what the picture is coded in, and whether the viewer can decode that."""
        if not self._pictures:
            return PictureShown()
        codec, downtrack = self._pictures[0].track.codec, viewer.downtracks.get("video")
        playable = downtrack is not None and downtrack.codec(codec) is not None
        return PictureShown(codec=codec.name, playable=playable or not viewer.live)

    def statistics(self) -> StageStatistics:
        """Return how the present session does."""
        viewers = list(self.viewers.values())
        watching = self.counts()
        rtts = sorted(viewer.rtt_ms for viewer in viewers if viewer.rtt_ms is not None)
        quality = self.quality.quality(watching)
        return StageStatistics(
            stage=self.name,
            session=self.session or "",
            publication=self.picture.resource if self.picture else "",
            viewers=len(viewers),
            packets_sent=quality.packets_sent,
            bytes_sent=quality.bytes_sent,
            packets_lost=quality.packets_lost,
            lost_share=round(sum(v.lost_share for v in viewers) / max(1, len(viewers)), 4),
            rtt_ms_p50=percentile(rtts, 0.5),
            rtt_ms_p99=percentile(rtts, 0.99),
            nacks=int(self.quality.sums(watching).nacks),
            retransmitted=quality.retransmitted,
            keyframe_requests=quality.keyframe_requests,
            freezes=quality.freezes,
            freeze_s=quality.freeze_s,
            splices=quality.splices,
            splice_wait_ms_last=self.quality.splice_wait_ms_last,
            layers=Counter(map(self.layer_of, viewers)),
        )

    def end(self) -> None:
        """End all lanes; the viewers are left to the engine."""
        for lane in [*self._pictures, *self._sounds, *self._before]:
            lane.end()
        self._pictures, self._sounds, self._before = [], [], []
        self.picture = self.sound = None
