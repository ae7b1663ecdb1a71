"""The TCP port of a media worker, for clients whose network lets no UDP out (RFC 6544: passive candidates).

Clients connect to us, and each connection then stands for one path. Packets are framed (RFC 4571). Whoever
connects shows with the first frame, an authentic check, that a client of ours sent it, or is cut off. What a
connection is too slow for is dropped, as it would be on UDP: senders learn of loss and send less.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from ... import system
from ..egress import outlets
from .framing import Deframer, framed
from .parameters import Path

log = logging.getLogger(__name__)

Address = tuple[str, int] | tuple[str, int, int, int]

MAX_CONNECTIONS = 2_000
# whole offices come from one address, each viewer once for each address of ours
MAX_FROM_ADDRESS = 500
MAX_UNKNOWN = 200  # that have not shown yet who they are; beyond it the oldest is closed
MAX_UNKNOWN_FROM_ADDRESS = 50
FIRST_CHECK_S = 5.0  # within which a connection shows that it is a client's
UNSENT_BYTES = 32 << 10  # that the system keeps for a connection, beyond what is on its way
WAITING_BYTES = 128 << 10  # kept here; 0.4 s of a picture of 2.5 Mbit/s
SPARE_BYTES = 32 << 10  # on top, for what is small: sound, checks, reports
SMALL_BYTES = 400
MAX_HOSTS = 32
_READ_BYTES = 64 << 10
_ACCEPTS_A_TURN = 16
_ACCEPT_AGAIN_S = 1.0  # after there were no descriptors left
_BACKLOG = 128
_TLS_HANDSHAKE = b"\x16"  # the first byte of TLS; a frame's is that of a length below 2,049


class TcpListener(Protocol):
    """The part that is told what comes by TCP: on the loop, and must not raise."""

    def on_frame(self, data: bytes, path: Path, now_s: float) -> bool:
        """Take a packet; return whether it was authentic."""
        ...

    def on_lost(self, path: Path, now_s: float) -> None:
        """The client has closed the connection."""
        ...


class TcpPort:
    """Listening sockets on one port number. `listener` is called once `start` was.

    `tls`, if set, is given sockets whose clients begin with TLS: other nodes.
    """

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self.port: int = sockets[0].getsockname()[1]
        self.refused = 0  # connections: strangers', too many
        self.tls: Callable[[socket.socket], None] | None = None
        self._listening = {sock.getsockname()[0]: sock for sock in sockets}
        self._connections: dict[int, _Connection] = {}
        self._unknown: dict[
            int, _Connection
        ] = {}  # those that have shown nothing yet, the oldest first
        self._from: Counter[str] = Counter()
        self._unknown_from: Counter[str] = Counter()
        self._listener: TcpListener | None = None

    @classmethod
    def bind(cls, hosts: Sequence[str], port: int) -> TcpPort:
        """Listen at every address, at any free number if `port` is 0. Raises `OSError`."""
        with contextlib.ExitStack() as opened:
            sockets: list[socket.socket] = []
            for host in hosts:
                sockets.append(opened.enter_context(_listening(host, port)))
                port = sockets[0].getsockname()[1]
            opened.pop_all()
            return cls(sockets)

    @property
    def connections(self) -> int:
        return len(self._connections)

    def start(self, listener: TcpListener) -> None:
        self._listener = listener
        for sock in self._listening.values():
            self._accept_from(sock)

    def follow(self, hosts: Sequence[str]) -> tuple[str, ...]:
        """Listen at what is new of these addresses, on the same number; return those where it does."""
        for host in hosts:
            if host not in self._listening and len(self._listening) < MAX_HOSTS:
                # not ready yet, or taken there: the next time perhaps
                with contextlib.suppress(OSError):
                    self._listening[host] = _listening(host, self.port)
                    self._accept_from(self._listening[host])
        return tuple(host for host in hosts if host in self._listening)

    def send(self, data: bytes, path: Path) -> bool:
        """Send a packet; return whether it is on its way."""
        return not outlets.send(path.descriptor, data, len(data))

    def end(self, path: Path) -> None:
        """Close a connection, if it is still there; nobody is told."""
        if (connection := self._connections.get(path.descriptor)) is not None:
            self._forget(connection)
            connection.close()

    def sweep(self, now_s: float, is_used: Callable[[Path], bool]) -> None:
        """Close those that are nobody's, once their time to show whose they are is up."""
        for connection in list(self._connections.values()):
            if now_s - connection.heard_s > FIRST_CHECK_S and not is_used(connection.path):
                self.refused += not connection.known
                self.end(connection.path)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._listening.values():
            loop.remove_reader(sock.fileno())
            sock.close()
        self._listening.clear()
        for connection in list(self._connections.values()):
            self.end(connection.path)

    # Connections ----------------------------------------------------------------------------------

    def _accept_from(self, sock: socket.socket) -> None:
        if self._listener is not None and sock.fileno() >= 0:
            asyncio.get_running_loop().add_reader(sock.fileno(), self._accept, sock)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                sock, address = listening.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    loop = asyncio.get_running_loop()
                    loop.remove_reader(listening.fileno())
                    loop.call_later(_ACCEPT_AGAIN_S, self._accept_from, listening)
                return
            self._take(sock, address, system.monotonic_s())

    def _take(self, sock: socket.socket, address: Address, now_s: float) -> None:
        source = _source(address[0])
        if (
            len(self._connections) >= MAX_CONNECTIONS
            or self._from[source] >= MAX_FROM_ADDRESS
            or self._unknown_from[source] >= MAX_UNKNOWN_FROM_ADDRESS
        ):
            self.refused += 1
            sock.close()
            return
        if len(self._unknown) >= MAX_UNKNOWN:
            self.refused += 1
            self.end(next(iter(self._unknown.values())).path)
        connection = _Connection(sock, address, source, self, now_s)
        self._connections[connection.path.descriptor] = connection
        self._unknown[connection.path.descriptor] = connection
        self._from[source] += 1
        self._unknown_from[source] += 1

    def _forget(self, connection: _Connection) -> None:
        del self._connections[connection.path.descriptor]
        _less(self._from, connection.source)
        self._know(connection)

    def _know(self, connection: _Connection) -> None:
        if self._unknown.pop(connection.path.descriptor, None) is not None:
            _less(self._unknown_from, connection.source)

    # Called by connections ------------------------------------------------------------------------

    def hand_over(self, connection: _Connection) -> bool:
        """Give a connection to `tls`; return false where there is none."""
        if self.tls is None:
            return False
        self._forget(connection)
        self.tls(connection.release())
        return True

    def on_packet(self, connection: _Connection, data: bytes, now_s: float) -> None:
        assert self._listener is not None
        if self._listener.on_frame(data, connection.path, now_s):
            connection.heard_s = now_s
            if not connection.known:
                connection.known = True
                self._know(connection)
        elif not connection.known:
            self.refused += 1
            self.end(connection.path)

    def on_ended(self, connection: _Connection, now_s: float) -> None:
        if connection.path.descriptor in self._connections:
            assert self._listener is not None
            self.end(connection.path)
            self._listener.on_lost(connection.path, now_s)


