"""The demo's server: a process of its own, as `showcaller serve` would be."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Self

from ..errors import ConfigError

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 2.5


class DemoServer:
    """`async with DemoServer(…) as server` gives one that is ready. Raises `ConfigError` if it fails.

    It leads a process group of its own, so that Ctrl-C reaches only the demo, which then ends it.
    """

    def __init__(
        self, schedule: Path, *, host: str, port: int, data: Path, rehearse_from: str
    ) -> None:
        self.log = data / "demo.log"
        self.url = ""
        self._process: asyncio.subprocess.Process | None = None
        self._arguments = (
            *(str(schedule), "--host", host, "--port", str(port), "--data", str(data)),
            *("--rehearse-from", rehearse_from),
        )

    async def ended(self) -> None:
        """Wait until it ends by itself; raises `ConfigError` with the end of its log."""
        assert self._process is not None
        await self._process.wait()
        raise ConfigError(f"the server has ended:\n{self._last_lines()}")

    async def __aenter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "showcaller.demo.serving", *self._arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_plain_environment(),
                start_new_session=True,
            )
        try:
            self.url = (await self._ready())["url"]
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _ready(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await self._process.stdout.readline()
        if not line:
            await self._process.wait()
            raise ConfigError(f"the server did not start:\n{self._last_lines()}")
        ready: dict[str, Any] = json.loads(line)
        return ready

    def _last_lines(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-12:])


def _plain_environment() -> dict[str, str]:
    """Settings that are meant for a real server, its secret above all, are not for the demo."""
    return {name: v for name, v in os.environ.items() if not name.startswith("SHOWCALLER_")}
