"""Players of low-latency HLS, for measurements: one that decodes, and crowds that only fetch."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import aiohttp
import av

from showcaller import system

PART = re.compile(r'#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"(,INDEPENDENT=YES)?')
MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')
HINT = re.compile(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"')
HOLD_BACK = re.compile(r"PART-HOLD-BACK=([\d.]+)")
SEQUENCE = re.compile(r"#EXT-X-MEDIA-SEQUENCE:(\d+)")


class Listed(NamedTuple):
    """A part as a playlist lists it."""

    uri: str
    duration_s: float
    independent: bool


class Playlist(NamedTuple):
    """A live media playlist, as much as these players need."""

    parts: list[Listed]
    init: str
    hold_back_s: float
    next: tuple[int, int]  # numbers of the part that comes next: of its segment, in its segment

    @classmethod
    def read(cls, text: str) -> Playlist:
        listed = [Listed(uri, float(s), bool(i)) for s, uri, i in PART.findall(text)]
        whole, _, growing = text.rpartition("#EXTINF")
        segment = int(SEQUENCE.findall(text)[0]) + text.count("#EXTINF")
        part = len(PART.findall(growing if whole else text))
        hold_back_s = float(HOLD_BACK.findall(text)[0])
        return cls(listed, MAP.findall(text)[-1], hold_back_s, (segment, part))


class Fetcher:
    """Fetches below the folder of one stage's live playlists."""

    def __init__(self, http: aiohttp.ClientSession, folder: str) -> None:
        self.http = http
        self.folder = folder
        self.failed = 0

    async def get(self, name: str) -> bytes:
        async with self.http.get(self.folder + name) as answer:
            body = await answer.read()
            if answer.status != 200:
                self.failed += 1
                raise aiohttp.ClientError(f"{answer.status} for {name}: {body[:200]!r}")
            return body

    async def playlist(self, name: str, next: tuple[int, int] | None = None) -> Playlist:
        """Return a rendition's playlist; with `next` once it has that part."""
        asked = f"?_HLS_msn={next[0]}&_HLS_part={next[1]}" if next else ""
        return Playlist.read((await self.get(f"{name}.m3u8{asked}")).decode())


class Seen(NamedTuple):
    """A frame that was shown: the number that is burnt into it, and when (monotonic)."""

    number: int
    shown_s: float


class DecodingPlayer:
    """Plays a rendition as players should: behind the playlist's end by PART-HOLD-BACK, and evenly.

    `number_of` reads what is burnt into a frame. A frame that is late makes all later ones late, as a player
    that stalls does.
    """

    def __init__(self, fetcher: Fetcher, number_of: Callable[[Any], int]) -> None:
        self.seen: list[Seen] = []
        self.stalls = 0
        self._fetcher = fetcher
        self._number_of = number_of
        self._decoder: Any = None
        self._init = b""
        self._behind_s: float | None = None  # a frame's place in the media and when it is shown

    async def play(self, name: str, seconds: float) -> None:
        fetcher, until_s = self._fetcher, system.monotonic_s() + seconds
        playlist = await fetcher.playlist(name)
        playlist = await fetcher.playlist(name, playlist.next)  # begin where one has just come
        self._init = await fetcher.get(playlist.init)
        begin = _begin(playlist)
        end_s = sum(part.duration_s for part in playlist.parts[begin:])
        starts_s, known = end_s - playlist.hold_back_s, set[str]()
        while system.monotonic_s() < until_s:
            new = [part for part in playlist.parts[begin:] if part.uri not in known]
            for part in new:
                known.add(part.uri)
                self._show(await fetcher.get(part.uri), starts_s)
            begin = 0
            known |= {part.uri for part in playlist.parts}
            playlist = await fetcher.playlist(name, playlist.next)

    def _show(self, data: bytes, starts_s: float) -> None:
        with av.open(io.BytesIO(self._init + data)) as file:
            stream = file.streams.video[0]
            if self._decoder is None:
                self._decoder = av.CodecContext.create("h264", "r")
                self._decoder.extradata = stream.codec_context.extradata
            for packet in file.demux(stream):
                if packet.size:
                    for frame in self._decoder.decode(packet):
                        self._place(frame, float(packet.pts * packet.time_base), starts_s)

    def _place(self, frame: Any, at_s: float, starts_s: float) -> None:
        now_s = system.monotonic_s()
        if self._behind_s is None:
            self._first_s = at_s
            self._behind_s = now_s - (at_s + starts_s)
        if at_s - self._first_s < starts_s:
            return  # before the place at which it begins: decoded, not shown
        if now_s > at_s + self._behind_s:
            self.stalls += 1
            self._behind_s = now_s - at_s
        self.seen.append(Seen(self._number_of(frame), at_s + self._behind_s))


def _begin(playlist: Playlist) -> int:
    """Return the place of the last part with a keyframe that is PART-HOLD-BACK before the end."""
    left_s, found = 0.0, 0
    for place in reversed(range(len(playlist.parts))):
        left_s += playlist.parts[place].duration_s
        if playlist.parts[place].independent and left_s >= playlist.hold_back_s:
            found = place
            break
    return found


async def follow(fetcher: Fetcher, seconds: float) -> int:
    """Fetch picture and sound as they come, and decode nothing; return the number of parts."""
    until_s, parts = system.monotonic_s() + seconds, 0
    await fetcher.get("main.m3u8")

    async def one(name: str) -> None:
        nonlocal parts
        playlist = await fetcher.playlist(name)
        known = {part.uri for part in playlist.parts}
        while system.monotonic_s() < until_s:
            playlist = await fetcher.playlist(name, playlist.next)
            for part in playlist.parts:
                if part.uri not in known:
                    known.add(part.uri)
                    await fetcher.get(part.uri)
                    parts += 1

    await asyncio.gather(one("high"), one("audio"))
    return parts


async def visit(fetcher: Fetcher) -> None:
    """Come, as one of many: open the stage, wait for the next part, and fetch it."""
    await fetcher.get("main.m3u8")
    playlist = await fetcher.playlist("high")
    known = {part.uri for part in playlist.parts}
    playlist = await fetcher.playlist("high", playlist.next)
    for part in playlist.parts:
        if part.uri not in known:
            await fetcher.get(part.uri)
