"""A place where the swarm meets a server: like `media_swarm.show.Show`, whoever serves."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from media_swarm.loop import Loop
from media_swarm.show import WORKER_CORE, Publishing, cpu_s
from media_swarm.viewers import Viewers

from ..installs import Command

START_S = 30.0
STOP_S = 10.0


class Place:
    """A server that runs as process `worker`, its viewers, and the publisher once there is one."""

    def __init__(
        self,
        worker: int,
        loop: Loop,
        viewers: Viewers,
        publishing: Callable[[str], Publishing],
        tokens: Callable[[int], list[str]],
    ) -> None:
        self.worker = worker
        self.loop = loop
        self.viewers = viewers
        self.tokens = tokens
        self._publishing = publishing
        self._publishers: list[Publishing] = []

    def publish(self, shape: str) -> None:
        self._publishers.append(self._publishing(shape))

    def worker_cpu_s(self) -> float:
        return cpu_s(self.worker)

    def worker_waited_s(self) -> float:
        """Return what others used of the server's core: its threads wait for one another, too."""
        return core_busy_s(WORKER_CORE) - self.worker_cpu_s()

    def others_cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in (os.getpid(), *(one.pid for one in self._publishers)))

    def close(self) -> None:
        self.viewers.close()
        for one in self._publishers:
            one.end()
        self.loop.close()


@contextlib.contextmanager
def started(command: Command, port: int, *, config: dict[str, str]) -> Iterator[int]:
    """The process on the worker's core, once it takes connections at `port`.

    `config` are files of its folder, which it finds as `{folder}` in `command`. Raises `RuntimeError`.
    """
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        for name, text in config.items():
            (Path(folder) / name).write_text(text.replace("{folder}", folder))
        process = subprocess.Popen(
            [str(part).replace("{folder}", folder) for part in command],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=os.environ | {"GOMAXPROCS": "1"},
            preexec_fn=lambda: os.sched_setaffinity(0, {WORKER_CORE}),
        )
        try:
            _wait_for(port, process, Path(folder) / "log")
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not serve:\n{log.read_text()[-2000:]}")


def core_busy_s(core: int) -> float:
    """Since the machine started: all but idle and waiting for disks, of proc(5)'s `stat`."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, *interrupts = map(int, ticks[:8])
            return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError(f"/proc/stat does not tell of core {core}")
