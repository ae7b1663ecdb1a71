"""Media workers as their node sees them: started, called, watched, started again."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from .. import system
from ..errors import Unavailable
from .addresses import Addresses
from .engine import Answer, MediaEvent, Patched
from .rpc import CALL_TIMEOUT_S, Calls, Notice, Pipe, Reply, Request, WorkerConfig

log = logging.getLogger(__name__)

START_WITHIN_S = 30.0
MEASURE_EVERY_S = 2.0
ANSWER_WITHIN_S = 8.0
SHUT_WITHIN_S = 3.0
STABLE_AFTER_S = 30.0
FIRST_BACKOFF_S = 0.25
MAX_BACKOFF_S = 10.0

T = TypeVar("T")
_NOTHING = type(None)


class Worker:
    """One worker process: a `MediaEngine` whose calls go through the pipe.

    Every call may also raise `Unavailable`: the process died or does not answer.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, pipe: Pipe) -> None:
        self.name = name
        self.process = process
        self.on_event: Callable[[MediaEvent], None] = lambda event: None
        self.measured: dict[str, object] = {}  # newest statistics
        self._pipe = pipe
        self._calls = Calls()
        self._reading = asyncio.create_task(self._read(), name=f"read {name}")

    async def publish(self, *, session: str, person: str, offer: str) -> Answer:
        args = {"session": session, "person": person, "offer": offer}
        return await self._call("publish", Answer, args)

    async def view(self, *, stage: str, person: str, offer: str) -> Answer:
        return await self._call("view", Answer, {"stage": stage, "person": person, "offer": offer})

    async def patch(self, resource: str, *, if_match: str | None, fragment: str) -> Patched:
        args = {"resource": resource, "if_match": if_match, "fragment": fragment}
        return await self._call("patch", Patched, args)

    async def close(self, resource: str) -> None:
        await self._call("close", _NOTHING, {"resource": resource})

    async def close_room(self, session: str) -> None:
        await self._call("close_room", _NOTHING, {"session": session})

    async def leave_stage(self, stage: str) -> None:
        await self._call("leave_stage", _NOTHING, {"stage": stage})

    async def route(self, *, stage: str, session: str | None) -> None:
        await self._call("route", _NOTHING, {"stage": stage, "session": session})

    async def statistics(self) -> dict[str, object]:
        await self.measure(CALL_TIMEOUT_S)
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

    async def ended(self) -> None:
        """Return when the process has ended; its pending calls have failed then."""
        await self.process.wait()
        self._pipe.close()
        self._reading.cancel()
        self._calls.fail(self._gone())

    async def measure(self, timeout_s: float) -> None:
        """Refresh `measured`; it also shows that the worker answers. Raises `Unavailable`."""
        self.measured = await self._call("statistics", dict[str, object], {}, timeout_s)

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
    """Keeps `count` workers running. `on_up` and `on_down` are told of each that came and went."""

    def __init__(self, count: int, addresses: Addresses) -> None:
        self.on_up: Callable[[Worker], None] = lambda worker: None
        self.on_down: Callable[[Worker], None] = lambda worker: None
        self.on_event: Callable[[MediaEvent], None] = lambda event: None
        self.restarts = 0
        self._addresses = addresses
        self._count = count
        self._up: dict[str, Worker] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        """Start the workers; `on_up` tells when each can be called."""
        self._tasks = [
            asyncio.create_task(self._keep_running(), name=f"media worker {number}")
            for number in range(self._count)
        ]

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.gather(*(worker.shut() for worker in list(self._up.values())))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def get(self, name: str) -> Worker | None:
        return self._up.get(name)

    def all(self) -> list[Worker]:
        """Those that run now."""
        return list(self._up.values())

    async def _keep_running(self) -> None:
        backoff_s = 0.0
        while not self._stopping:
            started_s = system.monotonic_s()
            try:
                await self._run_one()
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

    async def _run_one(self) -> None:
        """Start a worker and return when it has ended."""
        worker = await self._spawn()
        watching = asyncio.create_task(self._watch(worker))
        try:
            await worker.ended()
        finally:
            watching.cancel()
            if worker.process.returncode is None:
                worker.process.kill()
            if self._up.pop(worker.name, None) is not None and not self._stopping:
                log.error(
                    "a media worker ended",
                    extra={
                        "action": "media.worker_ended",
                        "media_worker": worker.name,
                        "status": worker.process.returncode,
                    },
                )
                self.on_down(worker)

    async def _spawn(self) -> Worker:
        ours, theirs = socket.socketpair()
        name = system.random_id("w")
        config = WorkerConfig(
            name=name,
            descriptor=theirs.fileno(),
            parent=os.getpid(),
            addresses=self._addresses,
            log_level=logging.getLevelName(log.getEffectiveLevel()).lower(),
        )
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "showcaller.media.worker"),
                msgspec.json.encode(config).decode(),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        worker = Worker(name, process, Pipe(reader, writer))
        worker.on_event = lambda event: self.on_event(event)
        return worker

    async def _watch(self, worker: Worker) -> None:
        """Say when the worker answers for the first time; kill it when it answers no longer."""
        try:
            await worker.measure(START_WITHIN_S)
            self._up[worker.name] = worker
            self.on_up(worker)
            while True:
                await asyncio.sleep(MEASURE_EVERY_S)
                await worker.measure(ANSWER_WITHIN_S)
        except Unavailable:
            if worker.process.returncode is None:
                log.error(
                    "a media worker does not answer; it is killed",
                    extra={"action": "media.worker_stuck", "media_worker": worker.name},
                )
                worker.process.kill()
