"""The benchmarks' common ground: a server on one core, the generator on another, and honest figures."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from showcaller_load.swarm import Swarm

from showcaller.testing.serving import ServeProcess

EVENT, SESSION = "bench", "talk"
QUESTIONS = f"session/{SESSION}/questions"
THREE_CHANNELS = ("agenda", "announcements", QUESTIONS)
SCHEDULE = Path(__file__).with_name("bench.yaml")
SPARE_FILES = 500
BUSY = 0.9  # a generator that computes for more than this share of the time says nothing


def set_up(sockets: int) -> None:
    """Take the last core, and open files for so many sockets. Exits if the machine has too few."""
    raise_file_limit(sockets)
    if len(cores()) < 2:
        sys.exit("two cores are needed: one for the server, one for the generator")
    os.sched_setaffinity(0, {cores()[-1]})
    gc.disable()  # nothing here is cyclic, and a collection looks at every socket


def raise_file_limit(sockets: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < sockets + SPARE_FILES:
        sys.exit(f"{sockets:,} sockets need `ulimit -Hn {sockets + SPARE_FILES}`; it is {hard}")


_CORES = sorted(os.sched_getaffinity(0))


def cores() -> list[int]:
    return _CORES


@contextlib.contextmanager
def on_server_core() -> Iterator[None]:
    """Processes started inside run on the first core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores()[0]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.asynccontextmanager
async def served(
    *options: str, kind: type[ServeProcess] = ServeProcess
) -> AsyncIterator[ServeProcess]:
    """A real `serve` in the middle of the talk, on its own core, without media."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--rehearse-from", "09:05", "--media-workers", "0", *options)
        async with running(kind(SCHEDULE, *options, data=Path(folder))) as server:
            yield server


@contextlib.asynccontextmanager
async def running(server: ServeProcess) -> AsyncIterator[ServeProcess]:
    """On a core of its own."""
    with on_server_core():
        await server.start()
    try:
        yield server
    finally:
        await server.stop()


def tokens(server: ServeProcess, count: int, *roles: str) -> list[str]:
    return [server.token(EVENT, *roles) for _ in range(count)]


def ask_questions(swarm: Swarm, server: ServeProcess, count: int) -> list[str]:
    """Have `count` public questions in the talk, three of each person; returns their ids."""
    asked: list[str] = []

    def note(_: object, payload: bytes) -> None:
        if payload.startswith(b'{"op":"reply"'):
            _, found, rest = payload.partition(b'"question":"')
            assert found, payload
            asked.append(rest.partition(b'"')[0].decode())

    before, swarm.on_message = swarm.on_message, note
    people = swarm.join(tokens(server, -(-count // 3)), ("announcements",))
    for number in range(count):
        text = f"Question {number}: how does this part behave when its broker is away for a minute?"
        people[number // 3].command(f"q{number}", "question.ask", session=SESSION, text=text)
    swarm.run_until(lambda: len(asked) == count, 30, "asking")
    swarm.on_message = before
    return asked


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process, in nanosecond steps (its clock, as clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


def private_dirty_kib(pid: int) -> int:
    """Memory that is this process's alone."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise RuntimeError("smaps_rollup does not tell Private_Dirty")


class Generator:
    """Our own share of our core: `with Generator() as generator: …`, then `generator.busy`."""

    busy = 0.0

    def __enter__(self) -> Generator:
        self._cpu_s, self._began_s = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        took_s = time.perf_counter() - self._began_s
        self.busy = (time.process_time() - self._cpu_s) / took_s


class Figures:
    """Values by name; the medians are printed at the end."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}
        self._invalid: dict[str, str] = {}

    def add(self, name: str, value: float, *, busy: float = 0.0, invalid: str = "") -> None:
        """`busy`: the generator's share of its core meanwhile. `invalid`: why the value doesn't count."""
        self._values.setdefault(name, []).append(value)
        print(
            f"  {name} {value:.3f}" + (f" (generator {busy:.0%} busy)" if busy else ""), flush=True
        )
        if why := invalid or ("the generator was the bottleneck" if busy > BUSY else ""):
            self._invalid[name] = why

    def has(self, name: str) -> bool:
        return name in self._values

    def values(self) -> dict[str, dict[str, object]]:
        """All values by name; `invalid`: why they don't count."""
        return {
            name: {"values": values, "invalid": self._invalid.get(name, "")}
            for name, values in self._values.items()
        }

    @contextlib.contextmanager
    def reported(self, path: Path | None = None) -> Iterator[None]:
        """Show them at the end, whatever happens, and write all values to `path`."""
        try:
            yield
        finally:
            self.show()
            if path is not None:
                path.write_text(json.dumps(self.values(), indent=1))

    def show(self) -> None:
        for name, values in self._values.items():
            spread = f"median of {len(values)}: {min(values):.2f} to {max(values):.2f}"
            print(f"{name}: {statistics.median(values):.2f}  ({spread})")
            if name in self._invalid:
                print(f"INVALID {name}: {self._invalid[name]}")


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(run: object) -> None:
    """Run a benchmark's coroutine function and print its figures."""
    figures = Figures()
    asyncio.run(run(figures))  # type: ignore[operator]
    figures.show()
