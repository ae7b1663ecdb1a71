"""The ingests of a worker of another node, borrowed for viewers of one stage: the branch's end of a span."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any

import pylibsrtp

from ... import system
from ...errors import Unavailable
from ..contract.calls import Lender
from ..egress import Egress
from ..egress.sinks import PROTECT_RTCP, open_session, protect
from ..rtp import rtcp
from ..transport import stun
from ..transport.transport import receiving_session
from .borrowed import Borrowed, Changed, Lending
from .ingest import Ingest
from .reception import Reception
from .span import BEAT, SSRC, keys_of, read_packet
from .trunk_link import Hello, Lent, Message, Welcome, frame, receive

log = logging.getLogger(__name__)

CONNECT_WITHIN_S = 2.0
GONE_AFTER_S = 1.5  # without a datagram, where ten a second come at least
CHECK_EVERY_S = 1.0
TICK_S = 0.01
CLOCK_HZ = 1_000
_BUFFER_BYTES = 4 << 20
_DATAGRAM_BYTES = 2_048
_MAX_EARLY = 512  # packets that came before their ingest was told

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FarBranch:
    """A connection to another node's worker, which ends once: then `parted` is called with it."""

    def __init__(
        self,
        stage: str,
        lender: Lender,
        egress: Egress,
        changed: Changed,
        lending: Lending,
        parted: Callable[[FarBranch], None],
    ) -> None:
        self.stage = stage
        self.lender = lender
        self.reception = Reception(SSRC, CLOCK_HZ)
        self._borrowed = Borrowed(egress, changed, lending)
        self._parted = parted
        self._names: dict[int, str] = {}  # resources by the numbers they were lent under
        self._early: deque[tuple[int, bytes]] = deque(maxlen=_MAX_EARLY)
        self._writer: asyncio.StreamWriter | None = None
        self._socket: socket.socket | None = None
        self._following: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        self._heard_s = 0.0

    @property
    def ingests(self) -> dict[str, Ingest]:
        return self._borrowed.ingests

    async def connect(self, context: ssl.SSLContext) -> None:
        """Return when packets come. Raises `Unavailable` if none do."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                reader, self._writer = await _first(self.lender, context)
                await self._agree(reader, self._writer)
                self._following = asyncio.create_task(self._follow(reader))
                await self._heard.wait()
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            raise Unavailable(
                f"media worker {self.lender.worker} of another node can't be reached: {error!r}",
                retry_after_s=1,
            ) from None

    def close(self) -> None:
        """End it; nobody is told."""
        if self._following is not None:
            self._following.cancel()
        self._free()

    def _free(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        self._borrowed.end_all()

    # Beginning --------------------------------------------------------------------------------

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell one another the ends of the way of packets, and its keys. Raises `ValueError`, `OSError`."""
        ufrag, pwd = system.random_id("u"), system.random_id("p")
        writer.write(frame(Hello(self.stage, self.lender.worker, ufrag, pwd)))
        welcome = await receive(reader)
        if not isinstance(welcome, Welcome):
            raise ValueError("it does not lend")
        self._inward = receiving_session(keys_of(welcome.downward))
        self._outward: Any = open_session(keys_of(welcome.upward))
        self._credentials = f"{welcome.ufrag}:{ufrag}", welcome.pwd
        host = writer.get_extra_info("peername")[0]
        self._socket = _connected(host, welcome.port)
        asyncio.get_running_loop().add_reader(self._socket, self._drain, self._socket)
        self._check()

    # Going on ---------------------------------------------------------------------------------

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        ticking = asyncio.create_task(self._tick_on(reader))
        try:
            while (message := await receive(reader)) is not None:
                self._borrowed.do(message, self._back)
                if isinstance(message, Lent):
                    self._note_lent(message)
        except Exception:
            log.exception("a branch failed", extra={"action": "media.failed"})
        finally:
            ticking.cancel()
        self._free()
        self._parted(self)

    def _note_lent(self, lent: Lent) -> None:
        """Know its packets from now on, and those that overtook the word of it."""
        self._names[lent.number] = lent.resource
        early, self._early = self._early, deque(maxlen=_MAX_EARLY)
        for number, data in early:
            if number == lent.number:
                self._borrowed.take(lent.resource, data, system.monotonic_s())
            else:
                self._early.append((number, data))

    def _back(self, message: Message) -> None:
        if self._writer is not None:
            self._writer.write(frame(message))

    async def _tick_on(self, reader: asyncio.StreamReader) -> None:
        self._heard_s = checked_s = system.monotonic_s()
        while True:
            await asyncio.sleep(TICK_S)
            now_s = system.monotonic_s()
            if missing := self.reception.missing(now_s):
                self._ask_again(missing)
            every_s = CHECK_EVERY_S if self._heard.is_set() else CHECK_EVERY_S / 5
            if now_s - checked_s > every_s:
                checked_s = now_s
                self._check()
            if now_s - self._heard_s > GONE_AFTER_S:
                reader.feed_eof()  # its node may be gone without a word
                return

    def _check(self) -> None:
        """Show the trunk, and any NAT between, our address."""
        self._send(stun.check(*self._credentials, bytes.fromhex(system.random_hex(12))))

    def _ask_again(self, sequences: list[int]) -> None:
        wanted = protect(self._outward, rtcp.nack(SSRC, SSRC, sequences), PROTECT_RTCP)
        if wanted is not None:
            self._send(wanted)

    def _send(self, data: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.send(data)
            except OSError:
                return  # the next one says the same

    def _drain(self, sock: socket.socket) -> None:
        while True:
            try:
                data = sock.recv(_DATAGRAM_BYTES)
            except OSError:
                return
            if len(data) > 12 and 128 <= data[0] < 192:
                self._take(data, system.monotonic_s())

    def _take(self, data: bytes, now_s: float) -> None:
        try:
            packet = read_packet(self._inward.unprotect(data))
        except (pylibsrtp.Error, ValueError):  # a copy, or forged
            return
        if packet is None:
            return
        sequence, sent_ms, number, inner = packet
        self._heard_s = now_s
        self._heard.set()
        if self.reception.add(sequence, sent_ms, now_s, len(data)) is None or number == BEAT:
            return
        if (resource := self._names.get(number)) is not None:
            self._borrowed.take(resource, inner, now_s)
        else:
            self._early.append((number, inner))


async def _first(lender: Lender, context: ssl.SSLContext) -> _Streams:
    """Connect to the first of the lender's addresses that answers. Raises `OSError`."""
    waiting = {
        asyncio.create_task(asyncio.open_connection(host, lender.port, ssl=context))
        for host in lender.hosts
    }
    problem: BaseException = OSError("it has no address")
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            opened = [task.result() for task in done if task.exception() is None]
            for _, writer in opened[1:]:
                writer.transport.abort()
            if opened:
                return opened[0]
            problem = next(iter(done)).exception() or problem
        raise problem
    finally:
        for task in waiting:
            task.cancel()


def _connected(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        sock.connect((host, port))
    except OSError:
        sock.close()
        raise
    return sock
