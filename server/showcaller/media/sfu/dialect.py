"""A dialect: how some viewers want packets to be written, and the packets written that way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..egress import Batch
from ..rtp import rtp
from .packet import MediaPacket

SEND_TIME_AT = 17  # RTP header, extension header, one byte of id and length

_NO_SEND_TIME = b"\0\0\0"  # stamped when it is sent


class Dialect(NamedTuple):
    """A payload type, and the ids of header extensions (0: none)."""

    payload_type: int
    repaired: bool = False  # by RTX; else what is sent again must be the same to the byte
    send_time: int = 0
    orientation: int = 0
    level: int = 0
    dependencies: int = 0  # long ones: then all are written in the two-byte form

    @property
    def send_time_at(self) -> int:
        """Offset of the send time in each packet; 0: they have none."""
        return SEND_TIME_AT + bool(self.dependencies) if self.send_time else 0

    def render(
        self, packets: Sequence[MediaPacket], timestamp: Callable[[MediaPacket], int]
    ) -> Batch:
        """Write the packets as RTP, all but what differs from viewer to viewer."""
        made: list[bytes] = []
        pictures: list[int] = []
        tl0s: list[int] = []
        for packet in packets:
            header = rtp.header(
                self.payload_type,
                packet.marker,
                packet.sequence & 0xFFFF,
                timestamp(packet),
                0,
                self._extensions(packet),
            )
            made.append(header + packet.payload)
            if (picture := packet.picture) is not None:
                pictures.append(len(header) + picture.picture_at)
                tl0s.append(len(header) + picture.tl0_at if picture.tl0_at else 0)
            else:
                pictures.append(0)
                tl0s.append(0)
        return Batch(
            b"".join(made),
            tuple(map(len, made)),
            self.send_time_at,
            tuple(pictures) if any(pictures) else (),
            tuple(tl0s) if any(tl0s) else (),
        )

    def _extensions(self, packet: MediaPacket) -> bytes:
        values: list[tuple[int, bytes]] = []
        if self.send_time:
            values.append((self.send_time, _NO_SEND_TIME))
        if self.orientation and packet.orientation:
            values.append((self.orientation, packet.orientation))
        if self.level and packet.level:
            values.append((self.level, packet.level))
        if self.dependencies and packet.dependencies:
            values.append((self.dependencies, packet.dependencies))
        if not values:
            return b""
        return (
            rtp.long_extension_block(values) if self.dependencies else rtp.extension_block(values)
        )
