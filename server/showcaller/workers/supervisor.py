"""`serve --workers N`: the process that starts the workers, and others for those that die.

It serves nobody itself. SIGTERM and SIGINT drain all workers, SIGHUP replaces one after another.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import structs

from .. import system
from ..settings import Settings
from .measurements import Measurements
from .port import Port
from .process import WorkerProcess
from .slot import Slot
from .supervisor_metrics import SupervisorMetrics
from .worker_messages import ServingConfig

log = logging.getLogger(__name__)


async def supervise(settings: Settings, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Run the workers until SIGTERM or SIGINT, then drain them. A second signal stops at once.

    Raises `ConfigError` and `Unavailable` if they can't start.
    """
    settings.check()
    with tempfile.TemporaryDirectory(prefix="showcaller-") as folder:
        supervisor = Supervisor(settings, Path(folder))
        _heed_signals(supervisor)
        await supervisor.run(on_ready)


def _heed_signals(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        supervisor.stop_asked.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, supervisor.roll_asked.set)


class Supervisor:
    """The supervisor of all workers: `run` it once. In `folder` the workers share what they measure."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.stop_asked = asyncio.Event()
        self.roll_asked = asyncio.Event()
        self._settings = settings
        self._folder = folder
        self._measures = SupervisorMetrics(settings.workers)
        self._port = Port(settings.host, settings.port)
        self._slots = [
            Slot(
                number,
                self._port,
                self._launch,
                self._measures,
                drain_timeout_s=settings.drain_timeout_s,
            )
            for number in range(settings.workers)
        ]

    async def run(self, on_ready: Callable[[dict[str, Any]], None]) -> None:
        """Run the workers until `stop_asked`."""
        stopping = asyncio.create_task(self.stop_asked.wait())
        serving = asyncio.create_task(self._serve(on_ready))
        try:
            async with Measurements(self._folder, "supervisor", self._measures.registry) as shared:
                shared.publish()
                await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
                if serving.done():
                    serving.result()  # raises why
        finally:
            await self._stop(serving)
            stopping.cancel()

    async def _serve(self, on_ready: Callable[[dict[str, Any]], None]) -> None:
        """Start the first worker by itself: if something is wrong, it is said once."""
        description = await self._slots[0].start()
        await asyncio.gather(*(slot.start() for slot in self._slots[1:]))
        about = {"action": "workers.ready", "workers": len(self._slots), "url": description["url"]}
        log.info("all workers serve", extra=about)
        on_ready(description | {"workers": len(self._slots)})
        while True:
            await self.roll_asked.wait()
            self.roll_asked.clear()
            await self._roll()

    async def _roll(self) -> None:
        """Replace one worker after another; give up at the first that can't be."""
        started_s = system.monotonic_s()
        log.info("replacing the workers", extra={"action": "workers.rolling"})
        for slot in self._slots:
            if not await slot.replace():
                self._measures.rolls.labels("given_up").inc()
                about = {"action": "workers.roll_given_up", "worker": slot.number}
                log.error("a worker can't be replaced: it and the next ones stay", extra=about)
                return
        self._measures.rolls.labels("done").inc()
        took_s = round(system.monotonic_s() - started_s, 3)
        log.info("all workers replaced", extra={"action": "workers.rolled", "took_s": took_s})

    async def _stop(self, serving: asyncio.Task[None]) -> None:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        self._port.close()
        await asyncio.gather(*(slot.stop() for slot in self._slots))
        log.info("all workers stopped", extra={"action": "workers.stopped"})

    async def _launch(self, number: int, listeners: list[int]) -> WorkerProcess:
        config = ServingConfig(
            number=number,
            settings=worker_settings(self._settings, number),
            listeners=listeners,
            measurements=self._folder,
            supervisor=os.getpid(),
            log_level=logging.getLevelName(logging.getLogger().getEffectiveLevel()).lower(),
        )
        return await WorkerProcess.start(config)


def worker_settings(settings: Settings, number: int) -> Settings:
    """The settings of worker `number`: media workers and their ports are shared out, the first one first."""
    share, rest = divmod(settings.media_workers, settings.workers)
    before = structs.replace(settings, media_workers=share * number + min(number, rest))
    return structs.replace(
        settings,
        media_workers=share + (number < rest),
        media_port=settings.media_port and settings.media_port + before.media_ports,
        media_tcp_port=settings.media_tcp_port and settings.media_tcp_port + before.media_ports,
    )
