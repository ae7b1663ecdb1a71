"""The numbers of a viewer's stream where one lane takes the place of another. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..egress import Batch
from .packet import MediaPacket

# RTP units between the last packet of one lane and the first of the next, at least
TICK_AFTER_SPLICE = 90


class Place(NamedTuple):
    """The numbers that a viewer was sent last: extended sequence, timestamp, picture id, TL0PICIDX."""

    sequence: int
    timestamp: int
    picture: int = 0
    tl0: int = 0


class Offsets(NamedTuple):
    """Numbers to add to a lane's; that of the sequence leads to the viewer's extended sequence."""

    sequence: int = 0
    timestamp: int = 0
    picture: int = 0
    tl0: int = 0

    def place_of(self, packet: MediaPacket, timestamp: int) -> Place:
        """Return where the viewer has `packet`, whose time on its lane is `timestamp`."""
        picture = packet.picture
        return Place(
            packet.sequence + self.sequence,
            (timestamp + self.timestamp) & 0xFFFFFFFF,
            picture.picture_id + self.picture if picture else 0,
            picture.tl0 + self.tl0 if picture and picture.tl0_at else 0,
        )

    def apply(self, batch: Batch, ssrc: int) -> bytes:
        """Return the one packet of a batch with the SSRC and picture ids that egress would write."""
        data = bytearray(batch.data)
        data[8:12] = ssrc.to_bytes(4, "big")
        if batch.picture_at and batch.picture_at[0]:
            at = batch.picture_at[0]
            picture = (int.from_bytes(data[at : at + 2], "big") + self.picture) & 0x7FFF
            data[at : at + 2] = (0x8000 | picture).to_bytes(2, "big")
        if batch.tl0_at and batch.tl0_at[0]:
            data[batch.tl0_at[0]] = (data[batch.tl0_at[0]] + self.tl0) & 0xFF
        return bytes(data)


def offsets_to(place: Place, first: MediaPacket, timestamp: int) -> Offsets:
    """Return the offsets that make `first`, stamped `timestamp`, the next after `place`."""
    picture = first.picture
    return Offsets(
        place.sequence + 1 - first.sequence,
        after(timestamp, place.timestamp) - timestamp if place.timestamp else 0,
        (place.picture + 1 - picture.picture_id) & 0x7FFF if picture else 0,
        (place.tl0 + 1 - picture.tl0) & 0xFF if picture and picture.tl0_at else 0,
    )


def after(timestamp: int, last: int) -> int:
    """Return `timestamp`, or a little more than `last` if it is not later (32 bits)."""
    behind = ((last - timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
    return timestamp + behind + TICK_AFTER_SPLICE if behind >= 0 else timestamp
