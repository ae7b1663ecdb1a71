"""`media_floor.c` compiled and run on the worker's core, with as many receivers as there were viewers."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl  # so that OpenSSL is loaded, the one that Python has
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .counter import Counter, compile_c
from .peer import grow_receive_buffer
from .shape import AUDIO_BYTES, AUDIO_EVERY_S, FRAMES_PER_S, MAX_VIDEO_BYTES
from .show import WORKER_CORE, pin

SOURCE = Path(__file__).parents[1] / "media_floor.c"
FRAME_PACKETS = 8
HEADER_BYTES = 12


class Cost(NamedTuple):
    """Counts of what the floor sent."""

    packets: int
    cpu_s: float
    lost: int  # not received
    took_s: float

    @property
    def packets_per_cpu_s(self) -> float:
        return self.packets / self.cpu_s


class Floor:
    def __init__(self, process: subprocess.Popen[str], counter: Counter, viewers: int) -> None:
        self._process = process
        self._counter = counter
        self._viewers = viewers

    def run(self, seconds: float) -> Cost:
        """The fixed mix in real time: 8 packets a frame, 30 frames and 50 packets of sound a second."""
        before, began_s = self._received(), time.monotonic()
        packets, spent_s, frames, sounds = 0, 0.0, 0, 0
        while (done_s := time.monotonic() - began_s) < seconds:
            if done_s >= frames / FRAMES_PER_S:
                spent_s += self._round(FRAME_PACKETS, MAX_VIDEO_BYTES)
                packets, frames = packets + FRAME_PACKETS, frames + 1
            if done_s >= sounds * AUDIO_EVERY_S:
                spent_s += self._round(1, AUDIO_BYTES)
                packets, sounds = packets + 1, sounds + 1
            due_s = min(frames / FRAMES_PER_S, sounds * AUDIO_EVERY_S)
            time.sleep(max(0.0, began_s + due_s - time.monotonic()))
        took_s = time.monotonic() - began_s
        time.sleep(0.1)  # the last ones are counted
        sent = packets * self._viewers
        return Cost(sent, spent_s, sent - (self._received() - before), took_s)

    def _round(self, packets: int, payload_bytes: int) -> float:
        """CPU seconds of so many packets to everybody."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"1 {packets} {HEADER_BYTES + payload_bytes} 0\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline()) / 1e9 * packets * self._viewers

    def _received(self) -> int:
        return self._counter.totals(0, self._viewers).datagrams


@contextlib.contextmanager
def floor(viewers: int) -> Iterator[Floor]:
    """Receivers on our core, the sender on the worker's. Raises `NoCompiler`."""
    with contextlib.ExitStack() as stack:
        counter = Counter(viewers, 0)
        stack.callback(counter.stop)
        sockets = [_receiver(counter, slot) for slot in range(viewers)]
        for sock in sockets:
            stack.callback(sock.close)
        program = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "floor"
        compile_c(SOURCE, program, "-ldl")
        process = subprocess.Popen(
            [program, _libcrypto(), str(viewers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        pin(process.pid, WORKER_CORE)
        assert process.stdin is not None
        process.stdin.write(" ".join(str(sock.getsockname()[1]) for sock in sockets) + "\n")
        yield Floor(process, counter, viewers)


def _receiver(counter: Counter, slot: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    grow_receive_buffer(sock)
    counter.add(slot, sock)
    return sock


def _libcrypto() -> str:
    assert ssl.OPENSSL_VERSION
    found = re.search(r"(/\S*libcrypto\S*)", Path("/proc/self/maps").read_text())
    return found[1] if found else "libcrypto.so.3"
