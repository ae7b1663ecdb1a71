"""A publisher and a viewer with real ICE, DTLS, SRTP and codecs: aiortc's peer connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import (
    AudioStreamTrack,
    MediaStreamError,
    MediaStreamTrack,
    VideoStreamTrack,
)

from .endpoint import Endpoint, Session
from .offers import without_candidates

CONNECT_WITHIN_S = 15
FRAMES_WITHIN_S = 20
ENDED = ("closed", "failed")


class Peer:
    """One peer connection over which nothing is renegotiated."""

    def __init__(self) -> None:
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.pc = RTCPeerConnection(configuration)
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.pc.on("connectionstatechange", lambda: self._run(self._notify()))

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def connect(self, endpoint: Endpoint, *, trickle: bool = False) -> Session:
        """Offer, take the answer, and wait for ICE and DTLS. Raises `TimeoutError`."""
        offer = await self.offer()
        bare, candidates = without_candidates(offer)
        session = await endpoint.open(bare if trickle else offer)
        if trickle:
            trickled = await session.trickle(*candidates)
            assert trickled.status == 204, str(trickled)
        await self.accept(session.created.text)
        await self.wait_for(lambda: self.state == "connected", CONNECT_WITHIN_S)
        return session

    async def accept(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    @property
    def state(self) -> str:
        return str(self.pc.connectionState)

    async def wait_for(self, condition: Callable[[], object], timeout_s: float) -> None:
        """Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: bool(condition()))

    async def vanish(self) -> None:
        """Be gone without a word: no DTLS alert, no DELETE, no more connectivity checks."""
        ice: Any = self.pc.getTransceivers()[0].receiver.transport.transport
        for protocol in ice._connection._protocols:
            protocol.transport.abort()
        await self.close()

    async def close(self) -> None:
        with contextlib.suppress(ConnectionError):  # of one that vanished
            await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Publisher(Peer):
    """Sends silence and a plain picture."""

    def __init__(self) -> None:
        super().__init__()
        for track in (AudioStreamTrack(), VideoStreamTrack()):
            self.pc.addTransceiver(track, "sendonly")


class Viewer(Peer):
    """Decodes what it is sent; `frames` counts it, by kind."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = {"audio": 0, "video": 0}
        for kind in self.frames:
            self.pc.addTransceiver(kind, "recvonly")
        self.pc.on("track", lambda track: self._run(self._count(track)))

    async def wait_for_frames(self, count: int) -> None:
        """Wait until `count` more frames of each kind were decoded. Raises `TimeoutError`."""
        wanted = {kind: seen + count for kind, seen in self.frames.items()}
        await self.wait_for(
            lambda: all(self.frames[kind] >= wanted[kind] for kind in wanted), FRAMES_WITHIN_S
        )

    async def _count(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                await track.recv()
            except MediaStreamError:
                return
            self.frames[track.kind] += 1
            await self._notify()


class Stage:
    """A stage to watch: a publication that goes on as long as the tests of WHEP do."""

    def __init__(self, whip: Endpoint, whep: Endpoint) -> None:
        self._whip, self._whep = whip, whep
        self._publisher: Publisher | None = None

    async def start(self) -> None:
        self._publisher = Publisher()
        await self._publisher.connect(self._whip)
        await self._whep.wait_until_live()

    async def stop(self) -> None:
        await self._whip.tidy()  # DELETE
        if self._publisher is not None:
            await self._publisher.close()
            self._publisher = None
