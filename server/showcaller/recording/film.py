"""A film: what a stage showed of a session as one MP4 file, with chapters. Nothing is decoded or encoded.

Sections become one picture and one sound. A section whose picture needs another decoder than the first one
is left out: a track of an MP4 file has one codec. Another size, or other parameter sets of H.264, stay in it.
"""

from __future__ import annotations

import heapq
import io
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import av

from .film_plan import Chapter, FilmPlan, Strip, Subtitles
from .subtitles import HEADER, sample_data, samples, three_letters

Read = Callable[[str], bytes]  # an object of the store
_TICK = Fraction(1, 90_000)
_MS = Fraction(1, 1000)


def make_film(plan: FilmPlan, read: Read, path: str) -> int:
    """Write the film to a file at `path`; return how many strips were left out."""
    media = [
        _Track(strips, read, plan.start_ms) for strips in (plan.pictures, plan.sounds) if strips
    ]
    tracks: list[_Track | _Texts] = [
        *media,
        *(_Texts(one, plan.start_ms, plan.end_ms) for one in plan.subtitles),
    ]
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as out:
        out.metadata.update({"title": plan.title, "artist": plan.artist})
        out.set_chapters(_chapters(plan))
        for track in tracks:
            track.begin(out)
        for _, _, packet in heapq.merge(*(track.packets(n) for n, track in enumerate(tracks))):
            out.mux(packet)
    return sum(track.left_out for track in media)


def _chapters(plan: FilmPlan) -> list[Any]:
    """Return chapters without gaps from the film's beginning on, as MP4 needs them."""
    given = [Chapter(max(one.start_ms, plan.start_ms), one.title) for one in plan.chapters]
    if not given:
        return []
    if given[0].start_ms > plan.start_ms:
        given.insert(0, Chapter(plan.start_ms, plan.title))
    ends_ms = [one.start_ms for one in given[1:]] + [plan.end_ms]
    return [
        {
            "id": number,
            "start": round(one.start_ms - plan.start_ms),
            "end": round(max(end_ms, one.start_ms + 1) - plan.start_ms),
            "time_base": Fraction(1, 1000),
            "metadata": {"title": one.title},
        }
        for number, (one, end_ms) in enumerate(zip(given, ends_ms, strict=True))
    ]


class _Track:
    """The strips of one kind, one behind the other."""

    def __init__(self, strips: Sequence[Strip], read: Read, start_ms: float) -> None:
        self.left_out = 0
        self._strips = strips
        self._read = read
        self._start_ms = start_ms
        self._stream: Any = None
        self._codec = ""
        self._sets = b""  # parameter sets that the file's head has
        self._end = -1  # ticks

    def begin(self, out: Any) -> None:
        """Add the track to the file, as its first strip describes it."""
        with self._open(self._strips[0]) as file:
            source = file.streams[0]
            self._stream = out.add_stream_from_template(source, opaque=True)
            self._codec, self._sets = source.codec_context.name, _sets_of(source)

    def packets(self, place: int) -> Iterator[tuple[Fraction, int, Any]]:
        """Return packets with the time at which they are due, and `place` to tell tracks apart."""
        for strip in self._strips:
            with self._open(strip) as file:
                source = file.streams[0]
                if source.codec_context.name != self._codec:
                    self.left_out += 1
                    continue
                sets = _sets_of(source)
                yield from self._of_strip(file, strip, b"" if sets == self._sets else sets, place)

    def _of_strip(
        self, file: Any, strip: Strip, sets: bytes, place: int
    ) -> Iterator[tuple[Fraction, int, Any]]:
        first: Fraction | None = None
        for packet in file.demux(file.streams[0]):
            if packet.dts is None:
                continue
            at_s = packet.dts * packet.time_base
            first = at_s if first is None else first
            seconds = Fraction(round(strip.at_ms - self._start_ms), 1000) + at_s - first
            due = max(round(seconds / _TICK), self._end + 1, 0)
            self._end = due
            made = _with_sets(packet, sets) if sets and packet.is_keyframe else packet
            made.pts = made.dts = due
            made.time_base, made.stream = _TICK, self._stream
            yield due * _TICK, place, made

    def _open(self, strip: Strip) -> Any:
        return av.open(_Objects(strip.objects, self._read), format="mp4")


class _Texts:
    """The captions of one language."""

    def __init__(self, subtitles: Subtitles, start_ms: float, end_ms: float) -> None:
        self._start_ms = round(start_ms)
        self._samples = samples(subtitles.lines, self._start_ms, round(end_ms))
        self._language = subtitles.language
        self._stream: Any = None

    def begin(self, out: Any) -> None:
        """Add the track to the file. FFmpeg's encoder is opened for the head of `tx3g`, and given nothing."""
        self._stream = out.add_stream("mov_text")
        self._stream.codec_context.subtitle_header = HEADER
        self._stream.time_base = _MS
        self._stream.metadata["language"] = three_letters(self._language)
        self._stream.metadata["handler_name"] = self._language

    def packets(self, place: int) -> Iterator[tuple[Fraction, int, Any]]:
        """Return packets with the time at which they are due."""
        for line in self._samples:
            made: Any = av.Packet(sample_data(line.text))
            made.pts = made.dts = line.from_ms - self._start_ms
            made.duration, made.time_base = line.to_ms - line.from_ms, _MS
            made.is_keyframe, made.stream = True, self._stream
            yield made.pts * _MS, place, made


def _with_sets(packet: Any, sets: bytes) -> Any:
    """Return a keyframe with its parameter sets before it, for those of the file's head are others."""
    made: Any = av.Packet(sets + bytes(packet))
    made.is_keyframe, made.duration = True, packet.duration
    return made


def _sets_of(stream: Any) -> bytes:
    """Return the parameter sets of H.264 (ISO/IEC 14496-15 §5.3.3.1) as units behind their lengths."""
    told = stream.codec_context.extradata or b""
    if stream.codec_context.name != "h264" or len(told) < 7:
        return b""
    made, at = b"", 5
    for mask in (0x1F, 0xFF):
        count, at = told[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(told[at : at + 2], "big")
            made += size.to_bytes(4, "big") + told[at + 2 : at + 2 + size]
            at += 2 + size
    return made


class _Objects(io.RawIOBase):
    """Objects of the store as one file that is read once, from its beginning to its end."""

    def __init__(self, names: Sequence[str], read: Read) -> None:
        self._left = iter(names)
        self._read = read
        self._data = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        """Return some of what comes next; empty at the end."""
        while not self._data:
            name = next(self._left, None)
            if name is None:
                return b""
            self._data = memoryview(self._read(name))
        size = len(self._data) if size < 0 else size
        found, self._data = self._data[:size], self._data[size:]
        return bytes(found)
