"""The tracks of an ingest by SSRC: its sound, its picture in up to three layers, and their repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..rtp import rtp
from ..rtp.extensions import REPAIRED_RID, RID
from ..sdp.codec_choice import Codec
from ..sdp.negotiation import Medium
from .track import Track, TrackListener
from .trunk_link import TrackLine

RETIRED = 8  # SSRCs that are remembered
STOPPED_AFTER_S = 0.6  # a layer without a packet while others go on
SILENT_S = 0.5  # then an SSRC that was replaced may come back
CLEARLY_MORE = 1.5  # times the bitrate: a better layer
NOISE_BPS = 100_000  # a still picture's layers are all alike


class Tracks:
    """Tracks of the ingest `origin`; `media` are the sections that flow, by kind."""

    def __init__(
        self,
        origin: str,
        media: Mapping[str, Medium],
        extensions: Mapping[str, int],
        listener: TrackListener,
    ) -> None:
        self.layers: list[Track] = []  # of video, the best first
        self.sound: Track | None = None
        self._origin = origin
        self._media = media
        self._rid_id = extensions.get(RID, 0)
        self._repaired_rid_id = extensions.get(REPAIRED_RID, 0)
        self._listener = listener
        self._codecs = {
            codec.payload_type: (kind, codec)
            for kind, medium in media.items()
            for codec in medium.codecs
        }
        self._by_ssrc: dict[int, Track] = {}
        self._repairs: dict[int, Track] = {}
        self._retired: dict[int, Track] = {}  # what an SSRC was replaced by, the oldest first

    def all(self) -> list[Track]:
        return list(self._by_ssrc.values())

    def of(self, ssrc: int) -> Track | None:
        return self._by_ssrc.get(ssrc)

    def find(self, packet: rtp.Packet, now_s: float) -> tuple[Track, rtp.Packet] | None:
        """Return the track of a packet, which may be new, and the packet (unwrapped if it is a repair)."""
        track = self._by_ssrc.get(packet.ssrc)
        if track is not None:
            if packet.payload_type != track.codec.payload_type:
                self._change_codec(track, packet.payload_type, now_s)
            return track, packet
        if packet.payload_type in self._codecs:
            new = self._new(packet, now_s)
            return (new, packet) if new is not None else None
        track = self._repairs.get(packet.ssrc) or self._repaired(packet)
        if track is None or track.codec.rtx != packet.payload_type:
            return None
        unwrapped = rtp.unwrap_rtx(packet, track.codec.payload_type, track.ssrc)
        return (track, unwrapped) if unwrapped is not None else None

    def expect(self, line: TrackLine, now_s: float) -> None:
        """Add a track that another worker has told apart already."""
        kind, codec = self._codecs[line.payload_type]
        track = self._add(kind, line.ssrc, line.rid, codec, now_s)
        self._repairs.update(dict.fromkeys(line.repairs, track))

    def lines(self) -> list[TrackLine]:
        """Return a line about each track, as `expect` takes them."""
        return [
            TrackLine(
                track.ssrc,
                track.codec.payload_type,
                track.rid,
                tuple(ssrc for ssrc, repaired in self._repairs.items() if repaired is track),
            )
            for track in self.all()
        ]

    def begin_anew(self, track: Track, now_s: float) -> Track:
        """Put another track in the place of one, with the same SSRC; return it."""
        return self._add(track.kind, track.ssrc, track.rid, track.codec, now_s)

    def order(self, now_s: float) -> None:
        """Put the larger pictures first; where they are alike or not known, those with clearly more bits.

        What counts is the most that a layer ever had: one that pauses keeps its rank.
        """
        for track in self.layers:
            track.most_bps = max(track.most_bps, track.reception.bitrate_bps(now_s))
        order = ordered([track.most_bps for track in self.layers])
        layers = [self.layers[place] for place in order]
        areas = [track.area for track in layers]
        if all(areas):
            layers.sort(key=lambda track: -track.area)
        self.layers = layers

    def end(self) -> None:
        for track in self.all():
            track.end()
        for known in (self._by_ssrc, self._repairs, self._retired):
            known.clear()

    def _new(self, packet: rtp.Packet, now_s: float) -> Track | None:
        successor = self._retired.get(packet.ssrc)
        if successor is not None and now_s - successor.last_s < SILENT_S:
            return None  # late, of a source that was replaced
        kind, codec = self._codecs[packet.payload_type]
        rid = _text(packet, self._rid_id)
        rids = self._media[kind].rids
        if kind == "video" and rids and rid not in rids:
            return None  # until a packet tells which layer it is
        return self._add(kind, packet.ssrc, rid if rids else "", codec, now_s)

    def _add(self, kind: str, ssrc: int, rid: str, codec: Codec, now_s: float) -> Track:
        """Add a track; it replaces another one of its layer, and without RIDs there is only one layer."""
        track = Track(self._origin, kind, ssrc, rid, codec, self._listener)
        for old in [t for t in self._by_ssrc.values() if (t.kind, t.rid) == (kind, rid)]:
            self._retire(old, track)
        if kind == "audio":
            self.sound = track
        else:
            self.layers.append(track)
            rids = self._media[kind].rids
            if len(self.layers) <= len(rids):
                self.layers.sort(key=lambda t: rids.index(t.rid))  # until their rates are known
        self._by_ssrc[ssrc] = track
        self._retired.pop(ssrc, None)
        self._listener.on_track(track, now_s)
        return track

    def _retire(self, old: Track, successor: Track) -> None:
        del self._by_ssrc[old.ssrc]
        if old in self.layers:
            self.layers.remove(old)
        self._repairs = {ssrc: t for ssrc, t in self._repairs.items() if t is not old}
        self._retired = {
            ssrc: successor if after is old else after for ssrc, after in self._retired.items()
        }
        self._retired[old.ssrc] = successor
        if len(self._retired) > RETIRED:
            del self._retired[next(iter(self._retired))]
        old.end()

    def _repaired(self, packet: rtp.Packet) -> Track | None:
        """Return the track that an unknown SSRC with a retransmission repairs (RFC 8853, RFC 5576)."""
        rid = _text(packet, self._repaired_rid_id)
        pairs = [pair for m in self._media.values() for pair in m.rtx_ssrcs.items()]
        named = {main for main, repairs in pairs if repairs == packet.ssrc}
        for track in self.layers:
            if (rid and track.rid == rid) or track.ssrc in named or len(self.layers) == 1:
                self._repairs[packet.ssrc] = track
                return track
        return None

    def _change_codec(self, track: Track, payload_type: int, now_s: float) -> None:
        kind, codec = self._codecs.get(payload_type, ("", track.codec))
        if kind == track.kind:
            track.change_codec(codec, now_s)


def flowing(layers: Sequence[Track]) -> list[Track]:
    """Return those layers that go on: senders drop the best where line or CPU is short."""
    newest_s = max((layer.last_s for layer in layers), default=0.0)
    return [x for x in layers if x.last is None or newest_s - x.last_s < STOPPED_AFTER_S]


def ordered(rates: Sequence[float]) -> list[int]:
    """Return the places of layers, the best first: as they are, unless a later one has clearly more bits.

    One that does not flow keeps its place.
    """
    order = list(range(len(rates)))
    for _ in order:
        for at in range(len(order) - 1):
            before, after = rates[order[at]], rates[order[at + 1]]
            if before and after > max(NOISE_BPS, CLEARLY_MORE * before):
                order[at], order[at + 1] = order[at + 1], order[at]
    return order


def _text(packet: rtp.Packet, extension: int) -> str:
    return packet.extensions.get(extension, b"").decode("ascii", "replace")
