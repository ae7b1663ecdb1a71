"""The door of a trunk for branches of other nodes: TLS for what must not be lost, a span for packets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Sequence

from ... import system
from ...errors import Unavailable
from ..egress.keys import Keys
from ..transport.parameters import Path, Remote
from ..transport.transport import Keyed, Transport, Transports
from .span import BEAT, KEY_BYTES, SALT_BYTES, SpanSender, keys_of
from .trunk import MAX_BEHIND_BYTES, Trunk
from .trunk_link import Hello, KeyframeWanted, Packet, Welcome, frame, receive

log = logging.getLogger(__name__)

HANDSHAKE_WITHIN_S = 5.0
MAX_HANDSHAKES = 256  # at a time
MAX_HANDSHAKES_FROM_ADDRESS = 16  # a node has one worker that asks for each stage
BEAT_EVERY_S = 0.1
# Longer packets would be fragmented on most networks: they go by TLS.
MAX_DATAGRAM_BYTES = 1_420


class FarTrunk:
    """Lends what `trunk` has to workers of other nodes, over the worker's own ports."""

    def __init__(self, name: str, trunk: Trunk, transports: Transports) -> None:
        self.spans: set[LentSpan] = set()
        self._before = [0, 0]  # packets, and those sent again, of spans that have ended
        self._name = name
        self._trunk = trunk
        self._transports = transports
        self._servers: list[asyncio.Server] = []
        self._context: ssl.SSLContext | None = None
        self._shaking: dict[asyncio.Task[None], str] = {}  # and the addresses they are with
        self._serving: set[asyncio.Task[None]] = set()
        self._beating: asyncio.Task[None] | None = None

    async def listen(self, context: ssl.SSLContext) -> int:
        """Listen where media is reached and return the TCP port. Raises `Unavailable`.

        It has the number of the UDP port, or any where that is taken. Where clients have that number, too,
        theirs is told from other nodes' by its first byte.
        """
        self._beating = asyncio.create_task(self._beat())
        tcp = self._transports.tcp
        if tcp is not None and tcp.port == self._transports.port:
            self._context, tcp.tls = context, self._take
            return tcp.port
        for sock in _listening(self._transports.bound or ("",), self._transports.port):
            server = await asyncio.start_server(
                self._serve, sock=sock, ssl=context, ssl_handshake_timeout=HANDSHAKE_WITHIN_S
            )
            self._servers.append(server)
        port: int = self._servers[0].sockets[0].getsockname()[1]
        return port

    def counts(self, *spans: LentSpan) -> list[int]:
        """Return the packets lent so far, and those of them sent again: by spans that ended, and by these."""
        senders = [span.sender for span in spans if span.sender is not None]
        return [
            self._before[0] + sum(sender.packets for sender in senders),
            self._before[1] + sum(sender.repeated for sender in senders),
        ]

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        for server in self._servers:
            server.close()
        if self._transports.tcp is not None:
            self._transports.tcp.tls = None
        for shaking in list(self._shaking):
            shaking.cancel()
        for span in list(self.spans):
            span.close()
        if self._serving:
            await asyncio.wait(self._serving)

    def _take(self, sock: socket.socket) -> None:
        try:
            host: str = sock.getpeername()[0]
        except OSError:  # it has gone
            host = ""
        with_host = sum(one == host for one in self._shaking.values())
        if len(self._shaking) >= MAX_HANDSHAKES or with_host >= MAX_HANDSHAKES_FROM_ADDRESS:
            sock.close()
            return
        task = asyncio.create_task(self._shake_hands(sock))
        self._shaking[task] = host
        task.add_done_callback(self._shaking.pop)

    async def _shake_hands(self, sock: socket.socket) -> None:
        protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._serve)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                sock,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_WITHIN_S,
            )
        except (OSError, TimeoutError):  # no node of this deployment
            sock.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await receive(reader)
        if not isinstance(hello, Hello) or hello.worker != self._name:
            writer.close()
            return
        span = LentSpan(hello, writer, self._trunk, self._transports)
        self.spans.add(span)
        reading = asyncio.create_task(self._read(span, reader))
        self._serving.add(reading)
        reading.add_done_callback(self._serving.discard)

    async def _read(self, span: LentSpan, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await receive(reader)) is not None:
                if isinstance(message, KeyframeWanted):
                    self._trunk.ask_keyframe(message)
        finally:
            self.spans.discard(span)
            self._before = self.counts(span)
            span.close()

    async def _beat(self) -> None:
        """Send something on each span, so that the last packet before a pause is missed when it gets lost."""
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            for span in self.spans:
                span.beat(system.monotonic_s())


