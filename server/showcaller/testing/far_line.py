"""A second machine, as a network namespace: one line to it is good, the other is long and loses packets.

The long line is a pair of TUN devices with a process between them that waits and drops: not every
kernel has netem.
"""

from __future__ import annotations

import collections
import contextlib
import fcntl
import os
import select
import struct
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Self

from .. import system

_NET = "10.215.{}."
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DELAY_MS = 40  # one way
LOSS_PERCENT = 1.0  # one way
_MTU = 1_500


class FarLine:
    """`with FarLine(folder) as line:`; what runs `behind` it is the second machine.

    Its address for clients is `there`, ours for it `here`; between nodes `far_here` and `far_there`. Raises
    `OSError` or `CalledProcessError` where the machine allows no namespaces or devices.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"far{system.random_id('n')[2:8].lower()}"
        net = _NET.format(Random().randrange(256))
        self.here, self.there = f"{net}1", f"{net}2"
        self.far_here, self.far_there = f"{net}5", f"{net}6"
        self._folder = folder
        self._pump: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._make()
        except (OSError, subprocess.CalledProcessError):
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def behind(self, program: str) -> str:
        """Return a program that runs `program` on the second machine."""
        script = self._folder / f"{Path(program).name}-behind-{self.name}"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def _make(self) -> None:
        name, inside = self.name, ("ip", "-n", self.name)
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", f"{name}c", "type", "veth", "peer", f"{name}d", "netns", name)
        ends = [_tun(f"{name}e"), _tun(f"{name}f")]
        try:
            _run("ip", "link", "set", f"{name}f", "netns", name)
            for where, device, address in (
                (("ip",), f"{name}c", self.here),
                (inside, f"{name}d", self.there),
                (("ip",), f"{name}e", self.far_here),
                (inside, f"{name}f", self.far_there),
            ):
                _run(*where, "address", "add", f"{address}/30", "dev", device)
                _run(*where, "link", "set", device, "up")
            _run(*inside, "link", "set", "lo", "up")
            self._pump = subprocess.Popen(
                (sys.executable, "-m", __name__, *map(str, ends)), pass_fds=ends
            )
        finally:
            for end in ends:
                os.close(end)

    def _remove(self) -> None:
        if self._pump is not None:
            self._pump.kill()
            self._pump.wait()
        for command in (
            ("ip", "link", "delete", f"{self.name}c"),
            ("ip", "netns", "delete", self.name),
        ):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                _run(*command)


def _tun(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    wanted = struct.pack("16sH14x", name.encode(), _IFF_TUN | _IFF_NO_PI)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, wanted)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=True, timeout=10)


class _Way:
    """One direction of the line."""

    def __init__(self, source: int, target: int, seed: int) -> None:
        self.source = source
        self._target = target
        self._random = Random(seed)
        self._late: collections.deque[tuple[float, bytes]] = collections.deque()

    def read(self, now_s: float) -> None:
        while True:
            try:
                packet = os.read(self.source, 2 * _MTU)
            except BlockingIOError:
                return
            if self._random.random() * 100 >= LOSS_PERCENT:
                self._late.append((now_s + DELAY_MS / 1000, packet))

    def write(self, now_s: float) -> float:
        """Deliver what is due; return seconds to the next packet."""
        while self._late and self._late[0][0] <= now_s:
            with contextlib.suppress(OSError):  # the other end goes
                os.write(self._target, self._late.popleft()[1])
        return self._late[0][0] - now_s if self._late else 1.0


def pump(here: int, there: int) -> None:
    """Carry packets both ways until killed."""
    ways = _Way(here, there, 1), _Way(there, here, 2)
    while True:
        wait_s = min(way.write(system.monotonic_s()) for way in ways)
        ready, _, _ = select.select([way.source for way in ways], [], [], wait_s)
        for way in ways:
            if way.source in ready:
                way.read(system.monotonic_s())


if __name__ == "__main__":
    pump(int(sys.argv[1]), int(sys.argv[2]))
