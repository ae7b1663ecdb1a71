"""A talk on a stage as the recorder writes it: H.264 of a real encoder and silence, into a store."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from ..hls.rendition import Told
from ..media.recorder.depacketise import Frame, frame_of
from ..media.recorder.descriptions import describe_sound
from ..media.recorder.stage_writer import Shown, StageWriter
from ..media.rtp.opus import SILENCE
from ..recording import layout
from ..recording.part import InitSection, Sample
from .encoded_streams import stream

FRAME_MS, SOUND_MS = 40.0, 20.0


def encoded_frames(name: str = "h264") -> list[Frame]:
    """Return a second of pictures and more; the first one is a keyframe."""
    _, frames = stream(name)
    return [frame_of("H264", payloads) for _, payloads in frames]


class StageTalk:
    """One session of `stage`, written below the folder `root` and told to `tell`. `play` it, `end` it."""

    def __init__(
        self, root: Path, tell: Callable[[Told], None], *, event: str, run: str, session: str,
        stage: str = "main", at_ms: float,
    ) -> None:  # fmt: skip
        numbers = count()
        self.now_ms = at_ms
        self.folder = layout.session_folder(event, run, session)
        self.shown = Shown("w_1~p", "ada", session, self.folder)
        self.writer = StageWriter(stage, self._put, tell, lambda: f"u{next(numbers)}")
        self.writer.choose(self.shown, self.shown, at_ms)
        self._root = root
        self._sound = describe_sound(2)
        self._frames = encoded_frames()
        self._next = 0
        self._init: InitSection | None = None

    def play(self, seconds: float) -> None:
        """Write so much of it at once."""
        for _ in range(round(1000 * seconds / FRAME_MS)):
            frame = self._frames[self._next % len(self._frames)]
            self._next += 1
            self._init = frame.init or self._init
            assert self._init is not None
            picture = Sample(self.now_ms, 0, frame.keyframe, frame.data)
            self.writer.add(self.shown, picture, self._init)
            for late_ms in (0.0, SOUND_MS):
                sound = Sample(self.now_ms + late_ms, 0, True, SILENCE)
                self.writer.add(self.shown, sound, self._sound)
            self.now_ms += FRAME_MS

    def end(self) -> None:
        """End it: nothing more is shown."""
        self.writer.choose(None, None, self.now_ms)

    def _put(self, name: str, data: bytes) -> bool:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return True
