"""Publish a file or the test card into a room; watch a stage and count what arrives (PROTOCOL.md §9).

Both keep at it: they wait while the doors are closed and connect again after a failure. Needs the extra
`media`: `pip install "showcaller-client[media]"`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlencode

try:
    import av
    from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender
    from aiortc.contrib.media import MediaPlayer
    from aiortc.mediastreams import MediaStreamError
except ImportError as error:
    raise ImportError(
        'publishing and watching need aiortc: pip install "showcaller-client[media]"'
    ) from error

from . import backoff, http
from .errors import Refused
from .followed import Followed
from .testcard import AUDIO_FRAME, AUDIO_RATE, Codec, EncodedLoop, make_test_card
from .whip import Endpoint, Peer

log = logging.getLogger("showcaller_client")

Generation = Callable[[], int]

GENERATION_INTERVAL_S = 0.25
MAX_LATE_S = 0.5  # a program that was held up goes on from here instead of catching up


class Source(Protocol):
    """Something to publish. `codec`: of its picture, where that is encoded already, and to encode it with."""

    codec: Codec

    def tracks(self) -> list[MediaStreamTrack]:
        """Fresh tracks for one connection. They yield frames, or packets of `codec` and Opus."""
        ...


class LoopSource:
    """An encoded loop; costs no encoding, whoever publishes it."""

    def __init__(self, loop: EncodedLoop) -> None:
        self._loop = loop
        self.codec = loop.codec

    def tracks(self) -> list[MediaStreamTrack]:
        pace = Pace()
        frame_s = Fraction(1, self._loop.frames_per_s)
        return [
            LoopTrack("video", self._loop.video, frame_s, pace),
            LoopTrack("audio", self._loop.audio, Fraction(AUDIO_FRAME, AUDIO_RATE), pace),
        ]


class FileSource:
    """A file, played once; VP8 and Opus are sent as they are, anything else is encoded.

    Raises `OSError` for a file that can't be read, `ValueError` for one without media.
    """

    codec: Codec = "vp8"

    def __init__(self, path: Path) -> None:
        self._path = path
        with av.open(str(path)) as container:
            streams = [s for s in container.streams if s.type in ("video", "audio")]
            codecs = {stream.codec_context.name for stream in streams}
        if not codecs:
            raise ValueError(f"{path} has neither video nor audio")
        self._as_it_is = codecs <= {"vp8", "libvpx", "opus", "libopus"}

    def tracks(self) -> list[MediaStreamTrack]:
        player = MediaPlayer(str(self._path), decode=not self._as_it_is)
        return [track for track in (player.video, player.audio) if track is not None]


class Pace:
    """The moment at which a publication began; its tracks share it and so stay in step."""

    def __init__(self) -> None:
        self._began_s: float | None = None

    async def reach(self, media_s: float) -> None:
        """Wait until the media's time has come."""
        now_s = time.monotonic()
        if self._began_s is None or now_s - self._began_s - media_s > MAX_LATE_S:
            self._began_s = now_s - media_s
        await asyncio.sleep(max(0.0, self._began_s + media_s - now_s))


class LoopTrack(MediaStreamTrack):
    """Yields encoded packets in real time, again and again."""

    def __init__(self, kind: str, packets: tuple[bytes, ...], step: Fraction, pace: Pace) -> None:
        super().__init__()
        self.kind = kind
        self._packets = packets
        self._step = step  # seconds a packet
        self._pace = pace
        self._next = 0

    async def recv(self) -> av.Packet[Any]:
        if self.readyState != "live":
            raise MediaStreamError
        number, self._next = self._next, self._next + 1
        await self._pace.reach(float(number * self._step))
        packet = av.Packet(self._packets[number % len(self._packets)])
        packet.pts, packet.time_base = number, self._step
        return packet


async def load_test_card(codec: Codec = "vp8") -> LoopSource:
    """The built-in moving test card with tone; encoding it once takes a second or two.

    In H.264 a stage can show it by HLS, too.
    """
    return LoopSource(await asyncio.to_thread(make_test_card, codec=codec))


def stage_generation(agenda: Followed, stage: str) -> Generation:
    """The stage's `generation` as the `agenda` channel has it."""
    return lambda: int(agenda.items.get(f"stage:{stage}", {}).get("generation", 0))


