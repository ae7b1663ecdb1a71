"""Thousands of WebSockets in one process: one epoll, raw frames, plain or TLS.

    sockets = Sockets(target, owner_of_what_comes)
    connection = sockets.connect(owner, "json")      # then on_open, on_frame…, on_end are called
    while …: sockets.poll(timeout_s)

One socket in `STAMPED_OF` has the kernel stamp what it receives: the time until we read it is our own doing,
and says whether we are still fit to measure.
"""

from __future__ import annotations

import contextlib
import errno
import re
import select
import socket
import ssl
import struct
import time
from typing import Any, NamedTuple, Protocol

from .wire import CLOSE, PING, PONG, frame_bytes, split_frames, upgrade_request

RECEIVE_BYTES = 1 << 18
EVENTS_AT_ONCE = 512
SOCKETS_PER_ADDRESS = 20_000  # of a source address of 127/8, so that ports never run out
SLOW_RECEIVE_BYTES = 4_096  # the receive buffer of those who are going to be slow
STAMPED_OF = 32
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("qq")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_RETRY_AFTER = re.compile(rb"(?i)\r\nretry-after: (\d{1,6})")
_RETRY_AFTER_MS = re.compile(r"retry_after_ms=(\d{1,9})")
_BLOCKED = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class Target(NamedTuple):
    """The live endpoint's address. `address` is what `host` resolves to."""

    host: str
    address: str
    port: int
    is_tls: bool
    event: str

    @property
    def is_local(self) -> bool:
        return self.address.startswith("127.")


class Ended(NamedTuple):
    """The end of a connection. `code` is a WebSocket's close code; 1006 without any."""

    code: int
    reason: str
    retry_after_s: float | None = None
    is_refusal: bool = False  # the upgrade was answered with what is final (PROTOCOL.md §7)


class Owners(Protocol):
    """A listener to sockets. `owner` is what was given to `connect`."""

    def on_open(self, owner: Any) -> None: ...

    def on_frame(self, owner: Any, payload: bytes, now_s: float) -> None: ...

    def on_end(self, owner: Any, ended: Ended) -> None: ...

    def on_waited(self, waited_ms: float) -> None:
        """Take note that what the kernel had received was read so much later."""


class Connection:
    __slots__ = (
        "fd",
        "format",
        "is_connecting",
        "is_stamped",
        "owner",
        "rest",
        "sock",
        "unsent",
        "wanted",
    )

    def __init__(self, sock: socket.socket, owner: Any, format: str, is_stamped: bool) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.owner = owner
        self.format = format
        self.is_stamped = is_stamped
        self.is_connecting = True
        self.rest: bytearray | None = None  # of a frame; None: the upgrade is not answered yet
        self.wanted = 0  # how long `rest` must be for the frame to be whole
        self.unsent = b""

    @property
    def is_open(self) -> bool:
        """Tell whether the upgrade was accepted."""
        return self.rest is not None


