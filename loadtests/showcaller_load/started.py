"""The processes that the tool starts for a deployment of its own: `showcaller serve` and redis-server.

Both run in sessions of their own, so that Ctrl-C at the tool's terminal does not reach them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

START_S = 30.0
STOP_S = 15.0
REDIS_START_S = 10.0


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing has now.

    Below those that Linux gives to outgoing connections: the tool opens many while a server is down.
    """
    while True:
        port = random.randrange(10_000, 32_768)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


class StartedServe:
    """`showcaller serve` with `options`, its log beside its data."""

    def __init__(self, options: Sequence[str], *, data: Path, secret: str) -> None:
        self._words = (
            sys.executable,
            "-m",
            "showcaller.cli",
            "serve",
            *options,
            "--data",
            str(data),
        )
        self._env = os.environ | {"SHOWCALLER_SECRET": secret}
        self._log = data / "serve.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it serves. Raises `RuntimeError` with its log, and `TimeoutError`."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._words,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._env,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            ready = await self._process.stdout.readline()
        if not ready:
            await self.wait()
            raise RuntimeError(f"serve ended before it was ready:\n{self._log.read_text()}")

    async def stop(self) -> None:
        """Have it drain (SIGTERM), and wait until it has. Raises `TimeoutError`."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
        await self.wait()

    def kill(self) -> None:
        """End it without warning (SIGKILL)."""
        os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> None:
        """Wait until it has ended. Raises `TimeoutError`."""
        assert self._process is not None
        async with asyncio.timeout(STOP_S):
            await self._process.wait()


class StartedRedis:
    """A redis-server that has each fact on the disk before it acknowledges it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="showcaller-load-redis-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """0 while it is away."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it, with what it had, and wait until it answers. Raises `RuntimeError` with its log."""
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self._folder, "save": ""}
        options |= {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", *words], stdout=log, stderr=log, start_new_session=True
            )
        until_s = time.monotonic() + REDIS_START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until_s:
                raise RuntimeError(f"redis-server: {(self._folder / 'log').read_text()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it without warning (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Kill it if it runs, and delete its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
