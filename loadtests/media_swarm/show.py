"""A real `showcaller serve` whose media worker has the last core for itself; all else is on the first."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from showcaller.testing.serving import ServeProcess

from .loop import Loop
from .viewers import Viewers

FOLDER = Path(__file__).parents[1]
SCHEDULE = FOLDER / "bench.yaml"
EVENT, SESSION, STAGE = "bench", "talk", "main"
WORKER = "showcaller.media.sfu.worker"
WITHIN_S = 30.0
SETTLE_S = 2.0
_CORES = sorted(os.sched_getaffinity(0))
WORKER_CORE = _CORES[-1]


class Publishing:
    """A thin publisher's process."""

    def __init__(self, *arguments: str, program: str = "media_swarm.publisher") -> None:
        """By default: where to publish, with which token, and what (a shape's name)."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=FOLDER,
        )
        self.pid = self._process.pid
        if self._line() != "live":
            raise RuntimeError("the publisher did not become live")

    def counts(self) -> dict[str, Any]:
        """`plis`, `nacked`, `sent_again`, `frames`, `keyframes`, `replayed`, `packets`, `cpu_s`."""
        return self._ask("")

    def replay(self, per_s: int) -> None:
        """Send the latest datagrams again and again, from its own address and from another."""
        self._ask(f"replay {per_s}")

    def _ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._line()))

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(WITHIN_S)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Show:
    """A server with one worker, and `viewers` who may join its stage."""

    def __init__(self, server: ServeProcess, slots: int) -> None:
        self.server = server
        self.worker = worker_pid(server.pid)
        pin(self.worker, WORKER_CORE)
        self.base = f"{server.url}/api/v1/events/{EVENT}"
        self.loop = Loop()
        self.viewers = Viewers(self.loop, f"{self.base}/stages/{STAGE}/whep", slots)
        self._publishing: list[Publishing] = []

    def publish(self, shape: str) -> Publishing:
        token = self.server.token(EVENT, "speaker", person="p_ada", sessions=[SESSION])
        one = Publishing(f"{self.base}/sessions/{SESSION}/whip", token, shape)
        self._publishing.append(one)
        return one

    def tokens(self, count: int) -> list[str]:
        return [self.server.token(EVENT) for _ in range(count)]

    def close(self) -> None:
        self.viewers.close()
        for one in self._publishing:
            one.end()
        self.loop.close()

    def others_cpu_s(self) -> float:
        """CPU of all that shares the first core: ours, the publishers', the node's."""
        pids = [os.getpid(), self.server.pid, *(one.pid for one in self._publishing)]
        return sum(cpu_s(pid) for pid in pids)

    def worker_cpu_s(self) -> float:
        return cpu_s(self.worker)

    def worker_waited_s(self) -> float:
        """Return how long the worker could have run, but others had its core."""
        return waited_s(self.worker)

    def node_cpu_s(self) -> float:
        return cpu_s(self.server.pid)


def set_up() -> None:
    """Take the first core, and as many files as we may. Exits if the machine has too few cores."""
    if len(_CORES) < 2:
        sys.exit("two cores are needed: one for the worker, one for all else")
    os.sched_setaffinity(0, {_CORES[0]})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.asynccontextmanager
async def show(
    slots: int, egress: str = "auto", options: Sequence[str] = ()
) -> AsyncIterator[Show]:
    """In the middle of the talk, on loopback."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServeProcess(
            SCHEDULE,
            *("--rehearse-from", "09:05", "--media-workers", "1"),
            *("--media-address", "127.0.0.1", *options),
            data=Path(folder),
            env={"SHOWCALLER_MEDIA_EGRESS": egress},
        )
        await server.start()
        try:
            one = Show(server, slots)
            try:
                yield one
            finally:
                one.close()
        finally:
            await server.stop()


def worker_pid(node: int) -> int:
    """The media worker that a node has started. Raises `TimeoutError`."""
    deadline_s = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline_s:
        for pid in _children(node):
            with contextlib.suppress(OSError):
                if WORKER in Path(f"/proc/{pid}/cmdline").read_text():
                    return pid
        time.sleep(0.05)
    raise TimeoutError("the server has no media worker")


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def pin(pid: int, core: int) -> None:
    """All threads of a process."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process (its clock, as clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


def waited_s(pid: int) -> float:
    """Return how long a process's first thread waited for a core: the second number of its schedstat."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def memory_kib(pid: int) -> int:
    """Private memory, resident."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise RuntimeError("smaps_rollup does not tell Private_Dirty")


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
