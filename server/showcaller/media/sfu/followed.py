"""A lane that a viewer follows or followed, and the numbers that its packets have for the viewer."""

from __future__ import annotations

from typing import NamedTuple

from ..sdp.codec_choice import Codec
from .lane import Lane
from .packet import MediaPacket
from .splice import Offsets, Place

CATCH_UP_SPEED = 8  # times as fast as it was filmed, at least


class Drawn(NamedTuple):
    """The past up to the lane's `sequence`: its timestamps are drawn together towards `timestamp`."""

    sequence: int
    timestamp: int
    speed: int  # times as fast as it was filmed


class Followed(NamedTuple):
    """A lane, followed from the viewer's own extended sequence `begin` on."""

    begin: int
    lane: Lane
    codec: Codec  # the publisher's
    offsets: Offsets
    drawn: Drawn | None

    def timestamp(self, packet: MediaPacket) -> int:
        """Return the timestamp that the lane gives to egress, before offsets are added."""
        return drawn_together(self.lane.timestamp(packet), packet, self.drawn)

    def place_of(self, packet: MediaPacket) -> Place:
        """Return where the viewer has a packet of this lane."""
        return self.offsets.place_of(packet, self.timestamp(packet))


def drawn_together(timestamp: int, packet: MediaPacket, drawn: Drawn | None) -> int:
    """Draw the past together as fast as it is sent; leave what comes live its own `timestamp`."""
    if drawn is None or packet.sequence > drawn.sequence:
        return timestamp
    before = max(0, (drawn.timestamp - timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000)
    return (drawn.timestamp - before // drawn.speed) & 0xFFFFFFFF
