"""A worker as its supervisor sees it: started, heard, ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import Any

import msgspec

from .. import system
from ..errors import ConfigError, ShowcallerError, Unavailable
from .worker_messages import REPLACED, STOP, Failed, Ready, Said, ServingConfig, decode, encode

log = logging.getLogger(__name__)

STUCK_AFTER_S = 30.0


class WorkerProcess:
    """One worker. `ended` is done when it has ended, with its exit status (−9: killed by signal 9)."""

    def __init__(self, number: int, process: asyncio.subprocess.Process) -> None:
        self.number = number
        self.process = process
        self.started_s = system.monotonic_s()
        self.stuck_after_s = STUCK_AFTER_S
        self._ready: asyncio.Future[dict[str, Any]]
        self._ready = asyncio.get_running_loop().create_future()
        self.ended = asyncio.create_task(self._follow(), name=f"worker {number}")

    @classmethod
    async def start(cls, config: ServingConfig) -> WorkerProcess:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "showcaller.workers.serving_process", str(config.number)),
            pass_fds=config.listeners,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        worker = cls(config.number, process)
        worker._write(encode(config))
        worker.note("a worker was started", action="worker.started")
        return worker

    async def ready(self) -> dict[str, Any]:
        """Wait until it serves; what `serve` prints. Raises what kept it from starting."""
        return await asyncio.shield(self._ready)

    async def stop(self, within_s: float, *, is_replaced: bool = False) -> None:
        """Have it drain; kill it if that takes longer. `is_replaced`: another serves in its place."""
        self._write(REPLACED if is_replaced else STOP)
        try:
            async with asyncio.timeout(within_s):
                await asyncio.shield(self.ended)
        except TimeoutError:
            self.note(
                "a worker took too long to stop", action="worker.overdue", level=logging.WARNING
            )
            await self.kill()

    async def kill(self) -> None:
        self._kill()
        await asyncio.shield(self.ended)

    def _write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)  # a few bytes, or the first: never more than the pipe takes

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def note(self, message: str, *, action: str, level: int = logging.INFO, **more: object) -> None:
        """Log about this worker."""
        about = {"action": action, "worker": self.number, "pid": self.process.pid}
        log.log(level, message, extra=about | more)

    async def _follow(self) -> int:
        """Hear it until it has ended."""
        assert self.process.stdout is not None
        try:
            while line := await self._next_line(self.process.stdout):
                self._hear(line)
        except TimeoutError:
            self.note(
                "a worker is silent; it is killed", action="worker.stuck", level=logging.ERROR
            )
            self._kill()
        status = await self.process.wait()
        self._fail(Unavailable(f"the worker ended before it was ready, with status {status}"))
        return status

    async def _next_line(self, output: asyncio.StreamReader) -> bytes:
        """Return what it says next, nothing at its end. Raises `TimeoutError` when it is silent."""
        async with asyncio.timeout(self.stuck_after_s):
            return await output.readline()

    def _hear(self, line: bytes) -> None:
        try:
            said: Said = decode(line)
        except msgspec.MsgspecError:
            return  # not for us
        if isinstance(said, Ready) and not self._ready.done():
            self._ready.set_result(said.description)
            took_s = round(system.monotonic_s() - self.started_s, 3)
            self.note("a worker serves", action="worker.ready", took_s=took_s)
        elif isinstance(said, Failed):
            self._fail((ConfigError if said.is_config else Unavailable)(said.message))

    def _fail(self, error: ShowcallerError) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # whether or not anybody waits for it
