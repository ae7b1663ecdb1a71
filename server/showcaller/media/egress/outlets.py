"""Outlets: ways of datagrams that are no UDP sockets, such as a TCP connection with frames (RFC 4571).

They have numbers below 0, so that a path names either; what goes to one that has been closed is dropped.
"""

from __future__ import annotations

import errno
import itertools
import sys
from collections.abc import Callable

Emit = Callable[[memoryview | bytes, int], bool]  # packets in a row, bytes of each but the last

_emits: dict[int, Emit] = {}
_numbers = itertools.count(1)


def open_outlet(emit: Emit) -> int:
    """Return the number of a new outlet. `emit` returns whether it took the packets, and never raises."""
    number = -next(_numbers)
    _emits[number] = emit
    return number


def close_outlet(number: int) -> None:
    """Drop what is sent there from now on."""
    _emits.pop(number, None)


def send(number: int, packets: memoryview | bytes, segment: int) -> int:
    """Send packets of `segment` bytes, the last one perhaps shorter; return 0 or an errno."""
    emit = _emits.get(number)
    if emit is None:
        return errno.EPIPE
    return 0 if emit(packets, segment) else errno.ENOBUFS


class Outlet:
    """An outlet as the Python egress and single packets use it: like a socket."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def sendto(self, data: bytes, flags: int, address: object) -> int:
        """Send one packet. Raises `OSError`, but never for a block."""
        return self._send(data, len(data))

    def sendmsg(
        self,
        buffers: tuple[memoryview | bytes],
        control: list[tuple[int, int, bytes]],
        flags: int,
        address: object,
    ) -> int:
        """Send one packet, or several that UDP_SEGMENT would have cut. Raises `OSError` as `sendto` does."""
        data = buffers[0]
        segment = int.from_bytes(control[0][2], sys.byteorder) if control else len(data)
        return self._send(data, segment)

    def _send(self, data: memoryview | bytes, segment: int) -> int:
        if failed := send(self._number, data, segment):
            raise OSError(failed, "the outlet took nothing")
        return len(data)
