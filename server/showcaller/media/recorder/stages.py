"""The stages that are written: which publication each shows, of those that may be recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from ...hls.rendition import Told, Unwritten
from ...recording.part import InitSection, Sample
from ..contract.recording import Room
from ..sfu.ingest import Ingest
from ..sfu.program import choose_picture, choose_sound
from ..sfu.tracks import flowing
from .sources import lowest
from .stage_writer import LOW, PICTURE, Put, Shown, StageWriter

log = logging.getLogger(__name__)

PICTURE_WITHIN_S = 2.0
KEYFRAME_EVERY_S = 2.0  # segments begin with one, and players can begin there only
Folder = Callable[[str], str]  # of a session's recordings
Wants = Callable[[Ingest], bool]


class Stages:
    """Writes what each stage shows. `lead` it whenever something may have changed, and each 100 ms."""

    def __init__(
        self,
        put: Put,
        tell: Callable[[Told], None],
        unique: Callable[[], str],
        folder: Folder,
        wants: Wants,
    ) -> None:
        self._writer_of: Callable[[str], StageWriter] = lambda stage: StageWriter(
            stage, put, tell, unique
        )
        self._tell = tell
        self._folder = folder
        self._wants = wants
        self._stages: dict[str, _Stage] = {}
        self._by_session: dict[str, _Stage] = {}

    def lead(
        self, rooms: Iterable[Room], ingests: Sequence[Ingest], now_s: float, now_ms: float
    ) -> None:
        """Have each stage show what it should of these; `now_ms` is the same instant in server time."""
        on_stage = {room.stage: room for room in rooms if room.on_stage}
        self._by_session = {}
        for name in {**self._stages, **on_stage}:
            stage = self._stages.setdefault(name, _Stage(name, self._writer_of(name)))
            room = on_stage.get(name)
            if room is not None:
                self._by_session[room.session] = stage
            self._show(stage, room, ingests, now_s, now_ms)

    def _show(
        self,
        stage: _Stage,
        room: Room | None,
        ingests: Sequence[Ingest],
        now_s: float,
        now_ms: float,
    ) -> None:
        found = {i.resource: i for i in ingests if room and i.session == room.session and i.live}
        names = stage.choose(list(found.values()), room.chosen if room else "", now_s)
        picture, sound = (self._allowed(found.get(name)) for name in names)
        if picture is not None and is_vp8(picture):
            self._note_vp8(stage, picture)
            picture = sound = None
        if picture is not None and not _has_picture(picture, now_s):
            picture = None
        stage.writer.choose(self._shown(picture), self._shown(sound), now_ms)
        for track in flowing(picture.layers)[:1] if picture is not None else ():
            if stage.writer.waits or stage.is_due(PICTURE, track.keyframe_s, now_s):
                track.ask_keyframe(now_s)
        low = lowest(picture) if picture is not None else None
        if low is not None and (
            not stage.writer.has_low or stage.is_due(LOW, low.keyframe_s, now_s)
        ):
            low.ask_keyframe(now_s)

    def _shown(self, ingest: Ingest | None) -> Shown | None:
        return shown_of(ingest, self._folder) if ingest else None

    def _allowed(self, ingest: Ingest | None) -> Ingest | None:
        return ingest if ingest and self._wants(ingest) else None

    def _note_vp8(self, stage: _Stage, picture: Ingest) -> None:
        if stage.vp8 != picture.resource:
            stage.vp8 = picture.resource
            about = {"action": "recording.no_hls", "session": picture.session}
            log.warning(
                "a picture in VP8 is recorded as WebM, and there is no HLS of it", extra=about
            )
            self._tell(Told(stage=stage.name, written=Unwritten(picture.session)))

    def add(self, ingest: Ingest, sample: Sample, init: InitSection, low: bool = False) -> None:
        """Write the next sample of a publication where a stage shows it; `low`: of its lowest layer."""
        stage = self._by_session.get(ingest.session)
        if stage is not None:
            stage.writer.add(shown_of(ingest, self._folder), sample, init, low=low)

    def flush_if_still(self, now_ms: float) -> None:
        for stage in self._stages.values():
            stage.writer.flush_if_still(now_ms)

    def close(self, now_ms: float) -> None:
        """Write what is pending."""
        for stage in self._stages.values():
            stage.writer.close(now_ms)


class _Stage:
    """One stage, and what it shows; it chooses as the workers do that serve its viewers."""

    def __init__(self, name: str, writer: StageWriter) -> None:
        self.name = name
        self.writer = writer
        self.vp8 = ""  # the publication that was told of last
        self._showing = ""
        self._chosen = ""
        self._asked_s: dict[str, float] = {}  # by rendition

    def is_due(self, name: str, keyframe_s: float | None, now_s: float) -> bool:
        """Tell whether to ask for a rendition's keyframe, after one at `keyframe_s`; once for each."""
        if now_s < max(keyframe_s or 0.0, self._asked_s.get(name, 0.0)) + KEYFRAME_EVERY_S:
            return False
        self._asked_s[name] = now_s
        return True

    def choose(self, ingests: Sequence[Ingest], chosen: str, now_s: float) -> tuple[str, str]:
        """Return whose picture and whose sound are shown now."""
        contenders = [ingest.contender(now_s) for ingest in ingests]
        showing = self._showing if chosen == self._chosen else ""
        picture = choose_picture(contenders, chosen, showing)
        picture = picture or choose_picture(contenders, chosen, self._showing)
        self._showing, self._chosen = picture, chosen
        return picture, choose_sound(contenders, picture)


def _has_picture(ingest: Ingest, now_s: float) -> bool:
    """Tell whether to wait for a picture: one that has just begun may send it behind its sound."""
    young = ingest.contender(now_s).steady_s < PICTURE_WITHIN_S
    return bool(ingest.layers) or (ingest.has_video and young)


def is_vp8(ingest: Ingest) -> bool:
    return any(track.codec.name == "VP8" for track in ingest.layers)


def shown_of(ingest: Ingest, folder: Folder) -> Shown:
    return Shown(ingest.resource, ingest.person, ingest.session, folder(ingest.session))
