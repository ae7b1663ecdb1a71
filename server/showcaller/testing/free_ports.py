"""Ports for servers that must be told theirs before they start."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

# Below the ports that Linux gives to outgoing connections and to whoever asks for any: one of those could be
# taken between our look and the server's start, or while the server is down.
LOWEST, BEYOND = 10_000, 32_768


def free_port() -> int:
    """Return a TCP and UDP port of 127.0.0.1 that nothing has now."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return so many of them, all different."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = random.randrange(LOWEST, BEYOND)
            with ExitStack() as probes:
                try:
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        probes.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
                except OSError:
                    continue
                held.push(probes.pop_all())
                ports.append(port)
    return ports
