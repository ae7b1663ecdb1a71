"""Writing what a stage shows, as the renditions of its live stream and replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ...hls.rendition import PART_S, Told
from ...hls.talks import SOURCE, part_of, section_of
from ...recording import layout
from ...recording.muxer import Muxer
from ...recording.part import InitSection, MadePart, Sample, Take

PICTURE, LOW, SOUND = "high", "low", "audio"  # the names of the renditions
BEFORE_MS = (
    1_000  # so much before its first picture a section's tick 0 lies: sound may begin earlier
)
STILL_AFTER_MS = 600.0  # without a sample, what is pending is written
ON_ITS_WAY_MS = 200.0  # what arrives now was sampled so long ago, or less

Put = Callable[[str, bytes], bool]  # false: it was not taken


class Shown(NamedTuple):
    """A publication as a stage shows it; `folder` is that of its session's recordings."""

    publication: str
    person: str
    session: str
    folder: str


class _Writing(NamedTuple):
    init: InitSection
    take: Take
    muxer: Muxer


class StageWriter:
    """The writer of one stage. `put` stores an object, `tell` says what was written, `unique` names takes.

    A section begins with a keyframe of the picture that is to be shown; until then what was shown goes on, as
    it does for viewers.
    """

    def __init__(
        self, stage: str, put: Put, tell: Callable[[Told], None], unique: Callable[[], str]
    ) -> None:
        self._stage = stage
        self._put = put
        self._tell = tell
        self._unique = unique
        self._wanted: tuple[Shown | None, Shown | None] = None, None  # picture and sound
        self._now: tuple[Shown | None, Shown | None] = None, None
        self._writing: dict[str, _Writing] = {}
        self._anew = False  # another section is needed, though the same is shown
        self._section = -1
        self._base_ms = 0
        self._newest_ms: dict[str, float] = {}

    @property
    def waits(self) -> bool:
        """Tell whether a keyframe of the picture is needed."""
        return self._wanted[0] is not None and (self._wanted != self._now or self._anew)

    @property
    def has_low(self) -> bool:
        """Tell whether the low rendition is being written."""
        return LOW in self._writing

    def choose(self, picture: Shown | None, sound: Shown | None, now_ms: float) -> None:
        """Show these from their next keyframe on; nothing: end at once."""
        self._wanted = picture, sound
        if picture is None and sound is None:
            self.close(now_ms)

    def close(self, now_ms: float) -> None:
        """Write what is pending, and end the section."""
        for name in list(self._writing):
            self._flush(name, min(now_ms, self._newest_ms[name] + STILL_AFTER_MS))
        self._writing.clear()
        self._now = None, None

    def add(self, shown: Shown, sample: Sample, init: InitSection, *, low: bool = False) -> None:
        """Write the next sample of a publication, if it is shown; `low`: of its lowest layer."""
        if init.container != "mp4":
            return
        if low:
            self._add_low(shown, sample, init)
        elif init.kind == "video":
            self._add_picture(shown, sample, init)
        else:
            self._add_sound(shown, sample, init)

    def flush_if_still(self, now_ms: float) -> None:
        """Write what has waited for its next sample for long, such as of slides."""
        for name, newest_ms in list(self._newest_ms.items()):
            if name in self._writing and now_ms - newest_ms > STILL_AFTER_MS:
                self._flush(name, now_ms - ON_ITS_WAY_MS)

    def _add_picture(self, shown: Shown, sample: Sample, init: InitSection) -> None:
        writing = self._writing.get(PICTURE)
        is_other = (
            writing is None or writing.init != init or self._now != self._wanted or self._anew
        )
        if shown == self._wanted[0] and is_other and sample.keyframe:
            self._begin_section(sample.time_ms)
        if shown == self._now[0]:
            self._write(PICTURE, shown, sample, init)

    def _add_low(self, shown: Shown, sample: Sample, init: InitSection) -> None:
        if shown != self._now[0]:
            return
        writing = self._writing.get(LOW)
        if writing is not None and writing.init != init:
            self._anew = True
        self._write(LOW, shown, sample, init)

    def _add_sound(self, shown: Shown, sample: Sample, init: InitSection) -> None:
        alone = self._wanted[0] is None and shown == self._wanted[1]
        if alone and self._now != self._wanted:
            self._begin_section(sample.time_ms)
        if shown == self._now[1]:
            self._write(SOUND, shown, sample, init)

    def _begin_section(self, at_ms: float) -> None:
        self.close(at_ms)
        self._now, self._anew = self._wanted, False
        self._section += 1
        self._base_ms = int(at_ms) - BEFORE_MS

    def _write(self, name: str, shown: Shown, sample: Sample, init: InitSection) -> None:
        writing = self._writing.get(name)
        if writing is not None and writing.init != init:
            return  # until the keyframe with which a section begins
        if writing is None:
            if not sample.keyframe:
                return
            writing = self._writing[name] = self._begin_take(name, shown, init)
        self._newest_ms[name] = sample.time_ms
        if (made := writing.muxer.add(sample)) is not None:
            self._store(name, writing, made)

    def _begin_take(self, name: str, shown: Shown, init: InitSection) -> _Writing:
        source = SOURCE + name
        folder = layout.take_folder(shown.folder, self._base_ms, source, init.kind, self._unique())
        take = layout.take_of(
            init,
            folder=folder,
            session=shown.session,
            publication=shown.publication,
            person=shown.person,
            source=source,
            base_ms=self._base_ms,
        )
        self._put(f"{folder}/{layout.TAKE}", msgspec.json.encode(take))
        self._put(layout.init_name(folder, init.container), init.data)
        section = section_of(take, self._section)
        self._tell(Told(stage=self._stage, rendition=name, written=section))
        return _Writing(init, take, Muxer(take, part_ms=1000 * PART_S))

    def _flush(self, name: str, until_ms: float) -> None:
        writing = self._writing[name]
        if (made := writing.muxer.flush(until_ms)) is not None:
            self._store(name, writing, made)

    def _store(self, name: str, writing: _Writing, made: MadePart) -> None:
        if not self._put(made.part.name, made.data):
            return  # there is no room for it to wait
        part = part_of(made.part, writing.take.timescale, self._section)
        self._tell(Told(stage=self._stage, rendition=name, written=part))
