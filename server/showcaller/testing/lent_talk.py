"""A talk that a trunk lends: packets of real encoders, as a worker passes them on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ..media.rtp import rtcp, rtp
from ..media.rtp.opus import SILENCE
from ..media.sfu.trunk import Trunk
from ..media.sfu.trunk_link import TrackLine
from .encoded_streams import stream

PAYLOAD_TYPES = {"vp8": 96, "h264": 102, "vp9": 98, "av1": 45}  # in Chromium's offer
OPUS = 111
FRAME_TICKS, SOUND_TICKS = 3_600, 960  # of 40 and 20 ms
PICTURE_SSRC, SOUND_SSRC = 11, 22


class Asked:
    """The track of the publisher's that keyframes are asked for."""

    def __init__(self) -> None:
        self.keyframes = 0

    def ask_keyframe(self, now_s: float) -> None:
        self.keyframes += 1


class LentTalk:
    """One publication at a trunk; `picture` and `sound` send the next of each."""

    def __init__(
        self,
        trunk: Trunk,
        offer: str,
        *,
        resource: str = "w_1~p",
        session: str = "talk",
        person: str = "ada",
        source: str = "main",
    ) -> None:
        self.asked = Asked()
        self.resource = resource
        self.packets = 0  # of RTP that were sent
        self._trunk = trunk
        self._sequences = {PICTURE_SSRC: 100, SOUND_SSRC: 500}
        self._frames = 0
        self._sounds = 0
        ingest: Any = SimpleNamespace(
            resource=resource,
            session=session,
            person=person,
            source=source,
            offer=offer,
            track_lines=self.lines,
            stage="",
            track_of=lambda ssrc: self.asked,
        )
        self._ingest = ingest
        trunk.add(ingest)

    @staticmethod
    def lines() -> list[TrackLine]:
        """Return the tracks that are known when it is lent."""
        return []

    def end(self) -> None:
        self._trunk.discard(self._ingest)

    def picture(self, name: str = "h264", *, lose: bool = False) -> bool:
        """Send the stream's next frame; return whether it is a keyframe. `lose` its last packet."""
        _, frames = stream(name)
        keyframe, payloads = frames[self._frames % len(frames)]
        kind = PAYLOAD_TYPES[name.partition(" ")[0].partition(",")[0]]
        for n, payload in enumerate(payloads):
            last = n == len(payloads) - 1
            data = self._packet(kind, PICTURE_SSRC, self.picture_time, payload, marker=last)
            if not (lose and last):
                self._send(data)
        self._frames += 1
        return keyframe

    def sound(self) -> None:
        data = self._packet(OPUS, SOUND_SSRC, self.sound_time, SILENCE, marker=False)
        self._send(data)
        self._sounds += 1

    def play(self, seconds: float, name: str = "h264") -> None:
        """Send so much of both at once."""
        for n in range(round(seconds * 50)):
            self.sound()
            if n % 2 == 0:
                self.picture(name)

    def skip(self, seconds: float) -> None:
        """Let so much time pass without anything being sent."""
        self._frames += round(seconds * 25)
        self._sounds += round(seconds * 50)

    def report(self, wall_s: float, *, sound_late_s: float = 0.0) -> None:
        """Send sender reports: what would be next is of the instant `wall_s` of the publisher's clock."""
        for ssrc, stamp, late_s in (
            (PICTURE_SSRC, self.picture_time, 0.0),
            (SOUND_SSRC, self.sound_time, sound_late_s),
        ):
            ntp = rtcp.ntp(wall_s + late_s)
            self._trunk.copy(self._ingest, rtcp.sender_report(ssrc, ntp, stamp, 1, 1))

    @property
    def picture_time(self) -> int:
        return (self._frames * FRAME_TICKS + 0xFFFF0000) & 0xFFFFFFFF

    @property
    def sound_time(self) -> int:
        return (self._sounds * SOUND_TICKS + 77) & 0xFFFFFFFF

    def _send(self, data: bytes) -> None:
        self.packets += 1
        self._trunk.copy(self._ingest, data)

    def _packet(self, kind: int, ssrc: int, stamp: int, payload: bytes, *, marker: bool) -> bytes:
        sequence = self._sequences[ssrc]
        self._sequences[ssrc] = (sequence + 1) & 0xFFFF
        return rtp.header(kind, marker, sequence, stamp, ssrc) + payload
