"""A process of ours: its parent, its open files, and how its threads share the interpreter."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import sys

SWITCH_WITHIN_S = 0.0005
_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent` dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def raise_open_files() -> None:
    """Allow this process, and those that it starts, as many open files as it may have.

    Shells and containers allow 1,024 as a rule, and far more to whoever asks.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # some kernels have less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def hand_over_soon() -> None:
    """Have a thread that computes give way to one that waits within half a millisecond, in place of five.

    SQLite's thread needs the interpreter some ten times a transaction. Under a flood of requests the loop's
    had it without end, and a vote took 80 ms.
    """
    sys.setswitchinterval(SWITCH_WITHIN_S)


def open_files() -> float:
    """Return how many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft
