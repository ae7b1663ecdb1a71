"""A worker: one serving process on its supervisor's port.

It lives no longer than its supervisor: the kernel kills it when that dies, and where the kernel can't, the
end of its standard input has it drain. Signals are the supervisor's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import Any

import uvloop

from .. import logs
from ..app import Server, SharedPort, serve_until
from ..errors import ConfigError, ShowcallerError
from ..processes import die_with_parent
from .measurements import Measurements
from .worker_messages import (
    REPLACED,
    Alive,
    Failed,
    Ready,
    Said,
    ServingConfig,
    decode_config,
    encode,
)

ALIVE_EVERY_S = 2.0


class SupervisorPipe:
    """The way to the supervisor. What it does not read in time is dropped: serving never waits for it."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    def tell(self, message: Said) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._descriptor, encode(message))


async def run(config: ServingConfig, supervisor: SupervisorPipe) -> None:
    """Serve until the supervisor says stop. Raises as `Server.start` does."""
    loop = asyncio.get_running_loop()
    saying = loop.create_task(_say_alive(supervisor))
    async with Measurements(config.measurements, str(config.number)) as measurements:

        def on_ready(description: dict[str, Any]) -> None:
            measurements.publish()
            supervisor.tell(Ready(description))

        listeners = [socket.socket(fileno=descriptor) for descriptor in config.listeners]
        shared = SharedPort(listeners, measurements.gather)
        stopping = asyncio.Event()
        hearing = loop.create_task(_heed_supervisor(shared, stopping))
        await serve_until(stopping, Server(config.settings, shared), on_ready)
    for task in (saying, hearing):
        task.cancel()


async def _say_alive(supervisor: SupervisorPipe) -> None:
    while True:
        supervisor.tell(Alive())
        await asyncio.sleep(ALIVE_EVERY_S)


async def _heed_supervisor(shared: SharedPort, stopping: asyncio.Event) -> None:
    """Stop when standard input says so, or ends, as it does with the supervisor."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    shared.is_replaced = await reader.readline() == REPLACED
    stopping.set()


def main() -> None:
    config = decode_config(sys.stdin.buffer.readline())
    die_with_parent(config.supervisor)
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    supervisor = SupervisorPipe(os.dup(sys.stdout.fileno()))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whoever prints does not speak to it
    logs.set_up(config.log_level, worker=config.number)
    try:
        uvloop.run(run(config, supervisor))
    except ShowcallerError as error:
        supervisor.tell(Failed(error.for_operators, is_config=isinstance(error, ConfigError)))
        sys.exit(1)


if __name__ == "__main__":
    main()
