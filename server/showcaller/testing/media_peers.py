"""WebRTC clients for tests: a publisher of a small encoded test card, and a viewer that decodes.

They are plain aiortc peer connections and know nothing of the server but SDP.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import av
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from .. import system

WIDTH, HEIGHT = 320, 180
FRAMES_PER_S = 25
FRAMES = 30
KEYFRAME_EVERY = 10
AUDIO_HZ = 48_000
AUDIO_SAMPLES = 960  # 20 ms

_ENCODERS = {"VP8": "libvpx", "H264": "libx264"}
_OPTIONS = {
    "VP8": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    "H264": {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"},
}


class Loop(NamedTuple):
    """Encoded packets that are sent again and again, `step_s` apart."""

    kind: str
    packets: tuple[bytes, ...]
    step_s: Fraction


@functools.cache
def video_loop(
    codec: str = "VP8",
    *,
    brightness: int = 128,
    frames: int = FRAMES,
    keyframe_every: int = KEYFRAME_EVERY,
    bits_per_s: int = 200_000,
    grain: int = 0,
) -> Loop:
    """A grey picture with a bar that moves; `brightness` tells one source from another.

    `grain`, up to so many levels of noise, makes frames as large as `bits_per_s` allows.
    """
    encoder: Any = av.CodecContext.create(_ENCODERS[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, FRAMES_PER_S)
    encoder.bit_rate = bits_per_s
    encoder.gop_size = keyframe_every
    encoder.options = _OPTIONS[codec]
    encoder.thread_count = 1  # several would wait for one another on a busy machine
    packets: list[bytes] = []
    for number in range(frames):
        packets += map(bytes, encoder.encode(_picture(number, brightness, grain)))
    packets += map(bytes, encoder.encode(None))
    return Loop("video", tuple(packets), Fraction(1, FRAMES_PER_S))


def _picture(number: int, brightness: int, grain: int = 0) -> Any:
    planes = bytearray([brightness]) * (WIDTH * HEIGHT)
    if grain:
        noise = random.Random(number).randbytes(WIDTH * HEIGHT)
        planes = bytearray(brightness + (value - 128) * grain // 256 for value in noise)
    at = number * WIDTH // FRAMES % WIDTH
    for row in range(HEIGHT):
        planes[row * WIDTH + at] = 255
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, data in zip(
        frame.planes, (bytes(planes), b"\x80" * 14_400, b"\x80" * 14_400), strict=True
    ):
        wide, line = plane.width, plane.line_size
        rows = (data[row * wide : (row + 1) * wide] for row in range(plane.height))
        plane.update(b"".join(row.ljust(line, b"\0") for row in rows))
    frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
    return frame


@functools.cache
def audio_loop() -> Loop:
    """A second of silence in Opus."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = AUDIO_HZ, "stereo", "s16"
    packets: list[bytes] = []
    for number in range(50):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=AUDIO_SAMPLES)
        frame.planes[0].update(bytes(AUDIO_SAMPLES * 4))
        frame.sample_rate, frame.pts = AUDIO_HZ, number * AUDIO_SAMPLES
        packets += map(bytes, encoder.encode(frame))
    return Loop("audio", tuple(packets), Fraction(AUDIO_SAMPLES, AUDIO_HZ))


class LoopTrack(MediaStreamTrack):
    """Plays a loop in real time."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self.kind = loop.kind
        self._played = loop
        self._sent = 0
        self._began_s = system.monotonic_s()

    async def recv(self) -> Any:
        due_s = self._began_s + float(self._sent * self._played.step_s)
        await asyncio.sleep(max(0.0, due_s - system.monotonic_s()))
        packet: Any = av.Packet(self.packet())
        packet.pts, packet.time_base = self._sent, self._played.step_s
        self._sent += 1
        return packet

    def packet(self) -> bytes:
        """The next one."""
        return self._played.packets[self._sent % len(self._played.packets)]


def _connection(relays: list[RTCIceServer]) -> RTCPeerConnection:
    policy = RTCIceTransportPolicy.RELAY if relays else RTCIceTransportPolicy.ALL
    return RTCPeerConnection(
        RTCConfiguration(
            iceServers=relays,
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            iceTransportPolicy=policy,
        )
    )


class _Client:
    """`relays`: TURN servers, the only way out of this client's network."""

    def __init__(self, relays: Iterable[RTCIceServer] = ()) -> None:
        self.pc = _connection(list(relays))

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def close(self) -> None:
        await self.pc.close()


class Publisher(_Client):
    """Publishes the test card. `keyframe_requests` counts the PLIs that reached it, with their time."""

    def __init__(
        self, *, codec: str = "VP8", brightness: int = 128, relays: Iterable[RTCIceServer] = ()
    ) -> None:
        super().__init__(relays)
        self.keyframe_requests: list[float] = []
        self._add(self._loop(codec, brightness), f"video/{codec}")
        self._add(audio_loop(), "audio/opus")

    def _add(self, loop: Loop, mime: str) -> None:
        transceiver = self.pc.addTransceiver(self._track(loop), "sendonly")
        sender: Any = transceiver.sender
        capabilities = sender.getCapabilities(loop.kind).codecs
        transceiver.setCodecPreferences([c for c in capabilities if c.mimeType == mime])
        if loop.kind == "video":
            sender._send_keyframe = self._note_request

    def _loop(self, codec: str, brightness: int) -> Loop:
        return video_loop(codec, brightness=brightness)

    def _track(self, loop: Loop) -> LoopTrack:
        return LoopTrack(loop)

    def _note_request(self) -> None:
        self.keyframe_requests.append(system.monotonic_s())


class Watcher(_Client):
    """Decodes what it is sent and counts the frames. `brightness` is the newest picture's."""

    def __init__(
        self,
        *,
        kinds: tuple[str, ...] = ("audio", "video"),
        relays: Iterable[RTCIceServer] = (),
    ) -> None:
        super().__init__(relays)
        self.frames = dict.fromkeys(kinds, 0)
        self.brightness = 0
        self.times: dict[str, list[float]] = {kind: [] for kind in kinds}
        self._more = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        for kind in kinds:
            self.pc.addTransceiver(kind, "recvonly")
        self.pc.on("track", self._count)

    async def wait_for(self, condition: Callable[[Watcher], bool], timeout_s: float = 15.0) -> None:
        """Wait until `condition(self)` holds. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s), self._more:
            await self._more.wait_for(lambda: condition(self))

    async def wait_for_frames(self, count: int, timeout_s: float = 15.0) -> None:
        """Wait until `count` more frames of each kind were decoded. Raises `TimeoutError`."""
        wanted = {kind: seen + count for kind, seen in self.frames.items()}
        await self.wait_for(lambda w: all(w.frames[k] >= n for k, n in wanted.items()), timeout_s)

    def _count(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._read(track)))

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame: Any = await track.recv()
            except MediaStreamError:
                return
            async with self._more:
                self.frames[track.kind] += 1
                self.times[track.kind].append(float(frame.time or 0))
                if track.kind == "video":
                    # the middle of a row: the bar is somewhere in it
                    self.brightness = sorted(bytes(frame.planes[0])[: frame.width])[
                        frame.width // 2
                    ]
                self._more.notify_all()

    async def close(self) -> None:
        await super().close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
