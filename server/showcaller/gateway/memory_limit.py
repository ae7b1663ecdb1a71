"""Memory: how much this process holds and may hold (Linux; elsewhere neither is known)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

SHARE = 0.8  # of what there is, unless the operator says otherwise
_CGROUPS = Path("/sys/fs/cgroup")


def resident_bytes() -> int:
    """Return what the process holds now; 0: unknown."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def limit_bytes(max_mib: int, processes: int) -> float:
    """Return what one of `processes` may hold: `max_mib`, or if that is 0 its part of what there is."""
    if max_mib:
        return max_mib << 20
    return min(_machine_bytes(), *_cgroup_limits()) * SHARE / processes


def _machine_bytes() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return math.inf


def _cgroup_limits() -> Iterator[float]:
    """Yield the limits of the control groups that this process is in, of version 2 and 1."""
    yield math.inf
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _limits(_CGROUPS, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits(_CGROUPS / "memory", path, "memory.limit_in_bytes")


def _limits(root: Path, path: str, name: str) -> Iterator[float]:
    """Yield the limits of the group and of its root: in a container the group's own path leads nowhere."""
    for folder in (root / path.strip("/"), root):
        try:
            text = (folder / name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            yield int(text)
