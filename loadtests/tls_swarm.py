"""A swarm that comes over TLS. The server's certificate is not looked at: it is the benchmark's own."""

from __future__ import annotations

import select
import ssl
from collections.abc import Sequence

from showcaller_load.swarm import Client, Swarm

RECORD_BYTES = 1 << 14


def trusting() -> ssl.SSLContext:
    """Return a context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsSwarm(Swarm):
    """With `resumes`, everybody after the first comes back with the first one's session (RFC 8446 §2.2)."""

    def __init__(self, port: int, event: str, *, resumes: bool = False) -> None:
        super().__init__(port, event)
        self._context = trusting()
        self._resumes = resumes
        self._session: ssl.SSLSession | None = None
        self._shaking: set[int] = set()
        self.resumed = 0

    def connect(self, token: str, channels: Sequence[str]) -> Client:
        client = super().connect(token, channels)
        fd = client.sock.fileno()
        client.sock.setblocking(False)
        self._shaking.add(fd)
        return client

    def poll(self, timeout_s: float) -> None:
        for fd, _ in self._epoll.poll(timeout_s):
            client = self.clients[fd]
            if fd not in self._shaking:
                self._read(fd, client)
            elif self._shake(client):
                self._shaking.discard(fd)
                client.sock.send(self.upgrade_request())
                self._epoll.modify(fd, select.EPOLLIN)

    def _shake(self, client: Client) -> bool:
        """Go on with a handshake; return whether it is done."""
        if not isinstance(client.sock, ssl.SSLSocket):  # it has connected just now
            fd = client.sock.fileno()
            client.sock = self._context.wrap_socket(
                client.sock, do_handshake_on_connect=False, session=self._session
            )
            assert client.sock.fileno() == fd
            self._epoll.modify(fd, select.EPOLLIN)
        try:
            client.sock.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.resumed += bool(client.sock.session_reused)
        return True

    def receive(self, client: Client) -> bytes | None:
        """Return all that can be decrypted: TLS may hold more than epoll knows."""
        taken = bytearray()
        while True:
            try:
                data = client.sock.recv(RECORD_BYTES)
            except ssl.SSLWantReadError:
                break
            if not data:
                return bytes(taken)
            taken += data
        if self._resumes and self._session is None:
            assert isinstance(client.sock, ssl.SSLSocket)
            self._session = client.sock.session
        return bytes(taken) or None
