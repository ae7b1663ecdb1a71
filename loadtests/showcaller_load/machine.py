"""This machine: what it is, and how many sockets a process may have here."""

from __future__ import annotations

import os
import platform
import resource
import socket
from pathlib import Path

from .results import Machine

SPARE_FILES = 200  # that a generator needs besides its sockets
MOST_SOCKETS_A_PROCESS = 20_000  # more than a core can deal with anyway
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def describe() -> Machine:
    return Machine(
        host=socket.gethostname(),
        cores=len(os.sched_getaffinity(0)),
        cpu_model=_cpu_model(),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
    )


def boot_id() -> str:
    """The same for all processes that share one monotonic clock."""
    return _BOOT.read_text().strip() if _BOOT.exists() else socket.gethostname()


def raise_file_limit() -> int:
    """Allow ourselves as many open files as we may; how many sockets that makes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(MOST_SOCKETS_A_PROCESS, max(0, hard - SPARE_FILES))


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
