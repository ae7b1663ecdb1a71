"""`counter.c` compiled, started and read: see there what it counts, and how."""

from __future__ import annotations

import ctypes
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("counter.c")
RING_ENTRIES = 8192
STREAMS = 4
_ENTRY = struct.Struct("=qLLLL")
_SLOT = struct.Struct("=4Q")
_STREAM = struct.Struct("=LL8Q3qQ")
_SLOT_BYTES = _SLOT.size + STREAMS * _STREAM.size
_WHOLE_BYTES = 2048
_TURN = 65_536
_AT_ONCE = 32  # datagrams of one read, of which at most one is sampled


class NoCompiler(RuntimeError):
    """The generator needs a C compiler."""


class Datagram(NamedTuple):
    """One that was sampled, or is no RTP. `whole`: all of its bytes are there."""

    slot: int
    arrived_ns: int
    roc: int
    whole: bool
    data: bytes


class Stream(NamedTuple):
    """One SSRC of a viewer. Sequence numbers are extended, from 65,536 + the first packet's."""

    ssrc: int
    payload_type: int
    packets: int
    octets: int
    first: int
    highest: int
    doubled: int
    late: int  # overtaken, but there
    jumps: int  # into another numbering
    passed: int
    first_ns: int
    last_ns: int
    gap_ns: int  # the longest without a packet
    seen: int

    @property
    def expected(self) -> int:
        return self.passed + self.highest - self.first + 1

    @property
    def rtp_highest(self) -> int:
        """Return the highest number as receiver reports have it: the first packet's turn is the 0th."""
        return self.highest - _TURN

    @property
    def lost(self) -> int:
        return self.expected - (self.packets - self.doubled)


class _Totals(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("datagrams", "octets", "control", "packets")]
    _fields_ += [(name, ctypes.c_uint64) for name in ("expected", "doubled", "late", "jumps")]


class Totals(NamedTuple):
    """Added up over viewers. `lost`: never came, neither in order nor late."""

    datagrams: int
    octets: int
    packets: int
    lost: int
    doubled: int
    jumps: int

    def since(self, before: Totals) -> Totals:
        return Totals(*(now - then for now, then in zip(self, before, strict=True)))

    @property
    def lost_share(self) -> float:
        return self.lost / max(1, self.packets + self.lost)


class Counter:
    """One a process. `sampled`: the share of RTP packets that comes out of `datagrams` whole."""

    def __init__(self, slots: int, sampled: float) -> None:
        self._library = _compiled()
        share = min(65_536, int(sampled * _AT_ONCE * 65_536))
        if error := self._library.counter_start(slots, RING_ENTRIES, share):
            raise OSError(error, "the counter does not start")
        address = self._library.counter_slots()
        self._slots = (ctypes.c_char * (slots * _SLOT_BYTES)).from_address(address)

    def stop(self) -> None:
        self._library.counter_stop()

    def add(self, slot: int, sock: socket.socket) -> None:
        if error := self._library.counter_add(slot, sock.fileno()):
            raise OSError(error, "can't count at this socket")

    def remove(self, leaving: list[tuple[int, socket.socket]]) -> None:
        """Stop reading: afterwards sockets may be closed and slots used again."""
        for slot, sock in leaving:
            self._library.counter_remove(slot, sock.fileno())
        until = self._library.counter_sweeps() + 2
        while leaving and self._library.counter_sweeps() < until:
            time.sleep(0.0005)

    def datagrams(self, limit: int = RING_ENTRIES) -> Iterator[Datagram]:
        for _ in range(limit):
            if not (at := self._library.counter_next()):
                return
            ns, slot, size, roc, whole = _ENTRY.unpack(ctypes.string_at(at, _ENTRY.size))
            data = ctypes.string_at(at + _ENTRY.size, min(size, _WHOLE_BYTES))
            self._library.counter_taken()
            yield Datagram(slot, ns, roc, bool(whole), data)

    def streams(self, slot: int) -> list[Stream]:
        at = slot * _SLOT_BYTES + _SLOT.size
        streams = (
            Stream(*_STREAM.unpack_from(self._slots, at + number * _STREAM.size))
            for number in range(STREAMS)
        )
        return [stream for stream in streams if stream.packets]

    def totals(self, start: int, end: int) -> Totals:
        """Return the counts of the slots from `start` to `end`."""
        sum_ = _Totals()
        self._library.counter_totals(start, end, ctypes.byref(sum_))
        lost = sum_.expected - (sum_.packets - sum_.doubled)
        return Totals(sum_.datagrams, sum_.octets, sum_.packets, lost, sum_.doubled, sum_.jumps)

    def forget_gaps(self) -> None:
        """Let `gap_ns` of all streams begin anew, within a millisecond."""
        self._library.counter_forget_gaps()

    @property
    def missed(self) -> int:
        """Datagrams that did not come out of `datagrams`, because it was called too seldom."""
        return int(self._library.counter_missed())


def compile_c(source: Path, program: Path, *options: str) -> None:
    """Raises `NoCompiler`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler("a C compiler is needed (cc, gcc or clang)")
    subprocess.run([compiler, "-O2", "-pthread", "-o", program, source, *options], check=True)


def _compiled() -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "counter.so"
        compile_c(SOURCE, library, "-shared", "-fPIC")
        loaded = ctypes.CDLL(str(library))
    for name in ("counter_slots", "counter_next"):
        getattr(loaded, name).restype = ctypes.c_void_p
    for name in ("counter_sweeps", "counter_missed"):
        getattr(loaded, name).restype = ctypes.c_uint64
    return loaded
