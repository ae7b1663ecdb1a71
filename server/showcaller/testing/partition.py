"""A Redis and its replica on two sides of a line that can be cut, while nodes still reach both.

The replica runs in a network namespace of its own. Where the machine allows none, both run here, and a cut
has the replica look for its master where there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from pathlib import Path
from random import Random
from typing import Self

from .. import system
from .redis_server import REDIS, RedisServer
from .until import until

_NET = "10.214.{}."
_OPEN = {"bind": "0.0.0.0", "protected-mode": "no", "repl-timeout": "3600"}


class Line:
    """A network namespace that reaches us at two addresses: `master_side` can be cut, the other stays."""

    def __init__(self, folder: Path) -> None:
        self.name = f"side{system.random_id('n')[2:8].lower()}"
        net = _NET.format(Random().randrange(256))
        self.node_side, self.master_side, self.far = f"{net}1", f"{net}2", f"{net}3"
        self._folder = folder

    def make(self) -> None:
        """Raises `OSError` or `CalledProcessError` where the machine does not allow it."""
        near, far = f"{self.name}a", f"{self.name}b"
        inside = ("-n", self.name)
        _ip("netns", "add", self.name)
        _ip("link", "add", near, "type", "veth", "peer", far, "netns", self.name)
        _ip("address", "add", f"{self.node_side}/24", "dev", near)
        _ip("address", "add", f"{self.master_side}/24", "dev", near)
        _ip(*inside, "address", "add", f"{self.far}/24", "dev", far)
        _ip("link", "set", near, "up")
        for device in (far, "lo"):
            _ip(*inside, "link", "set", device, "up")
        # What comes from where no route leads back is dropped: so a cut holds both ways.
        strict = "echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter"
        _ip("netns", "exec", self.name, "sh", "-c", strict)

    def behind(self, program: str) -> str:
        """Return a program that runs `program` on the far side."""
        script = self._folder / f"{Path(program).name}-behind-{self.name}"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def cut(self) -> None:
        """Let nothing pass between the far side and the master's address any more."""
        _ip("-n", self.name, "route", "add", "blackhole", f"{self.master_side}/32")

    def remove(self) -> None:
        for command in (("link", "delete", f"{self.name}a"), ("netns", "delete", self.name)):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                _ip(*command)


class PartitionedPair:
    """`async with PartitionedPair(folder) as pair:` a master and its replica, in step."""

    def __init__(self, folder: Path) -> None:
        self._line: Line | None = Line(folder)
        self.master = RedisServer()
        self.replica = RedisServer()

    async def __aenter__(self) -> Self:
        self._make_line()
        line = self._line
        if line is not None:
            self.master = RedisServer(_OPEN)
            self.replica = RedisServer(_OPEN, program=line.behind(REDIS), host=line.far)
        await asyncio.to_thread(self.master.start)
        await asyncio.to_thread(self.replica.start)
        host = "127.0.0.1" if line is None else line.master_side
        await follow(self.replica, host, self.master.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in (self.master, self.replica):
            await asyncio.to_thread(server.remove)
        if self._line is not None:
            self._line.remove()

    def _make_line(self) -> None:
        try:
            assert self._line is not None
            self._line.make()
        except (OSError, subprocess.CalledProcessError):
            assert self._line is not None
            self._line.remove()
            self._line = None

    def cut(self) -> None:
        """Have the replica hear nothing of the master from here on."""
        if self._line is not None:
            self._line.cut()
        else:
            self.replica.command("REPLICAOF", "127.0.0.1", "1")

    def promote(self) -> None:
        self.replica.command("REPLICAOF", "NO", "ONE")


async def follow(replica: RedisServer, host: str, port: int) -> None:
    """Have `replica` follow the server there; return when it is in step."""
    replica.command("REPLICAOF", host, str(port))
    await until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), capture_output=True, check=True, timeout=10)
