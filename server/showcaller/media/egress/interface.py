"""The contract that both egresses keep; see the package."""

from __future__ import annotations

from typing import Protocol

from .batches import Batch
from .keys import Keys

Address = tuple[str, int] | tuple[str, int, int, int]
ALL = 1 << 30  # streams


class Stream(Protocol):
    """One SSRC of a viewer."""

    @property
    def packets(self) -> int:
        """Packets sent; repeated ones count again."""
        ...

    @property
    def octets(self) -> int:
        """Octets of payload sent, without padding."""
        ...

    @property
    def dropped(self) -> int:
        """Packets that could not be sent."""
        ...

    def shift(
        self, *, sequence: int = 0, timestamp: int = 0, picture: int = 0, tl0: int = 0
    ) -> None:
        """Add this to the numbers of batches from now on, modulo 2^16, 2^32, 2^15 and 2^8."""
        ...

    def send_one(self, batch: Batch) -> bool:
        """Send a batch to this viewer alone. False if not all of it could be sent."""
        ...

    def send_again(self, packet: bytes, send_time_at: int = 0) -> bool:
        """Repeat one packet of a late batch, with its final header, under the sequence it had.

        The send time of then is put at `send_time_at`. False if it can't be sent, or if that
        sequence wasn't sent lately.
        """
        ...


class Sink(Protocol):
    """One peer that we send to, with keys of its own."""

    def aim(self, descriptor: int, address: Address) -> None:
        """Send datagrams from now on by this UDP socket, or outlet (below 0), to this address of the peer."""
        ...

    def stream(self, ssrc: int) -> Stream:
        """Return a stream that writes this SSRC into every packet."""
        ...

    def send(self, packet: bytes) -> bool:
        """Protect and send one RTP packet as it is; its SSRC is not that of a stream. False: dropped."""
        ...

    def send_rtcp(self, packet: bytes) -> bool:
        """Protect and send one compound RTCP packet. False: dropped."""
        ...

    def close(self) -> None:
        """Take its streams out of their groups and free everything. Using either is an error then."""
        ...


class Group(Protocol):
    """Streams that get the same batches; adding and discarding take O(1).

    `served`: so many of the first have had the batch that is on its way. Whoever sends sets it; it
    stays true when streams come and go: none of the others misses the batch or gets it twice.
    """

    served: int

    def add(self, stream: Stream) -> None: ...

    def discard(self, stream: Stream) -> None: ...

    def __len__(self) -> int: ...

    def send(self, batch: Batch, start: int = 0, count: int = ALL) -> int:
        """Send to the streams [start, start + count); return the index to go on at, at most `len`.

        It lies within that range if the socket would block: call again with the same batch and that
        index. Other errors count as `dropped` of the stream concerned. Raises `ValueError` for a
        batch that isn't sound.
        """
        ...


class Egress(Protocol):
    """A maker of sinks and groups, which work with those of the same egress only."""

    @property
    def name(self) -> str:
        """Name of the egress: native or python."""
        ...

    def sink(self, keys: Keys) -> Sink: ...

    def group(self) -> Group: ...
