"""The place of one worker: the process there is started again when it dies, and replaced when asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from .. import system
from ..errors import ShowcallerError
from ..logs import report_end
from .backoff import Backoff
from .port import Port, close_all
from .process import WorkerProcess
from .supervisor_metrics import SupervisorMetrics

log = logging.getLogger(__name__)

READY_WITHIN_S = 120.0  # a replacement; until then the one before serves
STOP_GRACE_S = 5.0  # beyond --drain-timeout

# Starts the worker of that number on these descriptors.
Launch = Callable[[int, list[int]], Awaitable[WorkerProcess]]


class Slot:
    """One worker's place. `start` it once, `stop` it once."""

    def __init__(
        self,
        number: int,
        port: Port,
        launch: Launch,
        measures: SupervisorMetrics,
        *,
        drain_timeout_s: float,
    ) -> None:
        self.number = number
        self._port = port
        self._launch = launch
        self._measures = measures
        self._stop_within_s = drain_timeout_s + STOP_GRACE_S
        self._listeners = port.bind()
        self._serving: WorkerProcess | None = None
        self._living: set[WorkerProcess] = set()
        self._lock = asyncio.Lock()  # one start at a time
        self._mending: set[asyncio.Task[None]] = set()
        self._backoff = Backoff()
        self._stopping = False

    async def start(self) -> dict[str, Any]:
        """The first worker here; what `serve` prints. Raises what kept it from starting."""
        async with self._lock:
            worker = await self._bring_up()
            self._take(worker)
            return await worker.ready()

    async def replace(self, ready_within_s: float = READY_WITHIN_S) -> bool:
        """Start another worker on the same sockets; once it serves, drain the one before.

        False: it did not become ready, so the one before stays.
        """
        async with self._lock:
            try:
                async with asyncio.timeout(ready_within_s):
                    worker = await self._bring_up()
            except (ShowcallerError, OSError, TimeoutError) as error:
                self._say_failed(error)
                return False
            before = self._serving
            self._take(worker)
        if before is not None:
            await before.stop(self._stop_within_s, is_replaced=True)
        return True

    async def stop(self) -> None:
        """Drain the process that is here. The caller has ended what calls `replace`."""
        self._stopping = True
        for task in self._mending:
            task.cancel()
        await asyncio.gather(*self._mending, return_exceptions=True)
        close_all(self._listeners)  # else connections would queue here that nobody takes
        await asyncio.gather(*(worker.stop(self._stop_within_s) for worker in self._living))

    async def _bring_up(self) -> WorkerProcess:
        """A worker that serves. Raises what kept it from starting, and ends it then."""
        worker = await self._launch(self.number, [one.fileno() for one in self._listeners])
        self._living.add(worker)
        worker.ended.add_done_callback(lambda _: self._living.discard(worker))
        try:
            await worker.ready()
        except BaseException:
            await worker.kill()
            raise
        return worker

    def _take(self, worker: WorkerProcess) -> None:
        if self._serving is None:
            self._measures.missing.dec()
        self._serving = worker
        worker.ended.add_done_callback(lambda _: self._lost(worker))

    def _lost(self, worker: WorkerProcess) -> None:
        if self._stopping or worker is not self._serving:
            return
        self._serving = None
        self._measures.missing.inc()
        worker.note(
            "a worker died", action="worker.died", level=logging.ERROR, status=worker.ended.result()
        )
        task = asyncio.create_task(self._mend(worker), name=f"start worker {self.number} again")
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)
        task.add_done_callback(report_end)

    async def _mend(self, dead: WorkerProcess) -> None:
        """Start a worker in place of the dead one, however often it takes."""
        started_s = dead.started_s
        async with self._lock:
            while self._serving is None:  # else a replacement has come meanwhile
                close_all(self._listeners)  # new connections go to the other workers
                await asyncio.sleep(self._backoff.after(system.monotonic_s() - started_s))
                started_s = system.monotonic_s()
                self._measures.restarts.inc()
                try:
                    self._listeners = self._port.bind()
                    self._take(await self._bring_up())
                except (ShowcallerError, OSError) as error:
                    self._say_failed(error)

    def _say_failed(self, error: Exception) -> None:
        because = getattr(error, "message", None) or str(error) or type(error).__name__
        log.error(
            f"a worker did not start: {because}",
            extra={"action": "worker.failed", "worker": self.number},
        )
