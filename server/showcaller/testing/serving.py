"""A real `showcaller serve` process for tests: on a free port, with its own data folder."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from .. import system
from ..tokens import Tokens
from .until import until

SECRET = "a secret that only tests use, long enough for HS256"
START_TIMEOUT_S = 90.0  # a deadline: busy machines need it
STOP_TIMEOUT_S = 15.0
ROLL_TIMEOUT_S = 60.0


class ServeProcess:
    """`async with ServeProcess(schedule, data=…) as server:` gives a server that is ready.

    `options` are further options of `serve`, such as `"--rehearse-from", "-1m"`.
    """

    program: tuple[str, ...] = ("-m", "showcaller.cli")  # for Python to run
    python = sys.executable

    def __init__(
        self, schedule: Path, *options: str, data: Path, env: dict[str, str] | None = None
    ) -> None:
        self.schedule = schedule
        self.data = data
        self.options = options
        self.env = os.environ | {"SHOWCALLER_SECRET": SECRET} | (env or {})
        self.url = ""
        self.ready: dict[str, Any] = {}
        self.log_path = data / f"serve-{system.random_id('log')}.jsonl"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> ServeProcess:
        """Start it and wait until it serves. Raises `RuntimeError` with its log if it ends first."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self.python, *self.program, "serve", str(self.schedule)),
                *("--port", "0", "--data", str(self.data), *self.options),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self.env,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await self._process.stdout.readline()
        if not line:
            await self._process.wait()
            raise RuntimeError(f"serve ended before it was ready:\n{self.log_text()}")
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def live_url(self) -> str:
        """Base of WebSocket addresses."""
        return self.url.replace("http", "ws", 1)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def log_text(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def log_lines(self, *actions: str) -> list[dict[str, Any]]:
        """The lines that are whole; with `actions`, those of them."""
        lines = [json.loads(line) for line in self.log_text().split("\n")[:-1]]
        return [line for line in lines if not actions or line["action"] in actions]

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the log has that somebody would have to look at."""
        lines = self.log_lines()
        return [line for line in lines if line["level"] == "error" or "traceback" in line]

    def worker_pids(self) -> dict[int, int]:
        """With `--workers`: the process that serves as each worker, or did until it died."""
        return {line["worker"]: line["pid"] for line in self.log_lines("worker.ready")}

    async def roll(self) -> str:
        """SIGHUP: replace one worker after another. How it ended: an action."""
        ends = "workers.rolled", "workers.roll_given_up"
        before = len(self.log_lines(*ends))
        os.kill(self.pid, signal.SIGHUP)
        await until(lambda: len(self.log_lines(*ends)) > before, ROLL_TIMEOUT_S)
        return str(self.log_lines(*ends)[-1]["action"])

    def token(self, event: str, *roles: str, person: str = "", **more: Any) -> str:
        """A token that this server takes."""
        return Tokens(SECRET).mint(
            event,
            person or system.random_id("p"),
            roles or ("attendee",),
            token=more.pop("token", None) or system.random_id("t"),
            now_ms=system.wall_ms(),
            ttl_s=more.pop("ttl_s", 3600),
            **more,
        )

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        assert self._process is not None
        async with asyncio.timeout(STOP_TIMEOUT_S):
            return await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, and wait until it has drained. Returns the exit code."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
        return await self.wait()

    async def __aenter__(self) -> ServeProcess:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
