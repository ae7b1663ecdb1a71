"""The UDP port of a media worker: a socket for each bound address, all on one port number."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import select
import socket
from collections.abc import Callable, Sequence

from ... import system
from .parameters import Path

Address = tuple[str, int] | tuple[str, int, int, int]
Receive = Callable[[bytes, int, Address, float], None]  # datagram, descriptor, from, monotonic time

MAX_HOSTS = 32  # addresses that come and go, of one machine
DATAGRAMS_A_TURN = 64  # read at once before anybody else has a turn
_DATAGRAM_BYTES = 2048  # longer ones are cut, and so not authentic
_BUFFER_BYTES = 8 << 20  # a few hundred milliseconds of a full worker's
_ATTEMPTS = 20  # to find a number that is free at every address
_FORCED = {socket.SO_RCVBUF: 33, socket.SO_SNDBUF: 32}  # SO_RCVBUFFORCE, SO_SNDBUFFORCE (Linux)


class UdpPort:
    """Open sockets on one port number. `receive` is called on the loop once `start` was."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self.port: int = sockets[0].getsockname()[1]
        self._sockets = {sock.fileno(): sock for sock in sockets}
        self._blocked: list[Callable[[], None]] = []
        self._hosts = {sock.getsockname()[0] for sock in sockets}
        self._receive: Receive | None = None

    @classmethod
    def bind(cls, hosts: Sequence[str], port: int = 0) -> UdpPort:
        """Bind every address, to any free number if `port` is 0. Raises `OSError`."""
        for attempt in range(_ATTEMPTS):
            try:
                return cls(_bind_all(hosts, port))
            except OSError as error:
                if port or error.errno != errno.EADDRINUSE or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses that it is bound to."""
        return tuple(self._hosts)

    def follow(self, hosts: Sequence[str]) -> tuple[str, ...]:
        """Bind what is new of these addresses, on the same number; return those that are bound.

        No socket is closed: its address may come back, and whoever is sent to by it finds it closed.
        """
        for host in hosts:
            if host not in self._hosts and len(self._hosts) < MAX_HOSTS:
                with contextlib.suppress(
                    OSError
                ):  # not ready yet, or taken there: the next time perhaps
                    (sock,) = _bind_all([host], self.port)
                    self._open(sock, host)
        return tuple(host for host in hosts if host in self._hosts)

    def _open(self, sock: socket.socket, host: str) -> None:
        self._hosts.add(host)
        self._sockets[sock.fileno()] = sock
        if self._receive is not None:
            descriptor = sock.fileno()
            loop = asyncio.get_running_loop()
            loop.add_reader(descriptor, self._drain, sock, descriptor, self._receive)

    def start(self, receive: Receive) -> None:
        self._receive = receive
        loop = asyncio.get_running_loop()
        for descriptor, sock in self._sockets.items():
            loop.add_reader(descriptor, self._drain, sock, descriptor, receive)

    def _drain(self, sock: socket.socket, descriptor: int, receive: Receive) -> None:
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data, address = sock.recvfrom(_DATAGRAM_BYTES)
            except OSError:  # empty, mostly
                return
            receive(data, descriptor, address, system.monotonic_s())
            if sock.fileno() < 0:  # closed by what it received
                return

    def send(self, data: bytes, path: Path) -> bool:
        """Send a datagram; return whether the system took it."""
        try:
            self._sockets[path.descriptor].sendto(data, path.address)
        except (OSError, KeyError):
            return False
        return True

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call once, when all the sockets take datagrams (again)."""
        self._blocked.append(callback)
        self._wait_until_writable()

    def _wait_until_writable(self) -> None:
        loop = asyncio.get_running_loop()
        for descriptor in self._sockets:
            loop.remove_writer(descriptor)
        full = [descriptor for descriptor in self._sockets if not _is_writable(descriptor)]
        if full:
            loop.add_writer(full[0], self._wait_until_writable)
            return
        ready, self._blocked = self._blocked, []
        for callback in ready:
            loop.call_soon(callback)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for descriptor, sock in self._sockets.items():
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
            sock.close()
        self._sockets.clear()
        self._blocked.clear()


def _bind_all(hosts: Sequence[str], port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        for host in hosts:
            sock = opened.enter_context(_socket(host))
            sock.bind((host, port))
            port = sock.getsockname()[1]
            sockets.append(sock)
        opened.pop_all()
        return sockets


def _socket(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    if ":" in host:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for option, forced in _FORCED.items():
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, _BUFFER_BYTES)
        except OSError:  # without the privilege: as large as the system's limit allows
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
    return sock


def _is_writable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
