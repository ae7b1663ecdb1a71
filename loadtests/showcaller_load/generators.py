"""The controller's end of each generator: a process here, or one that an agent started elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence

import msgspec

from showcaller.errors import ConfigError, Unavailable

from . import machine, orders
from .deployment import on_cores
from .link import LinkError, Opener, Sealer, greet_agent
from .orders import Order, Ready, SyncAnswer, Tick
from .summary import Use
from .verdict import Ledgers

RECEIVE_BYTES = 1 << 20
SYNCS_KEPT = 16
PATIENCE_S = 30.0


class Generator:
    """One generator and what it has told so far. Each event is set once its report has come."""

    def __init__(
        self, sock: socket.socket, key: bytes, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.prepared = asyncio.Event()
        self.witnessed = asyncio.Event()
        self.handed_in = asyncio.Event()
        self.ticks: dict[int, Tick] = {}
        self.newest_tick: Tick | None = None
        self.ledgers = Ledgers()
        self.failure: str | None = None
        self.offset_ms = 0.0  # from its monotonic clock to ours
        self._ready = asyncio.Event()
        self._sock = sock
        self._sealer = Sealer(key, "controller")
        self._opener = Opener(key, "generator")
        self._process = process
        self._syncs: deque[tuple[float, float]] = deque(maxlen=SYNCS_KEPT)  # round trip, offset
        self.about: Ready | None = None
        self.use: Use | None = None

    async def open(self) -> Ready:
        """Await its first words. Raises `Unavailable`."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._sock)
        self._hearing = asyncio.create_task(self._hear(), name="generator")
        await self.wait_for(self._ready, PATIENCE_S, "did not start")
        assert self.about is not None
        return self.about

    def tell(self, order: Order) -> None:
        self._writer.write(self._sealer.seal(orders.encode(order)))

    def sync(self) -> None:
        """Compare clocks, and say how far they are apart as far as we know."""
        self.tell(orders.Sync(t1_ms=time.monotonic() * 1000, offset_ms=self.offset_ms))

    async def wait_for(self, event: asyncio.Event, within_s: float, what: str) -> None:
        """Raises `Unavailable` when it fails or takes too long."""
        try:
            async with asyncio.timeout(within_s):
                await event.wait()
        except TimeoutError:
            raise Unavailable(f"a generator {what} within {within_s:g} s") from None
        self.check()

    def check(self) -> None:
        """Raises `Unavailable` when it has failed."""
        if self.failure is not None:
            raise Unavailable(f"a generator failed: {self.failure}")

    async def close(self) -> None:
        if hasattr(self, "_hearing"):
            self._hearing.cancel()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        else:
            self._sock.close()
        if self._process is not None:
            await asyncio.to_thread(_end, self._process)

    # What it tells ----------------------------------------------------------------------------------

    async def _hear(self) -> None:
        try:
            while data := await self._reader.read(RECEIVE_BYTES):
                for message in self._opener.feed(data):
                    self._take(orders.decode_report(message))
            self._fail("it ended early")
        except (OSError, LinkError, msgspec.DecodeError) as error:
            self._fail(str(error))

    def _take(self, report: orders.AnyReport) -> None:
        match report:
            case Tick():
                self.ticks[report.t_s] = self.newest_tick = report
                assert self.use is not None
                self.use.take(report)
            case SyncAnswer():
                self._aligned(report)
            case Ready():
                self.about = report
                self.use = Use(report.machine.host, report.pid)
                self._ready.set()
            case orders.Prepared():
                self.prepared.set()
            case orders.Witnessed():
                self.witnessed.set()
            case orders.Accounts():
                self.ledgers.add(report)
                if report.is_last:
                    self.handed_in.set()
            case orders.Failed(message=message):
                self._fail(message)

    def _fail(self, why: str) -> None:
        if self.handed_in.is_set():
            return  # it has done its work
        self.failure = self.failure or why
        for event in (self._ready, self.prepared, self.witnessed, self.handed_in):
            event.set()

    def _aligned(self, answer: SyncAnswer) -> None:
        """Align the clocks as NTP does: the shortest of the newest round trips tells the offset best."""
        now_ms = time.monotonic() * 1000
        middle_ms = (answer.t1_ms + now_ms) / 2
        self._syncs.append((now_ms - answer.t1_ms, middle_ms - answer.t2_ms))
        shares_clock = self.about is not None and self.about.boot == machine.boot_id()
        self.offset_ms = 0.0 if shares_clock else min(self._syncs)[1]


def start_here(cores: Sequence[int]) -> Generator:
    """A generator process on this machine, on these cores."""
    ours, theirs = socket.socketpair()
    with theirs, on_cores(cores):
        process = spawn(theirs, key := os.urandom(32), [])
    return Generator(ours, key, process)


def spawn(sock: socket.socket, key: bytes, allowed: Sequence[str]) -> subprocess.Popen[bytes]:
    """The generator process itself: the socket is handed down, the key comes on its standard input."""
    words = [sys.executable, "-m", "showcaller_load.generator", str(sock.fileno())]
    for target in allowed:
        words += ["--allow", target]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, pass_fds=[sock.fileno()], start_new_session=True
    )
    assert process.stdin is not None
    process.stdin.write(key)
    process.stdin.close()
    return process


async def start_there(agent: str, key: bytes) -> Generator:
    """A generator on the machine of an agent, named HOST:PORT. Raises `ConfigError`, `Unavailable`."""
    host, _, port = agent.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"--agent {agent}: write HOST:PORT")
    return await asyncio.to_thread(_call_agent, host, int(port), key)


def _call_agent(host: str, port: int, key: bytes) -> Generator:
    sock = None
    try:
        sock = socket.create_connection((host, port), timeout=PATIENCE_S)
        return Generator(sock, greet_agent(sock, key))
    except (OSError, LinkError) as error:
        if sock is not None:
            sock.close()
        raise Unavailable(f"the agent {host}:{port} can't be used: {error}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
