"""Bad lines: a network namespace and a relay that lose packets at random, both ways; a relay that is thin."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
from pathlib import Path
from random import Random
from typing import Any

from .. import system

LOSS_PERCENT = 5
QUEUE_S = 0.3  # what a line that is too thin keeps
_ADDRESSES = "10.213.{}."  # a net of four addresses for each line
_RULES = """
table netdev {table} {{
  chain lose {{
    type filter hook ingress device {device} priority 0;
    meta protocol ip ip protocol udp numgen random mod 100 < {percent} drop
  }}
}}
"""
_CANDIDATE = re.compile(
    r"(?P<head>a=candidate:\S+ 1 udp \d+) (?P<host>[\d.]+) (?P<port>\d+) typ host", re.I
)
_TCP_CANDIDATE = re.compile(r"a=candidate:\S+ 1 tcp .*\r\n", re.I)


class Forbidden(Exception):
    """This machine lets us have no namespace, or no rules in one."""


class Namespace:
    """A namespace of its own, joined to ours by a pair of devices that lose UDP as it comes in.

    What runs in it (`behind`) reaches us at `host`, and over TCP without loss.
    Datagrams that were sent as one segmented buffer are lost together, as a queue loses them.
    """

    def __init__(self, folder: Path, percent: int = LOSS_PERCENT) -> None:
        self.name = f"loss{system.random_id('n')[2:8].lower()}"
        net = _ADDRESSES.format(Random().randrange(256))
        self.host, self._inside = f"{net}1", f"{net}2"
        self._folder, self._percent = folder, percent
        self._near, self._far = f"{self.name}a", f"{self.name}b"

    def __enter__(self) -> Namespace:
        """Raises `Forbidden`."""
        try:
            self._make()
        except (OSError, subprocess.CalledProcessError) as error:
            self._remove()
            raise Forbidden(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def behind(self, program: str) -> Path:
        """A script that runs `program`, with whatever arguments, behind the line."""
        script = self._folder / f"{Path(program).name}-behind-{self.name}"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def _make(self) -> None:
        ip, inside = ("ip",), ("ip", "-n", self.name)
        _run("ip", "netns", "add", self.name)
        _run(*ip, "link", "add", self._near, "type", "veth", "peer", self._far, "netns", self.name)
        _run(*ip, "address", "add", f"{self.host}/30", "dev", self._near)
        _run(*inside, "address", "add", f"{self._inside}/30", "dev", self._far)
        for where, device in ((ip, self._near), (inside, self._far), (inside, "lo")):
            _run(*where, "link", "set", device, "up")
        self._lose((), self._near)
        self._lose(("ip", "netns", "exec", self.name), self._far)

    def _lose(self, where: tuple[str, ...], device: str) -> None:
        rules = _RULES.format(table=self.name, device=device, percent=self._percent)
        _run(*where, "nft", "-f", "-", text=rules)

    def _remove(self) -> None:
        for command in (
            ("nft", "delete", "table", "netdev", self.name),
            ("ip", "link", "delete", self._near),
            ("ip", "netns", "delete", self.name),
        ):
            if shutil.which(command[0]):
                subprocess.run(command, capture_output=True, check=False)


def _run(*command: str, text: str = "") -> None:
    subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=10)


class Relay(asyncio.DatagramProtocol):
    """Stands before the server's UDP port for one client: `answer` rewrites an SDP answer to lead here.

    The client checks from several addresses; each has a socket of its own towards the server. With a
    `rate_bps` the line to the client carries no more: packets queue for a while, then they are dropped.
    """

    def __init__(self, percent: int = LOSS_PERCENT, seed: int = 1, host: str = "127.0.0.1") -> None:
        self.rate_bps: float | None = None
        self._host = host
        self._free_s = 0.0  # when the line has sent what waits
        self.percent, self._random = percent, Random(seed)
        self._server: tuple[str, int] | None = None
        self._near: asyncio.DatagramTransport | None = None
        self._far: dict[Any, socket.socket] = {}  # by the client's address

    async def answer(self, sdp: str) -> str:
        """The same answer; its candidates are this relay, which knows UDP alone."""
        candidate = _CANDIDATE.search(sdp)
        assert candidate, sdp
        self._server = candidate["host"], int(candidate["port"])
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self._host, 0)
        )
        port = self._near.get_extra_info("sockname")[1]
        relayed = _CANDIDATE.sub(rf"\g<head> {self._host} {port} typ host", sdp)
        return _TCP_CANDIDATE.sub("", relayed)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr not in self._far:
            self._far[addr] = self._open(addr)
        if not self._lost():
            self._far[addr].send(data)

    def close(self) -> None:
        for far in self._far.values():
            asyncio.get_running_loop().remove_reader(far)
            far.close()
        if self._near is not None:
            self._near.close()

    def _open(self, client: Any) -> socket.socket:
        assert self._server is not None
        far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far.setblocking(False)
        far.connect(self._server)
        asyncio.get_running_loop().add_reader(far, self._from_server, far, client)
        return far

    def _from_server(self, far: socket.socket, client: Any) -> None:
        data = far.recv(65_536)
        if self._lost():
            return
        now_s = system.monotonic_s()
        if self.rate_bps is not None:
            sent_s = max(now_s, self._free_s) + 8 * len(data) / self.rate_bps
            if sent_s > now_s + QUEUE_S:
                return
            self._free_s = sent_s
        wait_s = max(0.0, self._free_s - now_s)
        asyncio.get_running_loop().call_later(wait_s, self._deliver, data, client)

    def _deliver(self, data: bytes, client: Any) -> None:
        if self._near is not None:
            self._near.sendto(data, client)

    def _lost(self) -> bool:
        return self._random.randrange(100) < self.percent
