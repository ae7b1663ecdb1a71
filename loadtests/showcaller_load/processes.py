"""Server processes' use of the machine: read from /proc here, from their own metrics elsewhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from .results import ProcessSample

_PROC = Path("/proc")


class Usage(NamedTuple):
    cpu_s: float
    memory_mib: float


class Shares:
    """Turns CPU times into shares of a core, from one sample to the next."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, int], tuple[float, float]] = {}

    def sample(self, t_s: float, name: str, pid: int, usage: Usage) -> ProcessSample | None:
        """Return a sample; None for a process that is seen for the first time."""
        now_s = time.monotonic()
        before = self._before.get((name, pid))
        self._before[name, pid] = (usage.cpu_s, now_s)
        if before is None:
            return None
        share = (usage.cpu_s - before[0]) / max(1e-3, now_s - before[1])
        return ProcessSample(
            t_s=t_s, name=name, pid=pid, cpu_share=share, memory_mib=usage.memory_mib
        )


# Here ---------------------------------------------------------------------------------------------


def tree(pid: int) -> dict[int, str]:
    """The process and all that descend from it, each with a name for people."""
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            words = (_PROC / str(one) / "cmdline").read_bytes().decode(errors="replace").split("\0")
            children = [
                int(child)
                for task in (_PROC / str(one) / "task").iterdir()
                for child in (task / "children").read_text().split()
            ]
        except (OSError, ValueError):
            continue  # it has ended
        found[one] = name_of(words)
        waiting += children
    return found


def name_of(words: list[str]) -> str:
    """Return what a process is, by its command line."""
    if "showcaller.workers.serving_process" in words:
        return f"worker {words[words.index('showcaller.workers.serving_process') + 1]}"
    if any(word.startswith("showcaller.media") for word in words):
        return "media"
    if "redis-server" in words[0]:
        return "redis"
    return "serve"


def usage(pid: int) -> Usage | None:
    """Return what the process has used; None if it has ended."""
    try:
        cpu_s = time.clock_gettime(
            (~pid << 3) | 2
        )  # its CPU clock, as clock_getcpuclockid(3) has it
        return Usage(cpu_s, _memory_kib(pid) / 1024)
    except OSError:
        return None


def _memory_kib(pid: int) -> int:
    """Return the size of its own pages, and its share of those it has in common with others."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


# Elsewhere ----------------------------------------------------------------------------------------


class Metrics(NamedTuple):
    """Read what `/metrics` of a server says: of each worker its usage, and the worst loop lag."""

    usage: dict[str, Usage]
    lag_ms: float | None


def read_metrics(text: str) -> Metrics:
    """Raises `ValueError` when it is no text in Prometheus' format."""
    cpu_s: dict[str, float] = {}
    memory: dict[str, float] = {}
    lags_s: list[float] = []
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            worker = sample.labels.get("worker", "")
            name = f"worker {worker}" if worker else "serve"
            if sample.name == "showcaller_loop_lag_seconds":
                lags_s.append(sample.value)
            elif sample.name == "process_cpu_seconds_total":
                cpu_s[name] = sample.value
            elif sample.name == "process_resident_memory_bytes":
                memory[name] = sample.value / 2**20
    found = {name: Usage(used, memory.get(name, 0.0)) for name, used in cpu_s.items()}
    return Metrics(found, max(lags_s) * 1000 if lags_s else None)
