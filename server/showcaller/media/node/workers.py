"""Media workers as their node sees them: started, called, watched, started again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from ... import system
from ...errors import OurFault, Unavailable
from ..contract.addresses import Addresses
from ..contract.calls import Call, Lender, Measure, OpenTrunk, Ping
from ..contract.engine import MediaEvent
from ..contract.statistics import Statistics
from ..contract.wire import (
    CALL_TIMEOUT_S,
    Notice,
    PendingCalls,
    Pipe,
    Reply,
    WorkerConfig,
    request,
)
from .ports import choose_port
from .watchdog import Stuck, await_answer

log = logging.getLogger(__name__)

START_WITHIN_S = 120.0  # killed on a busy machine, it would only begin anew
PING_EVERY_S = 0.5
PINGS_A_MEASURE = 4  # each of these asks for the statistics instead
SHUT_WITHIN_S = 3.0
STABLE_AFTER_S = 5.0
FIRST_BACKOFF_S = 0.25
MAX_BACKOFF_S = 10.0

R = TypeVar("R")


class WorkersListener(Protocol):
    """A listener that is told of the workers that come and go, and of what happens in them."""

    def on_worker_up(self, worker: Worker) -> None:
        """Learn that `worker` can be called from now on."""

    def on_worker_down(self, worker: Worker) -> None:
        """Learn that `worker` has ended by itself, and its media with it."""

    def on_media_event(self, worker: Worker, event: MediaEvent) -> None: ...


class Worker:
    """One worker process: a `MediaEngine` whose calls go through the pipe.

    `number` is its place among the node's workers, which the one started after it takes.
    """

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        pipe: Pipe,
        listener: WorkersListener,
        number: int = 0,
        trunk: str = "",
    ) -> None:
        self.name = name
        self.trunk = trunk  # path of its UNIX socket, for workers that branch off
        self.lender: Lender | None = None  # itself, for workers of other nodes
        self.number = number
        self.process = process
        self.measured = Statistics()  # the newest
        self._pipe = pipe
        self._listener = listener
        self._calls = PendingCalls()
        self._reading = asyncio.create_task(self._read(), name=f"read {name}")

    async def do(self, call: Call[R], timeout_s: float = CALL_TIMEOUT_S) -> R:
        """Have the worker carry out a call.

        Raises what the call says, and `Unavailable`: the process died or does not answer.
        """
        if self.process.returncode is not None:
            raise self._gone()
        return await self._calls.ask(
            call, lambda id: self._pipe.send(request(id, call)), timeout_s, self._gone
        )

    async def measure(self, timeout_s: float = CALL_TIMEOUT_S) -> Statistics:
        """Measure anew, also for `measured`."""
        self.measured = await self.do(Measure(), timeout_s)
        return self.measured

    async def shut(self) -> None:
        """End the worker's media and the worker."""
        self._pipe.close()
        try:
            async with asyncio.timeout(SHUT_WITHIN_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def started(self) -> None:
        """Return when it answers for the first time. Raises `Unavailable`."""
        await self.measure(START_WITHIN_S)

    async def ended(self) -> None:
        """Return when the process has ended; its pending calls have failed then."""
        await self.process.wait()
        self._pipe.close()
        self._reading.cancel()
        self._calls.fail(self._gone())

    @staticmethod
    def _gone() -> Unavailable:
        return Unavailable("the media worker has gone: try again", retry_after_s=1)

    async def _read(self) -> None:
        while (message := await self._pipe.receive()) is not None:
            if isinstance(message, Reply):
                self._calls.settle(message)
            elif isinstance(message, Notice):
                self._listener.on_media_event(self, message.event)
        self._calls.fail(self._gone())


class Workers:
    """Keeps `count` workers running.

    `first_port` is where their UDP ports begin (`ports`), 0: any free ones, and `first_tcp_port` where those
    for TCP do; None: their numbers are the same, 0: there are none. By `keys` they know the workers of other
    nodes; without any they lend them nothing.
    """

    def __init__(
        self,
        count: int,
        addresses: Addresses,
        listener: WorkersListener,
        first_port: int = 0,
        keys: tuple[bytes, ...] = (),
        first_tcp_port: int | None = None,
    ) -> None:
        self.restarts = 0
        self._listener = listener
        self._addresses = addresses
        self._first_port = first_port
        self._first_tcp_port = first_tcp_port
        self._keys = keys
        self._count = count
        self._up: dict[str, Worker] = {}
        self._all_up = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._folder = tempfile.TemporaryDirectory(prefix="showcaller-")  # ours alone (0700)

    def start(self) -> None:
        """Start the workers; the listener is told when each can be called."""
        self._tasks = [
            asyncio.create_task(self._keep_running(number), name=f"media worker {number}")
            for number in range(self._count)
        ]

    async def wait_up(self, within_s: float) -> None:
        """Return when all run, or after `within_s`."""
        if self._count:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._all_up.wait()

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.gather(*(worker.shut() for worker in list(self._up.values())))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._folder.cleanup()

    def get(self, name: str) -> Worker | None:
        return self._up.get(name)

    def all(self) -> list[Worker]:
        """Return the workers that run now."""
        return list(self._up.values())

    async def _keep_running(self, number: int) -> None:
        backoff_s = 0.0
        while not self._stopping:
            started_s = system.monotonic_s()
            try:
                await self._run_one(number)
            except Exception as error:
                log.error(
                    "a media worker could not be started",
                    exc_info=error,
                    extra={"action": "media.worker_failed"},
                )
            if self._stopping:
                return
            self.restarts += 1
            if system.monotonic_s() - started_s > STABLE_AFTER_S:
                backoff_s = 0.0
            await asyncio.sleep(backoff_s)
            backoff_s = min(MAX_BACKOFF_S, max(FIRST_BACKOFF_S, 2 * backoff_s))

    async def _run_one(self, number: int) -> None:
        """Start a worker and return when it has ended."""
        worker = await self._spawn(number)
        watching = asyncio.create_task(self._watch(worker))
        try:
            await worker.ended()
        finally:
            watching.cancel()
            if worker.process.returncode is None:
                worker.process.kill()
            if not self._stopping:
                self._lost(worker)

    def _lost(self, worker: Worker) -> None:
        """Forget a worker that has ended by itself or was killed; log it, and tell the listener."""
        about = {"media_worker": worker.name, "status": worker.process.returncode}
        if self._up.pop(worker.name, None) is None:
            failed = "a media worker ended before it could serve"
            log.error(failed, extra={"action": "media.worker_failed", **about})
        else:
            log.error("a media worker ended", extra={"action": "media.worker_ended", **about})
            self._listener.on_worker_down(worker)

    async def _spawn(self, number: int) -> Worker:
        ours, theirs = socket.socketpair()
        level = logging.getLevelName(logging.getLogger().getEffectiveLevel()).lower()
        name = system.random_id("w")
        config = WorkerConfig(
            name=name,
            trunk=str(Path(self._folder.name) / name[-8:]),  # paths of sockets are short
            descriptor=theirs.fileno(),
            parent=os.getpid(),
            addresses=self._addresses,
            port=choose_port(self._first_port, number, self._addresses.bound),
            tcp_port=self._tcp_port(number),
            log_level=level,
        )
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "showcaller.media.sfu.worker"),
                msgspec.json.encode(config).decode(),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        pipe = Pipe(*await asyncio.open_connection(sock=ours))
        return Worker(config.name, process, pipe, self._listener, number, config.trunk)

    def _tcp_port(self, number: int) -> int | None:
        if self._first_tcp_port is None:
            return None
        bound = self._addresses.bound
        return choose_port(self._first_tcp_port, number, bound, socket.SOCK_STREAM)

    async def _watch(self, worker: Worker) -> None:
        """Say when the worker answers for the first time; kill it when it answers no longer."""
        try:
            await worker.started()
            await self._open_trunk(worker)
            self._up[worker.name] = worker
            if len(self._up) == self._count:
                self._all_up.set()
            self._listener.on_worker_up(worker)
            for count in itertools.count(1):
                await asyncio.sleep(PING_EVERY_S)
                await self._probe(worker, measures=count % PINGS_A_MEASURE == 0)
        except (Stuck, Unavailable):
            if worker.process.returncode is None:
                log.error(
                    "a media worker does not answer; it is killed",
                    extra={"action": "media.worker_stuck", "media_worker": worker.name},
                )
                worker.process.kill()

    async def _open_trunk(self, worker: Worker) -> None:
        """Have other nodes' workers borrow from it, if it can."""
        if not self._keys:
            return
        try:
            worker.lender = await worker.do(OpenTrunk(keys=self._keys))
        except Unavailable as error:
            about = {"action": "media.no_trunk", "media_worker": worker.name}
            log.warning(f"no other node can borrow its stages: {error.message}", extra=about)

    @staticmethod
    async def _probe(worker: Worker, *, measures: bool) -> None:
        """Ask whether it lives, or what it measured. Raises `Stuck`, `Unavailable`."""
        asked: Coroutine[Any, Any, object] = worker.measure() if measures else worker.do(Ping())
        try:
            await await_answer(asyncio.ensure_future(asked), worker.process.pid)
        except Unavailable:
            raise
        except OurFault as error:  # it has logged why
            log.warning(error.message, extra={"action": "media.unmeasured"})
