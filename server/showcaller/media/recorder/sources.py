"""One publication that is recorded: its picture in the best layer that flows, and its sound."""

from __future__ import annotations

from collections.abc import Callable

from ...recording.part import InitSection, Sample
from ..sfu.ingest import Ingest
from ..sfu.track import Track
from ..sfu.tracks import flowing
from .takes import SHARED_BASE_MS, About, TakeWriter
from .tap import ToServerMs, TrackTap

Writers = Callable[[About, Callable[[float], int]], TakeWriter]
Also = Callable[
    [Ingest, Sample, InitSection, bool], None
]  # true: of the lowest layer, beside others


def lowest(ingest: Ingest) -> Track | None:
    """Return the smallest picture of several that flow; None where there is one, or none."""
    layers = flowing(ingest.layers)
    return layers[-1] if len(layers) > 1 else None


class Source:
    """The recording of one ingest. `tick` it, `close` it; `writer_of` makes a writer of its takes.

    `also` is given each sample that is written, too.
    """

    def __init__(
        self,
        ingest: Ingest,
        folder: str,
        to_server_ms: ToServerMs,
        writer_of: Writers,
        also: Also,
    ) -> None:
        self.ingest = ingest
        self.writers: dict[str, TakeWriter] = {}  # by kind
        self._folder = folder
        self._to_server_ms = to_server_ms
        self._writer_of = writer_of
        self._also = also
        self._taps: dict[Track, TrackTap] = {}
        self._shown: dict[str, TrackTap] = {}  # the ones that are written, by kind
        self._base_ms: int | None = None

    def follow(self, now_s: float) -> None:
        """Tap the tracks that are to be written now; a better layer takes over at its keyframe."""
        picture, low = self._picture(), lowest(self.ingest)
        wanted = [track for track in (picture, low, self.ingest.sound) if track]
        for track in wanted:
            if track not in self._taps:
                self._taps[track] = TrackTap(self.ingest, track, self._to_server_ms, self)
                self._taps[track].tick(now_s)
        for track, tap in list(self._taps.items()):
            if track not in wanted and self._shown.get(tap.kind) is not tap:
                tap.close()
                del self._taps[track]

    def tick(self, now_s: float) -> None:
        """Follow, ask for keyframes that are needed, write what waits; to be called each 100 ms."""
        self.follow(now_s)
        for tap in self._taps.values():
            tap.tick(now_s)
        for writer in self.writers.values():
            writer.flush_if_still(self._to_server_ms(now_s))

    def close(self, now_s: float) -> None:
        """End all takes."""
        for tap in self._taps.values():
            tap.close()
        self._taps.clear()
        for writer in self.writers.values():
            writer.close(self._to_server_ms(now_s))

    def _picture(self) -> Track | None:
        layers = self.ingest.layers
        return next(iter(flowing(layers) or layers), None)

    # What taps tell ---------------------------------------------------------------------------

    def on_sample(self, tap: TrackTap, sample: Sample, init: InitSection) -> None:
        if tap.track is lowest(self.ingest):
            self._also(self.ingest, sample, init, True)
        shown = self._shown.get(tap.kind)
        if shown is not tap:
            if not sample.keyframe or not self._is_wanted(tap):
                return
            self._shown[tap.kind] = tap
        self._writer(tap.kind).add(sample, init)
        self._also(self.ingest, sample, init, False)

    def on_tap_ended(self, tap: TrackTap) -> None:
        self._taps.pop(tap.track, None)
        if self._shown.get(tap.kind) is tap:
            del self._shown[tap.kind]

    def _is_wanted(self, tap: TrackTap) -> bool:
        return tap.track is (self._picture() if tap.kind == "video" else self.ingest.sound)

    def _writer(self, kind: str) -> TakeWriter:
        writer = self.writers.get(kind)
        if writer is None:
            ingest = self.ingest
            who = ingest.session, ingest.resource, ingest.person, ingest.source
            about = About(self._folder, *who, kind)
            writer = self.writers[kind] = self._writer_of(about, self._base_of)
        return writer

    def _base_of(self, time_ms: float) -> int:
        """Return the base of a take that begins now: that of its publication's other track, if it is near."""
        if self._base_ms is None or not 0 <= time_ms - self._base_ms < SHARED_BASE_MS:
            self._base_ms = int(time_ms)
        return self._base_ms
