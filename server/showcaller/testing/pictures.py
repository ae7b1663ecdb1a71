"""The pictures that a Chromium page shows of a stage: when each was presented, and what getStats says.

The face beside slides has a video and a connection of its own, which don't count here.
`WATCH_PICTURES` must run before the page's own scripts (`add_init_script`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from .until import until

if TYPE_CHECKING:
    from playwright.async_api import Page

WATCH_PICTURES = """
    window.peers = [];
    window.pictures = [];  // [presented at (ms of this page's clock), luma of a corner]
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...options) { super(...options); window.peers.push(this); this.madeMs = performance.now(); }
    };
    const hears = (peer) => peer.getTransceivers().some(({ receiver }) => receiver.track.kind === "audio");
    window.stagePeers = () => peers.filter(hears);  // a face comes without sound
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    function watchPictures(video) {
      const look = (now, { presentationTime }) => {
        context.drawImage(video, 0, 0, 8, 8, 0, 0, 1, 1);
        const luma = 16 + (context.getImageData(0, 0, 1, 1).data[1] * 219) / 255;  // of a grey, BT.601
        pictures.push([presentationTime, Math.round(luma)]);
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    }
    addEventListener("DOMContentLoaded", () => {
      const video = document.querySelector("video");
      if (video) watchPictures(video);
    });
"""

TOLERANCE = 8  # of brightness: encoders and decoders round

_STATS = """
    async () => {
      const found = { audio: {}, video: {} };
      const report = await stagePeers().at(-1).getStats();
      report.forEach((one) => { if (one.type === "inbound-rtp") found[one.kind] = one; });
      return found;
    }
"""


class Received(NamedTuple):
    """The figures of getStats: counts since the connection was made."""

    frames_decoded: int
    freezes: int
    frozen_s: float
    jitter_s: float
    packets: int
    packets_lost: int
    retransmitted: int
    nacks: int
    plis: int
    samples: int  # of sound, played
    concealed: int  # of them made up
    silent_concealed: int  # of those, silence in place of what did not come at all

    def __sub__(self, before: Received) -> Received:
        """Return what came since; of jitter the newest."""
        grown = Received._make(new - old for new, old in zip(self, before, strict=True))
        return grown._replace(jitter_s=self.jitter_s)


class Picture(NamedTuple):
    presented_ms: float
    brightness: int


class Pictures:
    """The pictures of a page's video."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def now_ms(self) -> float:
        return float(await self.page.evaluate("performance.now()"))

    async def connections(self) -> int:
        """Return how many peer connections the page has made for the stage."""
        return int(await self.page.evaluate("stagePeers().length"))

    async def all(self) -> list[Picture]:
        return [Picture(*one) for one in await self.page.evaluate("pictures")]

    async def brightness(self) -> int:
        """The newest picture's; -1 before the first."""
        return int(await self.page.evaluate("pictures.at(-1)?.[1] ?? -1"))

    async def wait_for_brightness(self, wanted: int, timeout_s: float = 20.0) -> None:
        """Wait until a picture of about this brightness is shown. Raises `TimeoutError`."""

        async def shown() -> bool:
            return abs(await self.brightness() - wanted) <= TOLERANCE

        await until(shown, timeout_s)

    async def received(self) -> Received:
        stats: dict[str, Any] = await self.page.evaluate(_STATS)
        video, audio = stats["video"], stats["audio"]
        return Received(
            video.get("framesDecoded", 0),
            video.get("freezeCount", 0),
            video.get("totalFreezesDuration", 0.0),
            video.get("jitter", 0.0),
            video.get("packetsReceived", 0),
            video.get("packetsLost", 0),
            video.get("retransmittedPacketsReceived", 0),
            video.get("nackCount", 0),
            video.get("pliCount", 0),
            audio.get("totalSamplesReceived", 0),
            audio.get("concealedSamples", 0),
            audio.get("silentConcealedSamples", 0),
        )


def largest_gap_ms(pictures: list[Picture], since_ms: float, until_ms: float) -> float:
    """Between two pictures that follow one another, of those that touch this span of time."""
    times = [one.presented_ms for one in pictures]
    gaps = [
        after - before
        for before, after in itertools.pairwise(times)
        if after >= since_ms and before <= until_ms
    ]
    return max(gaps, default=float("inf"))
