"""Listening sockets that accept in small helpings.

An event loop's own server takes one connection a turn (libuv), or all that wait (asyncio): too few for a
storm, or too many for those who are in.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

BACKLOG = 4_096
AT_ONCE = 64
AT_ONCE_TLS = 8  # each begins with a handshake, a millisecond of computing
UNSENT_BYTES = 1 << 17  # in the kernel, for each connection: more is kept by us, who can drop it
RETRY_S = 0.5  # after the process ran out of files
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


async def bind(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of `host`, not listening yet; :: is all of IPv4 as well. Raises `OSError`."""
    bound = await _bind(host, port)
    if host == "::":
        bound += await _bind("0.0.0.0", bound[0].getsockname()[1])
    return bound


async def _bind(host: str, port: int) -> list[socket.socket]:
    server = await asyncio.get_running_loop().create_server(
        asyncio.Protocol, host, port, start_serving=False
    )
    bound = [socket.socket(fileno=os.dup(one.fileno())) for one in server.sockets]
    server.close()
    return bound


class Acceptor:
    """The bound `sockets`, listening: each connection that comes gets a protocol, until this is closed.

    `tls` may be replaced: by another context for those who connect from then on.
    """

    def __init__(
        self,
        make_protocol: Callable[[], asyncio.Protocol],
        sockets: Sequence[socket.socket],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.sockets = sockets
        self._make_protocol = make_protocol
        self.tls = tls
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        for sock in sockets:
            sock.setblocking(False)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # what is accepted inherits it
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
            sock.listen(BACKLOG)
            self._loop.add_reader(sock.fileno(), self._accept, sock)

    def close(self) -> None:
        """Accept no more, and let the port go."""
        for sock in self.sockets:
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
                sock.close()

    async def settle(self) -> None:
        """Wait until those who were accepted have their protocol."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _accept(self, sock: socket.socket) -> None:
        for _ in range(AT_ONCE if self.tls is None else AT_ONCE_TLS):
            try:
                connected, _ = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF_FILES:
                    raise
                self._pause(sock, error)
                return
            task = self._loop.create_task(self._open(connected))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connected: socket.socket) -> None:
        try:
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._make_protocol, connected, ssl=self.tls)
        except OSError as error:  # it is gone already, or its TLS handshake failed
            connected.close()
            log.debug(str(error), extra={"action": "live.not_opened"})

    def _pause(self, sock: socket.socket, error: OSError) -> None:
        log.error(
            f"can't take connections: {error.strerror}", extra={"action": "serve.out_of_files"}
        )
        self._loop.remove_reader(sock.fileno())
        self._loop.call_later(RETRY_S, self._resume, sock)

    def _resume(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_reader(sock.fileno(), self._accept, sock)
