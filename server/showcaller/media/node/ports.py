"""The UDP and TCP ports of media workers, for firewalls that open a few.

Each worker has two: while a rolling restart replaces its node, the one before still holds its port.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

PORTS_EACH = 2  # as in settings


def choose_port(
    first: int,
    number: int,
    addresses: Iterable[str],
    kind: socket.SocketKind = socket.SOCK_DGRAM,
) -> int:
    """Return the port of worker `number`, counted from `first`; 0 (any free one) if `first` is 0.

    Its second one where the first is taken on one of `addresses`.
    """
    if not first:
        return 0
    port = first + PORTS_EACH * number
    return port if all(_can_bind(port, one, kind) for one in addresses) else port + 1


def _can_bind(port: int, address: str, kind: socket.SocketKind) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:  # connections that ended a moment ago don't count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
