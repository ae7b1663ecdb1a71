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
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ... import system
from ...errors import OurFault, Unavailable
from ..contract.addresses import Addresses
from ..contract.calls import CALL_TIMEOUT_S, Calls, Notice, Pipe, Reply, Request, WorkerConfig
from ..contract.engine import Answer, Layer, MediaEvent, Patched, Source
from ..contract.statistics import Statistics, ViewerStatistics
from .ports import choose_port
from .watchdog import Stuck, await_answer

log = logging.getLogger(__name__)

START_WITHIN_S = 30.0
PING_EVERY_S = 0.5
PINGS_A_MEASURE = 4  # each of these asks for the statistics instead
SHUT_WITHIN_S = 3.0
STABLE_AFTER_S = 5.0
FIRST_BACKOFF_S = 0.25
MAX_BACKOFF_S = 10.0

T = TypeVar("T")
_NOTHING = type(None)


class Worker:
    """One worker process: a `MediaEngine` whose calls go through the pipe.

    Every call may also raise `Unavailable`: the process died or does not answer. `number` is its place
    among the node's workers, which the one started after it takes.
    """

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        pipe: Pipe,
        number: int = 0,
        trunk: str = "",
    ) -> None:
        self.name = name
        self.trunk = trunk  # path of its UNIX socket, for workers that branch off
        self.number = number
        self.process = process
        self.on_event: Callable[[MediaEvent], None] = lambda event: None
        self.measured = Statistics()  # the newest
        self._pipe = pipe
        self._calls = Calls()
        self._reading = asyncio.create_task(self._read(), name=f"read {name}")

    async def publish(
        self, *, session: str, person: str, offer: str, source: Source = "main"
    ) -> Answer:
        args = {"session": session, "person": person, "offer": offer, "source": source}
        return await self._call("publish", Answer, args)

    async def view(self, *, stage: str, person: str, offer: str) -> Answer:
        return await self._call("view", Answer, {"stage": stage, "person": person, "offer": offer})

    async def preview(self, *, publication: str, person: str, offer: str) -> Answer:
        args = {"publication": publication, "person": person, "offer": offer}
        return await self._call("preview", Answer, args)

    async def choose_layer(self, resource: str, layer: Layer) -> None:
        await self._call("choose_layer", _NOTHING, {"resource": resource, "layer": layer})

    async def patch(self, resource: str, *, if_match: str | None, fragment: str) -> Patched:
        args = {"resource": resource, "if_match": if_match, "fragment": fragment}
        return await self._call("patch", Patched, args)

    async def close(self, resource: str) -> None:
        await self._call("close", _NOTHING, {"resource": resource})

    async def close_room(self, session: str) -> None:
        await self._call("close_room", _NOTHING, {"session": session})

    async def leave_stage(self, stage: str) -> None:
        await self._call("leave_stage", _NOTHING, {"stage": stage})

    async def branch(self, *, stage: str, trunk: str) -> None:
        await self._call("branch", _NOTHING, {"stage": stage, "trunk": trunk})

    async def route(self, *, stage: str, session: str | None, publication: str = "") -> None:
        args = {"stage": stage, "session": session, "publication": publication}
        await self._call("route", _NOTHING, args)

    async def statistics(self) -> Statistics:
        """Measures anew, also for `measured`."""
        self.measured = await self._call("statistics", Statistics, {})
        return self.measured

    async def viewers(self, stage: str) -> list[ViewerStatistics]:
        """Those of a stage that lose most, at most `VIEWERS_TOLD`."""
        return await self._call("viewers", list[ViewerStatistics], {"stage": stage})

    async def ping(self) -> None:
        """Return when the worker's event loop turns."""
        await self._call("ping", _NOTHING, {})

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
        self.measured = await self._call("statistics", Statistics, {}, START_WITHIN_S)

    async def ended(self) -> None:
        """Return when the process has ended; its pending calls have failed then."""
        await self.process.wait()
        self._pipe.close()
        self._reading.cancel()
        self._calls.fail(self._gone())

    async def _call(
        self,
        method: str,
        type_: type[T],
        args: dict[str, Any],
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> T:
        if self.process.returncode is not None:
            raise self._gone()
        result = await self._calls.ask(
            lambda id: self._pipe.send(Request(id, method, args)), timeout_s, self._gone
        )
        return msgspec.convert(result, type_)

    @staticmethod
    def _gone() -> Unavailable:
        return Unavailable("the media worker has gone: try again", retry_after_s=1)

    async def _read(self) -> None:
        while (message := await self._pipe.receive()) is not None:
            if isinstance(message, Reply):
                self._calls.settle(message)
            elif isinstance(message, Notice):
                self.on_event(message.event)
        self._calls.fail(self._gone())


class Workers:
    """Keeps `count` workers running. `on_up` and `on_down` are told of each that came and went.

    `first_port` is where their UDP ports begin (`ports`); 0: any free ones.
    """

    def __init__(self, count: int, addresses: Addresses, first_port: int = 0) -> None:
        self.on_up: Callable[[Worker], None] = lambda worker: None
        self.on_down: Callable[[Worker], None] = lambda worker: None
        self.on_event: Callable[[Worker, MediaEvent], None] = lambda worker, event: None
        self.restarts = 0
        self._addresses = addresses
        self._first_port = first_port
        self._count = count
        self._up: dict[str, Worker] = {}
        self._all_up = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._folder = tempfile.TemporaryDirectory(prefix="showcaller-")  # ours alone (0700)

    def start(self) -> None:
        """Start the workers; `on_up` tells when each can be called."""
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
        """Those that run now."""
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
        """It ended by itself, or had to."""
        about = {"media_worker": worker.name, "status": worker.process.returncode}
        if self._up.pop(worker.name, None) is None:
            failed = "a media worker ended before it could serve"
            log.error(failed, extra={"action": "media.worker_failed", **about})
        else:
            log.error("a media worker ended", extra={"action": "media.worker_ended", **about})
            self.on_down(worker)

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
        worker = Worker(config.name, process, pipe, number, config.trunk)
        worker.on_event = lambda event: self.on_event(worker, event)
        return worker

    async def _watch(self, worker: Worker) -> None:
        """Say when the worker answers for the first time; kill it when it answers no longer."""
        try:
            await worker.started()
            self._up[worker.name] = worker
            if len(self._up) == self._count:
                self._all_up.set()
            self.on_up(worker)
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

    @staticmethod
    async def _probe(worker: Worker, *, measures: bool) -> None:
        """Raises `Stuck`, `Unavailable`."""
        asked: Coroutine[Any, Any, object] = worker.statistics() if measures else worker.ping()
        try:
            await await_answer(asyncio.ensure_future(asked), worker.process.pid)
        except Unavailable:
            raise
        except OurFault as error:  # it has logged why
            log.warning(error.message, extra={"action": "media.unmeasured"})
