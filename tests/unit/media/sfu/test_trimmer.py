"""The memory of viewers who left goes back to the system."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from showcaller.media.sfu.trimmer import CALM_S, MANY, Trimmer, trim


@pytest.fixture
def given_back():
    return []


@pytest.fixture
def memory(given_back):
    return Trimmer(lambda: given_back.append(1))


def test_nobody_pays_for_a_few_who_leave(memory, given_back):
    for _ in range(MANY - 1):
        memory.note_left(0.0)
    memory.tick(60.0)
    assert not given_back
    memory.note_left(60.0)
    memory.tick(60.0 + CALM_S)
    assert len(given_back) == 1


def test_memory_is_given_back_once_after_a_crowd_has_gone(memory, given_back):
    for number in range(3 * MANY):
        memory.note_left(number / 100)
        memory.tick(number / 100)
    assert not given_back
    for second in range(10, 20):
        memory.tick(second)
    assert len(given_back) == 1


def test_scattered_memory_goes_back():
    """Blocks like those of TLS connections: every second one is freed, then the others."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        trim()  # musl and others give back by themselves: it must do no harm
        return
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    blocks = [libc.malloc(16_000) for _ in range(2_000)]
    for block in blocks:
        ctypes.memset(block, 1, 16_000)
    fence = libc.malloc(16_000)  # the heap can't shrink beneath it by itself
    for block in blocks:
        libc.free(block)
    before_kib = _resident_kib()
    trim()
    assert before_kib - _resident_kib() > 20_000
    libc.free(fence)


def _resident_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
