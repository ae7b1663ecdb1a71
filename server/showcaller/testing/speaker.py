"""A speaker in a process of its own, who may vanish: `async with Speaker(whip_url, token, brightness=90)`.

The picture is grey with a bar that moves, and a keyframe comes each second or when one is asked for.
As a program, `python -m showcaller.testing.speaker WHIP_URL TOKEN BRIGHTNESS GRAIN KEYFRAMES_EACH_S`
publishes until its standard input ends. It writes `connected` first, and then a line for each keyframe
that it was asked for.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp

from .media_peers import FRAMES_PER_S, Loop, LoopTrack, Publisher, video_loop

START_TIMEOUT_S = 90.0  # a deadline: busy machines need it
STOP_TIMEOUT_S = 10.0
BITS_PER_S = 2_000_000  # at most
LOOP_FRAMES = 4 * FRAMES_PER_S


class Speaker:
    """Publishes from `__aenter__` on. Raises `RuntimeError` where it is not let in.

    With `grain` a frame is about eight packets, else one. With `keyframes_each_s` above 0 keyframes come
    so seldom, and none when one is asked for: many encoders are like that.
    """

    def __init__(
        self,
        whip_url: str,
        token: str,
        *,
        brightness: int,
        grain: int = 0,
        keyframes_each_s: int = 0,
    ) -> None:
        self.brightness = brightness
        self.keyframe_requests = 0
        numbers = brightness, grain, keyframes_each_s
        self._arguments = whip_url, token, *map(str, numbers)
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Speaker:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, *self._arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await self._process.stdout.readline()
        if line != b"connected\n":
            await self._process.wait()
            raise RuntimeError(f"the speaker is not connected: {line.decode()}")
        self._listening = asyncio.create_task(self._listen(self._process.stdout))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Say goodbye and end."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._ended()

    async def vanish(self) -> None:
        """SIGKILL: nobody is told."""
        assert self._process is not None
        self._process.kill()
        await self._ended()

    async def _ended(self) -> None:
        assert self._process is not None
        assert self._listening is not None
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening

    async def _listen(self, lines: asyncio.StreamReader) -> None:
        async for _ in lines:
            self.keyframe_requests += 1


class _AnsweringTrack(LoopTrack):
    """Goes on at a keyframe when one is asked for."""

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop)
        self._skipped = 0

    def to_keyframe(self) -> None:
        self._skipped += -(self._sent + self._skipped) % FRAMES_PER_S

    def packet(self) -> bytes:
        return self._played.packets[(self._sent + self._skipped) % len(self._played.packets)]


class _AnsweringPublisher(Publisher):
    """Gives those keyframes that it is asked for, and prints a line for each."""

    def __init__(self, brightness: int, grain: int, keyframes_each_s: int) -> None:
        self._picture: _AnsweringTrack | None = None
        self._grain = grain
        self._each_s = keyframes_each_s
        super().__init__(brightness=brightness)

    def _track(self, loop: Loop) -> LoopTrack:
        if loop.kind == "audio":
            return super()._track(loop)
        self._picture = _AnsweringTrack(loop)
        return self._picture

    def _loop(self, codec: str, brightness: int) -> Loop:
        return video_loop(
            codec,
            brightness=brightness,
            frames=self._each_s * FRAMES_PER_S or LOOP_FRAMES,
            keyframe_every=self._each_s * FRAMES_PER_S or FRAMES_PER_S,
            bits_per_s=BITS_PER_S,
            grain=self._grain,
        )

    def _note_request(self) -> None:
        super()._note_request()
        assert self._picture is not None
        if not self._each_s:
            self._picture.to_keyframe()
        print("keyframe", flush=True)


async def _publish(whip_url: str, token: str, *look: int) -> None:
    publisher = _AnsweringPublisher(*look)
    connected = asyncio.Event()

    @publisher.pc.on("connectionstatechange")
    def changed() -> None:
        if publisher.pc.connectionState == "connected":
            connected.set()

    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(whip_url, data=await publisher.offer()) as answer:
            answer.raise_for_status()
            await publisher.accept(await answer.text())
            resource = answer.url.join(answer.url.__class__(answer.headers["Location"]))
        await connected.wait()
        print("connected", flush=True)
        await _input_ended()
        await http.delete(resource)
    await publisher.close()


async def _input_ended() -> None:
    reader = asyncio.StreamReader()
    protocol: Any = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()


if __name__ == "__main__":
    asyncio.run(_publish(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
