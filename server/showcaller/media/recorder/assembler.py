"""Putting a track's packets in order, and together to frames. Pure.

What is missing is waited for, since the trunk's worker asks the publisher for it. Once it is given up,
pictures go on with the next keyframe, and sound with the next packet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..sfu.packet import MediaPacket

PICTURE_WAITS_S = 1.2  # a packet is asked for again for one second
SOUND_WAITS_S = 0.15  # it is only reordered
MAX_WAITING = 4_096  # packets


class Assembled(NamedTuple):
    """The packets of one frame."""

    packets: list[MediaPacket]
    lost_before: bool = False  # between it and the frame before


class Assembler:
    """The assembler of one track, from its first keyframe on."""

    def __init__(self, *, sound: bool) -> None:
        self._sound = sound
        self._waits_s = SOUND_WAITS_S if sound else PICTURE_WAITS_S
        self._next: int | None = None
        self._waiting: dict[int, MediaPacket] = {}
        self._missing_since_s: float | None = None
        self._frame: list[MediaPacket] = []
        self._lost = False

    def add(self, packets: Iterable[MediaPacket], now_s: float) -> list[Assembled]:
        """Take in what came; return the frames that are whole now, in order."""
        for packet in packets:
            if self._next is None and packet.keyframe:
                self._next = packet.sequence
            if self._next is not None and packet.sequence >= self._next:
                self._waiting[packet.sequence] = packet
        made = self._in_order()
        if not self._waiting:
            self._missing_since_s = None
        elif made or self._missing_since_s is None:
            self._missing_since_s = now_s
        elif now_s - self._missing_since_s > self._waits_s or len(self._waiting) > MAX_WAITING:
            made += self._give_up()
            self._missing_since_s = now_s if self._waiting else None
        return made

    @property
    def broken(self) -> bool:
        """Tell whether it waits for a keyframe, since something got lost or nothing has begun."""
        return not self._sound and (self._next is None)

    def _in_order(self) -> list[Assembled]:
        made: list[Assembled] = []
        while self._next is not None and (packet := self._waiting.pop(self._next, None)):
            self._next += 1
            before = self._frame
            if before and before[0].timestamp != packet.timestamp:
                made.append(self._whole())
            self._frame.append(packet)
            if packet.marker or self._sound:
                made.append(self._whole())
        return made

    def _whole(self) -> Assembled:
        made = Assembled(self._frame, self._lost)
        self._frame, self._lost = [], False
        return made

    def _give_up(self) -> list[Assembled]:
        """Go on behind what is missing: with a keyframe, if it is a picture."""
        self._frame, self._lost = [], True
        beginnings = (s for s, p in sorted(self._waiting.items()) if self._sound or p.keyframe)
        self._next = next(beginnings, None)
        if self._next is None:
            self._waiting.clear()
            return []
        self._waiting = {s: p for s, p in self._waiting.items() if s >= self._next}
        return self._in_order()