def new_socket(number: int | None) -> socket.socket:
    """Return a socket that is reset when it is closed; `number` is its place among those to this machine."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    if number is not None:
        sock.bind((f"127.0.0.{2 + number // SOCKETS_PER_ADDRESS % 250}", 0))
    return sock


class Sockets:
    def __init__(self, target: Target, owners: Owners) -> None:
        self.target = target
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self._owners = owners
        self._view = memoryview(bytearray(RECEIVE_BYTES))
        self._made = 0
        self._tls = ssl.create_default_context() if target.is_tls else None

    # Coming and going -----------------------------------------------------------------------------

    def connect(self, owner: Any, format: str, *, is_slow: bool = False) -> Connection | None:
        """Begin to connect; a later poll does the rest. None: it failed at once; `on_end` was called."""
        sock = new_socket(self._made if self.target.is_local else None)
        is_stamped = self._tls is None and self._made % STAMPED_OF == 0
        if is_stamped:
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        if is_slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_RECEIVE_BYTES)
        self._made += 1
        code = sock.connect_ex((self.target.address, self.target.port))
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            self._owners.on_end(owner, Ended(1006, errno.errorcode.get(code, str(code))))
            return None
        if self._tls is not None:
            sock = self._tls.wrap_socket(
                sock, do_handshake_on_connect=False, server_hostname=self.target.host
            )
        connection = Connection(sock, owner, format, is_stamped)
        self.connections[connection.fd] = connection
        self.epoll.register(connection.fd, select.EPOLLOUT)
        return connection

    def cut(self, connection: Connection) -> None:
        """Reset it, without a goodbye and without telling its owner."""
        if self.connections.pop(connection.fd, None) is not None:
            connection.sock.close()

    def close(self) -> None:
        for connection in list(self.connections.values()):
            self.cut(connection)
        self.epoll.close()

    def pause(self, connection: Connection) -> None:
        """Read nothing from it until `resume`."""
        with contextlib.suppress(OSError):
            self.epoll.unregister(connection.fd)

    def resume(self, connection: Connection) -> None:
        if connection.fd in self.connections:
            self.epoll.register(connection.fd, select.EPOLLIN)

    def send(self, connection: Connection, data: bytes) -> None:
        """Send, or keep what the kernel does not take until it does."""
        if connection.unsent:
            connection.unsent += data
            return
        try:
            sent = connection.sock.send(data)
        except _BLOCKED:
            sent = 0
        except OSError:
            return  # reading tells why
        if sent < len(data):
            connection.unsent = data[sent:]
            self._listen(connection, select.EPOLLIN | select.EPOLLOUT)

    # What comes -----------------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> list[int]:
        """Wait for what comes next and deal with it. Returns ready descriptors that are not ours."""
        others = []
        for fd, mask in self.epoll.poll(timeout_s, EVENTS_AT_ONCE):
            connection = self.connections.get(fd)
            if connection is None:
                others.append(fd)
            elif connection.is_connecting:
                self._connected(connection)
            else:
                if mask & select.EPOLLOUT:
                    self._flush(connection)
                if mask & ~select.EPOLLOUT:
                    self._read(connection)
        return others

    def _listen(self, connection: Connection, mask: int) -> None:
        with contextlib.suppress(OSError):  # paused
            self.epoll.modify(connection.fd, mask)

    def _connected(self, connection: Connection) -> None:
        code = connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._end(connection, Ended(1006, errno.errorcode.get(code, str(code))))
            return
        if isinstance(connection.sock, ssl.SSLSocket) and not self._shake_hands(connection):
            return
        connection.is_connecting = False
        self._listen(connection, select.EPOLLIN)
        target = self.target
        request = upgrade_request(
            target.port, target.event, host=target.host, format=connection.format
        )
        self.send(connection, request)

    def _shake_hands(self, connection: Connection) -> bool:
        try:
            connection.sock.do_handshake()  # type: ignore[attr-defined]
        except ssl.SSLWantReadError:
            self._listen(connection, select.EPOLLIN)
        except ssl.SSLWantWriteError:
            self._listen(connection, select.EPOLLOUT)
        except OSError as error:
            self._end(connection, Ended(1006, str(error)))
        else:
            return True
        return False

    def _flush(self, connection: Connection) -> None:
        data, connection.unsent = connection.unsent, b""
        self._listen(connection, select.EPOLLIN)
        if data:
            self.send(connection, data)

    def _read(self, connection: Connection) -> None:
        while True:
            try:
                data = self._receive(connection)
            except _BLOCKED:
                return
            except OSError as error:
                self._end(connection, Ended(1006, error.strerror or str(error)))
                return
            if not data:
                self._end(connection, Ended(1006, "ended by the server"))
                return
            if not self._take(connection, data) or self._tls is None:
                return  # TLS may hold more than epoll knows

    def _receive(self, connection: Connection) -> bytes:
        if not connection.is_stamped:
            return bytes(self._view[: connection.sock.recv_into(self._view)])
        data, control, _, _ = connection.sock.recvmsg(RECEIVE_BYTES, 64)
        if control:
            whole_s, part_ns = _TIMESPEC.unpack(control[0][2])
            self._owners.on_waited((time.time() - whole_s - part_ns / 1e9) * 1000)
        return data

    def _take(self, connection: Connection, data: bytes) -> bool:
        """Deal with what was read. False: the connection is over."""
        if connection.rest is None:
            rest = self._upgraded(connection, data)
            if rest is None:
                return False
            connection.rest = bytearray()
            self._owners.on_open(connection.owner)
            data = rest
        if connection.rest:  # it may be of megabytes, and come in small parts
            connection.rest += data
            if len(connection.rest) < connection.wanted:
                return True
            data = bytes(connection.rest)
        frames, rest = split_frames(data)
        connection.rest = bytearray(rest)
        connection.wanted = frame_bytes(rest) if rest else 0
        now_s = time.monotonic()
        for first, payload in frames:
            if first == PING:
                self.send(connection, PONG)
            elif first == CLOSE:
                self._end(connection, _ended(payload))
                return False
            else:
                self._owners.on_frame(connection.owner, payload, now_s)
            if connection.fd not in self.connections:
                return False
        return True

    def _upgraded(self, connection: Connection, data: bytes) -> bytes | None:
        """Return what follows the answer to the upgrade; None if it was refused."""
        head, _, rest = data.partition(b"\r\n\r\n")
        status = _STATUS.match(head)
        if status is not None and status[1] == b"101":
            return rest
        after = _RETRY_AFTER.search(head)
        code = int(status[1]) if status is not None else 0
        self._end(
            connection,
            Ended(
                1006,
                f"the upgrade was answered with {code}",
                float(after[1]) if after else None,
                is_refusal=not (code == 429 or code >= 500),
            ),
        )
        return None

    def _end(self, connection: Connection, ended: Ended) -> None:
        self.cut(connection)
        self._owners.on_end(connection.owner, ended)


def _ended(payload: bytes) -> Ended:
    reason = payload[2:].decode(errors="replace")
    after = _RETRY_AFTER_MS.search(reason)
    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
    return Ended(code, reason, int(after[1]) / 1000 if after else None)
