"""One client of a WebRTC server: ICE as the controlling agent, DTLS as its client, SRTP both ways."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

from . import stun
from .dtls import Handshake
from .offers import Answer, Credentials
from .srtp import Crypto

RECEIVE_BUFFER_BYTES = 2 << 20
SEND_BUFFER_BYTES = 1 << 20
DATAGRAM_BYTES = 2048
CHECK_AGAIN_S = 0.25
GIVE_UP_S = 20.0
TIE_BREAKER = os.urandom(8)

_FORCE_RECEIVE_BUFFER = 33  # SO_RCVBUFFORCE: beyond net.core.rmem_max, for root
_MEMORY_INFO, _DROPS_AT = 55, 8  # SO_MEMINFO: sk_meminfo's counters


class Peer:
    """`connect`, then pass on what comes to `receive` and call `on_time` until it is `connected`."""

    def __init__(self, own: Credentials) -> None:
        self.own = own
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        grow_receive_buffer(self.sock)
        self.on_connected: Callable[[], None] = lambda: None
        self.consents = 0  # answers to consent checks
        self.closed = False  # by the server
        self._handshake: Handshake | None = None
        self._checked_s = 0.0
        self._server: Answer | None = None
        self._srtcp_index = 0
        self.sending: Crypto | None = None
        self.receiving: Crypto | None = None

    @property
    def connected(self) -> bool:
        return self.sending is not None

    @property
    def username(self) -> str:
        """Return the user name of our checks (RFC 8445 §7.2.2)."""
        assert self._server is not None
        return f"{self._server.ufrag}:{self.own.ufrag}"

    def connect(self, answer: Answer) -> None:
        self._server = answer
        self.sock.connect(answer.address)
        self._check(nominate=True)

    def receive(self, datagram: bytes) -> None:
        """STUN and DTLS; others are ignored."""
        if datagram[0] <= 3:
            if (message := stun.parse(datagram)) is not None:
                self._on_stun(message)
        elif 20 <= datagram[0] <= 63:
            self._on_dtls(datagram)

    def on_time(self, now_s: float) -> None:
        if self.connected or self._server is None:
            return
        if self._handshake is not None:
            self._handshake.on_time()
            self._flush()
        elif now_s - self._checked_s > CHECK_AGAIN_S:
            self._check(nominate=True)

    def on_path(self) -> None:
        """A check was answered."""
        assert self._server is not None
        if self._handshake is None and not self.connected:
            self._handshake = Handshake(self._server.fingerprint)
            self._flush()

    def check_consent(self) -> None:
        """RFC 7675: without it the server must fall silent."""
        self._check(nominate=False)

    def send_rtcp(self, packet: bytes) -> bytes:
        """The datagram that was sent."""
        assert self.sending is not None
        self._srtcp_index += 1
        datagram = self.sending.protect_rtcp(packet, self._srtcp_index)
        self.send(datagram)
        return datagram

    def send(self, datagram: bytes) -> None:
        try:
            self.sock.send(datagram)
        except OSError:  # the server has gone, or its buffer is full: as if it were lost
            pass

    def drops(self) -> int:
        """Datagrams that came while our receive buffer was full."""
        counters = self.sock.getsockopt(socket.SOL_SOCKET, _MEMORY_INFO, 36)
        return int.from_bytes(counters[4 * _DROPS_AT : 4 * _DROPS_AT + 4], "little")

    # Inside -------------------------------------------------------------------------------------

    def _check(self, *, nominate: bool) -> None:
        assert self._server is not None
        self._checked_s = time.monotonic()
        pwd = self._server.pwd.encode()
        self.send(stun.check(self.username, pwd, TIE_BREAKER, nominate=nominate))

    def _on_stun(self, message: stun.Message) -> None:
        assert self._server is not None
        if message.kind == stun.REQUEST:
            if stun.is_authentic(message, self.own.pwd.encode()):
                pwd = self.own.pwd.encode()
                self.send(stun.answer(message, pwd, self._server.address))
        elif message.kind == stun.SUCCESS and stun.is_authentic(message, self._server.pwd.encode()):
            self.consents += 1
            self.on_path()

    def _on_dtls(self, datagram: bytes) -> None:
        if self._handshake is None:
            self.closed |= self.connected and datagram[0] == 21  # an alert: close_notify
            return
        self._handshake.receive(datagram)
        self._flush()
        if self._handshake.keys is not None:
            ours, theirs = self._handshake.keys
            self.sending, self.receiving = Crypto(ours), Crypto(theirs)
            self._handshake = None  # all it was for; 50 KiB
            self.on_connected()

    def _flush(self) -> None:
        assert self._handshake is not None
        for datagram in self._handshake.outgoing():
            self.send(datagram)


def grow_receive_buffer(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, _FORCE_RECEIVE_BUFFER, RECEIVE_BUFFER_BYTES)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
