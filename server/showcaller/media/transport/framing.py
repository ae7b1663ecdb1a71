"""Frames of ICE over TCP (RFC 4571): two bytes of length before each packet. Pure."""

from __future__ import annotations

MAX_FRAME_BYTES = 2_048  # as much as of a datagram; nothing longer is authentic
_LENGTH_BYTES = 2


def framed(packets: memoryview | bytes, segment: int) -> bytes:
    """Return packets of `segment` bytes, the last one perhaps shorter, each behind its length."""
    if len(packets) <= segment:
        return len(packets).to_bytes(_LENGTH_BYTES) + packets
    head, framed = segment.to_bytes(_LENGTH_BYTES), bytearray()
    for at in range(0, len(packets), segment):
        packet = packets[at : at + segment]
        framed += head if len(packet) == segment else len(packet).to_bytes(_LENGTH_BYTES)
        framed += packet
    return bytes(framed)


class Deframer:
    """Cuts a stream into its packets; it keeps one that is not whole yet, and never more."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the packets that are whole now; empty ones count as none.

        Raises `ValueError` for one that is longer than `MAX_FRAME_BYTES`: the stream is no use then.
        """
        data, at, packets = self._rest + data, 0, []
        while len(data) - at >= _LENGTH_BYTES:
            begin = at + _LENGTH_BYTES
            size = int.from_bytes(data[at:begin])
            if size > MAX_FRAME_BYTES:
                raise ValueError(f"a frame of {size} bytes")
            if begin + size > len(data):
                break
            at = begin + size
            if size:
                packets.append(data[begin:at])
        self._rest = data[at:]
        return packets
