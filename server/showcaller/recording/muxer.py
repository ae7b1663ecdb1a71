"""Writing the samples of one take as parts. Pure.

A sample's duration is known once the next one comes, so the newest is held back: until then, or until
`flush`. What has been made never changes and depends on nothing that comes.
"""

from __future__ import annotations

from . import boxes, layout, webm
from .boxes import Run
from .part import MadePart, Part, Sample, Take

PART_MS = 1_000.0
FIRST_DURATION_MS = {"video": 40.0, "audio": 20.0}  # of a sample that nothing follows, at the least


class Muxer:
    """The muxer of one take; parts last `part_ms`, or to the next keyframe.

    A part lasts as many whole samples as fit; `add` and `flush` return what has been completed.
    """

    def __init__(self, take: Take, *, part_ms: float = PART_MS) -> None:
        self._take = take
        self._part_ticks = round(part_ms * take.timescale / 1000)
        self._pending: list[tuple[int, Sample]] = []  # with their decode times
        self._sequence = 0
        self._end = 0  # tick at which the last part ended

    def add(self, sample: Sample) -> MadePart | None:
        """Take in the next sample; return the part that it completes, if it does.

        A sample that would be before the one before it is put right behind that.
        """
        at = self._tick(sample.time_ms)
        if not self._pending:
            self._pending.append((max(at, self._end), sample))
            return None
        at = max(at, self._pending[-1][0] + 1)
        made = self._complete(at) if self._ends_before(at, sample) else None
        self._pending.append((at, sample))
        return made

    def flush(self, until_ms: float) -> MadePart | None:
        """Return what is pending as a part whose last sample lasts until then: the end, or a silence."""
        if not self._pending:
            return None
        usual = self._take.timescale * FIRST_DURATION_MS[self._take.kind] / 1000
        return self._complete(max(self._tick(until_ms), self._pending[-1][0] + round(usual)))

    @property
    def newest_ms(self) -> float | None:
        """Server time of the newest sample that is in no part yet."""
        return self._pending[-1][1].time_ms if self._pending else None

    def _tick(self, time_ms: float) -> int:
        return round((time_ms - self._take.base_ms) * self._take.timescale / 1000)

    def _ends_before(self, at: int, sample: Sample) -> bool:
        """Return whether the pending part ends before a sample that begins at this tick.

        Sound could begin a part anywhere; it does when its time is up.
        """
        if self._take.kind == "video" and sample.keyframe:
            return True
        lasted = at - self._pending[0][0]
        step = at - self._pending[-1][0]  # the next one is as far off, as a rule
        return lasted >= self._part_ticks or lasted + step > self._part_ticks

    def _complete(self, end: int) -> MadePart:
        (begin, first), sequence, take = self._pending[0], self._sequence, self._take
        ends = [at for at, _ in self._pending[1:]] + [end]
        runs = [
            Run(until - at, sample.keyframe, sample.data)
            for (at, sample), until in zip(self._pending, ends, strict=True)
        ]
        if take.container == "webm":
            data = webm.cluster(begin, runs)
        else:
            data = boxes.fragment(sequence, begin, runs)
        line = sequence, begin, end - begin, first.rtp_time, first.keyframe
        part = Part(
            take=take.folder,
            sequence=sequence,
            decode_time=begin,
            duration=end - begin,
            time_ms=take.base_ms + begin * 1000 / take.timescale,
            rtp_time=first.rtp_time,
            keyframe=first.keyframe,
            size_bytes=len(data),
            name=layout.part_name(take.folder, take.container, *line),
        )
        self._pending, self._sequence, self._end = [], sequence + 1, end
        return MadePart(part, data)