async def publish(
    source: Source,
    whip_url: str,
    token: str,
    *,
    generation: Generation | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> None:
    """Publish until cancelled or a file has ended; waits while the doors are closed.

    With the stage's `generation` it notices at once when another worker has taken the stage.
    Raises `Refused` where waiting is no use: not a speaker of this session, the session has ended.
    """

    endpoint = Endpoint(whip_url, token, ssl_context=ssl_context)

    async def once() -> None:
        tracks = source.tracks()
        finished = asyncio.Event()
        tracks[0].on("ended", finished.set)
        peer = await endpoint.connect(lambda pc: _offer(pc, tracks, source.codec))
        log.info("publishing to %s", whip_url)
        try:
            if await _first(peer.ended(), _outdated(generation), finished.wait()) == 2:
                raise _Finished
        finally:
            await peer.close()

    try:
        await _keep_at_it(once)
    except _Finished:
        return


class Viewer:
    """Watches in the background and counts decoded frames.

    async with Viewer(url, token) as viewer:
        await viewer.wait_for_video(50)
    """

    def __init__(
        self,
        whep_url: str,
        token: str,
        *,
        generation: Generation | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.video_frames = 0
        self.audio_frames = 0
        self.connections = 0
        self.frame_size: tuple[int, int] | None = None  # of the newest one: width, height
        self._endpoint = Endpoint(whep_url, token, ssl_context=ssl_context)
        self._generation = generation
        self._peer: Peer | None = None
        self._counting: set[asyncio.Task[None]] = set()
        self._counted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(
            _keep_at_it(self._once), name=f"watch {self._endpoint.url}"
        )
        self._task.add_done_callback(lambda _: self._counted.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def wait_for_video(self, frames: int, timeout_s: float | None = 30.0) -> None:
        """Return when so many more frames were decoded. Raises `TimeoutError`; `Refused` if not let in."""
        wanted = self.video_frames + frames
        async with asyncio.timeout(timeout_s):
            while self.video_frames < wanted:
                self._counted.clear()
                self.check()
                await self._counted.wait()

    def check(self) -> None:
        """Raise what ended the watching, if anything did."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def statistics(self) -> dict[str, Any]:
        """Return what arrived on the present connection, by kind: packets, lost, jitter."""
        if self._peer is None:
            return {}
        report = await self._peer.pc.getStats()
        return {
            stats.kind: {
                "packets": stats.packetsReceived,
                "lost": stats.packetsLost,
                "jitter": stats.jitter,
            }
            for stats in report.values()
            if stats.type == "inbound-rtp"
        }

    async def _once(self) -> None:
        peer = await self._endpoint.connect(self._ask)
        self._peer = peer
        self.connections += 1
        try:
            await _first(peer.ended(), _outdated(self._generation))
        finally:
            self._peer = None
            await peer.close()

    def _ask(self, pc: RTCPeerConnection) -> None:
        pc.addTransceiver("video", direction="recvonly")
        pc.addTransceiver("audio", direction="recvonly")
        pc.on("track", self._count)

    def _count(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._count_frames(track))
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)

    async def _count_frames(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.VideoFrame):
                self.video_frames += 1
                self.frame_size = (frame.width, frame.height)
            else:
                self.audio_frames += 1
            self._counted.set()


def watch(
    whep_url: str,
    token: str,
    *,
    generation: Generation | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> Viewer:
    """Watch a stage or a session: `async with watch(url, token) as viewer`."""
    return Viewer(whep_url, token, generation=generation, ssl_context=ssl_context)


def whip_url(url: str, event: str, session: str, source: str = "main") -> str:
    """Return the URL to publish at to a session's room; `source` is `main`, `slides` or `spare`."""
    room = http.event_url(url, event, "sessions", session, "whip")
    return f"{room}?{urlencode({'source': source})}"


def whep_url(url: str, event: str, *, stage: str | None = None, session: str | None = None) -> str:
    """Return the URL to watch a stage or a session at."""
    if (stage is None) == (session is None):
        raise ValueError("name a stage or a session")
    kind, name = ("stages", stage) if stage is not None else ("sessions", session)
    return http.event_url(url, event, kind, str(name), "whep")


class _Finished(Exception):
    """The source has ended."""


def _offer(pc: RTCPeerConnection, tracks: list[MediaStreamTrack], codec: Codec) -> None:
    for track in tracks:
        transceiver = pc.addTransceiver(track, direction="sendonly")
        if track.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            wanted = (f"video/{codec}", "video/rtx")
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() in wanted])


async def _keep_at_it(once: Callable[[], Awaitable[None]]) -> None:
    """Do `once` again and again with back-off, until it raises what waiting does not mend."""
    tries = 0
    while True:
        began_s = time.monotonic()
        asked_s: float | None = None
        try:
            await once()
        except Refused as refused:
            if not refused.retry and refused.retry_after_s is None:
                raise
            asked_s = refused.retry_after_s
            log.info("not yet: %s", refused)
        except OSError as error:  # TimeoutError is one
            log.warning("no media connection: %r", error)
        if time.monotonic() - began_s > backoff.STEADY_S:
            tries = 0
        jitter_s = backoff.full_jitter_s(tries, random.random)
        tries += 1
        await asyncio.sleep(jitter_s if asked_s is None else asked_s)


async def _outdated(generation: Generation | None) -> None:
    """Wait until a connection made now belongs to an older generation of its stage (§9)."""
    if generation is None:
        await asyncio.Event().wait()
        return
    made = generation()
    while True:
        await asyncio.sleep(GENERATION_INTERVAL_S)
        if generation() > made:
            return


async def _first(*waits: Awaitable[object]) -> int:
    """The place of whichever is done first; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks.index(done.pop())
    finally:
        for task in tasks:
            task.cancel()