def bind_tcp(hosts: Sequence[str], port: int) -> TcpPort | None:
    """Return the port with that number (0: none); None where it is taken, which the log then says."""
    if not port:
        return None
    try:
        return TcpPort.bind(hosts, port)
    except OSError as error:
        told = f"clients whose network blocks UDP can't reach media: TCP port {port}: {error}"
        log.warning(told, extra={"action": "media.no_tcp"})
        return None


class _Connection:
    """One client's connection; what can't be sent at once waits, and where too much waits is dropped."""

    def __init__(
        self, sock: socket.socket, address: Address, source: str, port: TcpPort, now_s: float
    ) -> None:
        self.path = Path(outlets.open_outlet(self.send), address)
        self.source = source
        self.known = False
        self.heard_s = now_s
        self._port = port
        self._sock = sock
        self._deframer = Deframer()
        self._waiting = bytearray()
        self._begun = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        asyncio.get_running_loop().add_reader(sock.fileno(), self._read)

    def release(self) -> socket.socket:
        """Stop reading and writing; return the socket, still open."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._sock.fileno())
        loop.remove_writer(self._sock.fileno())
        outlets.close_outlet(self.path.descriptor)
        self._waiting.clear()
        return self._sock

    def close(self) -> None:
        self.release().close()

    def _read(self) -> None:
        try:
            if not self._begun and self._is_handed_over():
                return
            self._begun = True
            data = self._sock.recv(_READ_BYTES)
            packets = self._deframer.feed(data)
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, ValueError):  # reset; or no frames
            data, packets = b"", []
        now_s = system.monotonic_s()
        for packet in packets:
            self._port.on_packet(self, packet, now_s)
            if self._sock.fileno() < 0:  # closed by what it received
                return
        if not data:
            self._port.on_ended(self, now_s)

    def _is_handed_over(self) -> bool:
        """Hand over a connection that begins with TLS. Raises `OSError`."""
        begins = self._sock.recv(1, socket.MSG_PEEK)
        return begins == _TLS_HANDSHAKE and self._port.hand_over(self)

    def send(self, packets: memoryview | bytes, segment: int) -> bool:
        """Send packets, or keep them until they can be; return false if they are dropped."""
        room = WAITING_BYTES + (SPARE_BYTES if len(packets) <= SMALL_BYTES else 0)
        if len(self._waiting) > room:
            return False
        data = framed(packets, segment)
        if not self._waiting:
            try:
                data = data[self._sock.send(data) :]
            except BlockingIOError:
                pass
            except OSError:  # its end is read soon
                return False
            if not data:
                return True
            asyncio.get_running_loop().add_writer(self._sock.fileno(), self._write)
        self._waiting += data
        return True

    def _write(self) -> None:
        try:
            del self._waiting[: self._sock.send(self._waiting)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._waiting.clear()
        if not self._waiting:
            asyncio.get_running_loop().remove_writer(self._sock.fileno())


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    sock.setblocking(False)
    return sock


def _source(host: str) -> str:
    """Return what counts as one source: an address, or a network of IPv6 (/64)."""
    if ":" not in host:
        return host
    return str(ipaddress.IPv6Network((host.partition("%")[0], 64), strict=False))


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
