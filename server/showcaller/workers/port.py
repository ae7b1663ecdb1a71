"""The one port of several workers: each gets a socket of its own in one SO_REUSEPORT group (socket(7)).

The kernel spreads new connections evenly over the group's *listening* sockets. So a socket is bound here, and
begins to listen only when its worker is ready. A worker's replacement listens on the same socket: its queue
of connections lives as long as anybody holds it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import at_start


class _Address(NamedTuple):
    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]


class Port:
    """The port, held while there are workers or none: by sockets that never listen.

    Raises `ConfigError` when the address can't be had, `Unavailable` when it can't be had now: another
    server listens there.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            self._addresses = _resolve(host, port)
            for address in self._addresses:
                _bind(
                    address, shared=False
                ).close()  # sharing is for our workers, not for two servers
            self._held = self._hold()
        except OSError as error:
            raise at_start(f"can't listen on {host}:{port}", error) from error

    def bind(self) -> list[socket.socket]:
        """A worker's sockets: one for each address of the host, not listening yet."""
        return [_bind(address, shared=True) for address in self._addresses]

    def close(self) -> None:
        close_all(self._held)

    def _hold(self) -> list[socket.socket]:
        """Bind all addresses; where any port will do, the first one's is everybody's."""
        with contextlib.ExitStack() as undo:
            first = undo.enter_context(_bind(self._addresses[0], shared=True))
            number = first.getsockname()[1]
            self._addresses = [_with_port(address, number) for address in self._addresses]
            held = [undo.enter_context(_bind(one, shared=True)) for one in self._addresses[1:]]
            undo.pop_all()
        return [first, *held]


def close_all(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()


def _resolve(host: str, port: int) -> list[_Address]:
    hosts = ("::", "0.0.0.0") if host == "::" else (host or None,)
    found = (
        address
        for each in hosts
        for address in socket.getaddrinfo(
            each, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    )
    return list(dict.fromkeys(_Address(family, sockaddr) for family, *_, sockaddr in found))


def _with_port(address: _Address, port: int) -> _Address:
    return address._replace(sockaddr=(address.sockaddr[0], port, *address.sockaddr[2:]))


def _bind(address: _Address, *, shared: bool) -> socket.socket:
    one = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if address.family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as asyncio does
        one.bind(address.sockaddr)
    except OSError:
        one.close()
        raise
    return one
