"""The sockets that sinks send through, shared by all that are aimed through the same one.

They are duplicates of their owner's: a number that the owner has closed and the system given to another
file can't be sent through by mistake.
"""

from __future__ import annotations

import os
import socket

from .interface import Address
from .outlets import Outlet

UDP_SEGMENT = 103  # <linux/udp.h>; `socket` does not have it

_shared: dict[int, tuple[socket.socket, list[int]]] = {}  # inode → socket, [users]


def acquire(descriptor: int) -> socket.socket | Outlet:
    """Return a socket on the same open file, to be given back by `release`; below 0, that outlet.

    Raises `OSError`.
    """
    if descriptor < 0:
        return Outlet(descriptor)
    inode = os.fstat(descriptor).st_ino
    if inode not in _shared:
        _shared[inode] = socket.socket(fileno=os.dup(descriptor)), [0]
    sock, users = _shared[inode]
    users[0] += 1
    return sock


def release(sock: socket.socket | Outlet) -> None:
    """Give a socket back; the last user's leaving closes it."""
    if isinstance(sock, Outlet):
        return
    inode = os.fstat(sock.fileno()).st_ino
    users = _shared[inode][1]
    users[0] -= 1
    if not users[0]:
        del _shared[inode]
        sock.close()


def packed(address: Address) -> tuple[bool, bytes, int, int]:
    """Return (IPv6?, the address's bytes, port, scope) of a numeric address. Raises `OSError` for others."""
    host, port = address[0].partition("%")[0], address[1]
    v6 = ":" in host
    scope = address[3] if len(address) == 4 else 0
    return v6, socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, host), port, scope
