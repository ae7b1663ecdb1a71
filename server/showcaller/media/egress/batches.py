"""Batches of plain RTP packets for all viewers of a group, and how they are cut for the socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

SEGMENTS_MAX = 64  # of one UDP_SEGMENT send, on every Linux that has it
RUN_BYTES_MAX = 65_000  # of one UDP_SEGMENT send: it is one IP packet until it is cut
PADDING_MAX = 32  # bytes that a packet may grow by to be as long as its neighbours


class Batch(NamedTuple):
    """Packets rendered once for all viewers that speak the same dialect."""

    data: bytes  # RTP packets one behind the other, plain, without room for tags
    sizes: tuple[int, ...]
    send_time_at: int = 0  # offset of abs-send-time's 3 bytes in every packet; 0: none
    picture_at: tuple[
        int, ...
    ] = ()  # per packet: offset of a 16-bit picture id (M bit set); 0: none
    tl0_at: tuple[int, ...] = ()  # per packet: offset of TL0PICIDX; 0: none

    def packets(self) -> Iterator[bytes]:
        """Yield each packet on its own, as it goes out but for the viewer's offsets."""
        for end, size in zip(accumulate(self.sizes), self.sizes, strict=True):
            yield self.data[end - size : end]


def level(batch: Batch) -> Batch:
    """Return the batch with packets lengthened by RTP padding, so that they leave in one send.

    Only where a few bytes are missing, and never the last one, which may be shorter anyway. Do this
    before packets are kept for `send_again`: a sequence number may only ever stand for one content.
    """
    longest = max(batch.sizes, default=0)
    missing = [longest - size for size in batch.sizes[:-1]]
    if not any(missing) or max(missing) > PADDING_MAX:
        return batch
    packets = list(batch.packets())
    if any(lacks and packet[0] & 0x20 for packet, lacks in zip(packets, missing, strict=False)):
        return batch  # padded by its sender already
    padded = [_padded(packet, lacks) for packet, lacks in zip(packets, [*missing, 0], strict=True)]
    return batch._replace(data=b"".join(padded), sizes=tuple(map(len, padded)))


def _padded(packet: bytes, lacks: int) -> bytes:
    if not lacks:
        return packet
    return bytes([packet[0] | 0x20]) + packet[1:] + bytes(lacks - 1) + bytes([lacks])


def header_size(packet: bytes) -> int:
    """Return the size of an RTP packet's header with extensions. Raises `ValueError` if it isn't one."""
    if len(packet) < 12 or packet[0] >> 6 != 2:
        raise ValueError("not an RTP packet")
    size = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        size += 4 + 4 * int.from_bytes(packet[size + 2 : size + 4])
    if size > len(packet):
        raise ValueError("an RTP packet shorter than its header")
    return size


def payload_octets(packet: bytes) -> int:
    """Return the octets that a sender report counts: neither header nor padding (RFC 3550, 6.4.1)."""
    octets = len(packet) - header_size(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if octets < 0:
        raise ValueError("an RTP packet shorter than its padding")
    return octets


def check(batch: Batch) -> None:
    """Check that fields lie where they are said to; the native egress has its own. Raises `ValueError`."""
    count, at = len(batch.sizes), batch.send_time_at
    if sum(batch.sizes) != len(batch.data):
        raise ValueError("sizes that are not those of the data")
    if any(len(field) not in (0, count) for field in (batch.picture_at, batch.tl0_at)):
        raise ValueError("offsets for other packets than there are")
    headers = [header_size(packet) for packet in batch.packets()]
    if at and not 12 <= at <= min(headers, default=at) - 3:
        raise ValueError("a send time outside the header")
    for field, bytes_ in ((batch.picture_at, 2), (batch.tl0_at, 1)):
        for spot, header, size in zip(field, headers, batch.sizes, strict=False):
            if spot and not header <= spot <= size - bytes_:
                raise ValueError("a picture id outside the payload")


def runs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return (first, behind the last) of runs for one UDP_SEGMENT send each: equal sizes, but the last."""
    found: list[tuple[int, int]] = []
    first, total, open_ = 0, 0, False
    for at, size in enumerate(sizes):
        fits = open_ and size <= sizes[first] and total + size <= RUN_BYTES_MAX
        if not fits or at - first == SEGMENTS_MAX:
            if at:
                found.append((first, at))
            first, total = at, 0
        total += size
        open_ = size == sizes[first]  # behind a shorter one nothing may come
    if sizes:
        found.append((first, len(sizes)))
    return found


def send_time(now_s: float) -> int:
    """Return abs-send-time: seconds in 6.18 fixed point, 24 bits."""
    return int(now_s * (1 << 18)) & 0xFFFFFF