class LentSpan:
    """One branch of another node: a `FarTaker` of the trunk, and the owner of a transport."""

    def __init__(
        self, hello: Hello, writer: asyncio.StreamWriter, trunk: Trunk, transports: Transports
    ) -> None:
        self.stage = hello.stage
        self.sender: SpanSender | None = None  # once the branch was heard by UDP
        self._writer = writer
        self._trunk = trunk
        self._udp = transports.udp
        size = KEY_BYTES + SALT_BYTES
        downward, upward = (bytes.fromhex(system.random_hex(size)) for _ in range(2))
        keyed = Keyed(sending=keys_of(downward), receiving=keys_of(upward))
        remote = Remote(hello.ufrag, hello.pwd, (), "active")
        self._transport: Transport = transports.add(remote, self, system.monotonic_s(), keyed=keyed)
        local = self._transport.local
        welcome = Welcome(transports.port, local.ufrag, local.pwd, downward, upward)
        writer.write(frame(welcome))

    def close(self) -> None:
        self._trunk.far.discard(self)
        self._transport.close()
        self._writer.transport.abort()

    def beat(self, now_s: float) -> None:
        if self.sender is not None:
            self.sender.send(BEAT, b"", now_s)

    # What the trunk tells ---------------------------------------------------------------------

    def tell(self, framed: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > MAX_BEHIND_BYTES:
            log.warning("a branch is cut off", extra={"action": "media.branch_behind"})
            self._writer.transport.abort()
        else:
            self._writer.write(framed)

    def take(self, number: int, resource: str, data: bytes, now_s: float) -> None:
        if self.sender is not None and len(data) <= MAX_DATAGRAM_BYTES:
            self.sender.send(number, data, now_s)
        else:
            self.tell(frame(Packet(resource, data)))

    # What the transport tells -----------------------------------------------------------------

    def on_connected(self, keys: Keys, now_s: float) -> None:
        """Lend from now on: packets reach the branch."""
        self.sender = SpanSender(keys, self._send)
        self.beat(now_s)
        self._trunk.join(self)

    def on_path(self, path: Path) -> None:
        """Do nothing: each datagram asks for the path."""

    def on_rtp(self, packet: bytes, now_s: float) -> None:
        """Ignore it: nothing is published this way."""

    def on_rtcp(self, packet: bytes, now_s: float) -> None:
        if self.sender is not None:
            self.sender.on_rtcp(packet, now_s)

    def on_closed(self, reason: str, now_s: float) -> None:
        """Let the branch connect anew: nothing comes from it any more."""
        self._writer.transport.abort()

    def _send(self, datagram: bytes) -> None:
        path = self._transport.path
        if path is not None:
            self._udp.send(datagram, path)


def _listening(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Return sockets at all hosts ("": any) on one port number, this one or any. Raises `Unavailable`."""
    try:
        return _bind(hosts, port)
    except OSError:  # another program's
        try:
            return _bind(hosts, 0)
        except OSError as error:
            raise Unavailable(f"no TCP port to lend at: {error}", retry_after_s=5) from None


def _bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        for host in hosts:
            every = not host and socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if every or ":" in host else socket.AF_INET
            sock = socket.create_server((host, port), family=family, dualstack_ipv6=every)
            opened.enter_context(sock)
            port = sock.getsockname()[1]
            sockets.append(sock)
        opened.pop_all()
        return sockets
